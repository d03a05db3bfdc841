"""Random images and answers, and the product's training on them: what a GPU is measured with, without a photograph.

On a CPU all is tiny and says nothing of speed: it shows that the measurement runs.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from relay import Runner

from core.classes import CLASS_SETS
from core.data.store import ImageStore
from core.evaluation.metrics import score
from core.models.factory import LoadedModel, create_model
from core.recipe import Recipe, set_values
from core.teachers.sources import StoredTeacher
from core.teachers.stored_outputs import StoredOutputs
from core.training.batches import FitData
from core.training.checkpoint import CheckpointFolder
from core.training.hardware import Hardware, resolve
from core.training.loop import fit

ISIC2019 = CLASS_SETS["isic2019"]
PAPER_TRAIN = 17_728
"""Images of the training part of ISIC 2019, divided as the paper does."""


@dataclass(frozen=True)
class Scale:
    """What is measured: networks, width of the images in pixels, images of a batch, and of an epoch; in how many
    images the teacher is asked."""

    student: str
    teacher: str
    size: int
    batch: int
    epoch: int
    asked: int


FULL = Scale("mobilenetv2_100", "tf_efficientnet_b7", 224, 32, PAPER_TRAIN, 2048)
DRY = Scale("test_efficientnet", "test_resnet", 64, 8, 48, 24)


def device() -> Hardware:
    """What is measured on."""
    return resolve(Recipe().hardware)


def scale() -> Scale:
    """The paper's on a GPU, a tiny one elsewhere."""
    return FULL if torch.cuda.is_available() else DRY


def random_store(images: int, size: int) -> ImageStore:
    """Images of noise, in memory, with labels."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (images, size, size, 3), dtype=np.uint8)
    return ImageStore(pixels, np.arange(images, dtype=np.int64) % len(ISIC2019), {}, "noise", size)


def random_teacher(images: int) -> StoredTeacher:
    """A teacher's stored logits."""
    logits = np.random.default_rng(1).normal(size=(1, images, len(ISIC2019))).astype(np.float32)
    return StoredTeacher(StoredOutputs(logits))


def network(architecture: str, size: int) -> LoadedModel:
    """A network with new weights."""
    return create_model(architecture, weights="none", image_size=size, classes=ISIC2019)


def recipe_of(own: Scale, *changes: str) -> Recipe:
    """The paper's recipe at this scale, without early stopping."""
    common = [f"data.image_size={own.size}", f"optimisation.batch_size={own.batch}", "optimisation.patience=0"]
    networks = [f"student.architecture={own.student}", f"teacher.architecture={own.teacher}"]
    return set_values(Recipe(), [*common, *networks, "optimisation.epochs=1000", *changes])


def train(store: ImageStore, recipe: Recipe, runner: Runner, teacher: StoredTeacher | None = None) -> None:
    """The product's training on the whole store, epoch by epoch as the runner asks; validates on two images."""
    made = network(recipe.trained.architecture, recipe.data.image_size)
    rows = np.arange(len(store))
    with tempfile.TemporaryDirectory() as folder:
        fit(
            made.model,
            made.preprocessing,
            FitData(store, rows, rows[:2], (teacher,) if teacher else ()),
            recipe,
            hardware=device(),
            score=partial(score, classes=ISIC2019),
            checkpoint=CheckpointFolder(Path(folder)),
            observer=runner,
            token=runner,
        )
