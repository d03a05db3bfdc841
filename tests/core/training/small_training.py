"""A training of seconds: noise images, a small network with everything that makes resuming hard."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.classes import CLASS_SETS
from core.data.store import ImageStore
from core.errors import Cancelled
from core.evaluation.metrics import score
from core.events import CancelToken, EpochRecord, Event
from core.models.info import Preprocessing
from core.recipe import Recipe, set_values
from core.teachers.sources import StoredTeacher
from core.teachers.stored_outputs import StoredOutputs
from core.training.batches import FitData
from core.training.checkpoint import CheckpointFolder, Values
from core.training.compiling import Compilation
from core.training.hardware import Hardware
from core.training.loop import FitResult, Observer, fit

ISIC2019 = CLASS_SETS["isic2019"]

CPU = Hardware("cpu", "32", torch.get_num_threads(), "test")
PREPROCESSING = Preprocessing(32, (0.5, 0.4, 0.3), (0.2, 0.25, 0.3))
SETTINGS = (
    "optimisation.learning_rate=0.01",
    "optimisation.batch_size=4",
    "optimisation.epochs=3",
    "optimisation.patience=0",
)


def small_recipe(*changes: str) -> Recipe:
    """A recipe of three short epochs."""
    return set_values(Recipe(), [*SETTINGS, *changes])


def small_model() -> nn.Module:
    """Convolution, batch normalisation, dropout and a head: 8 logits; always the same weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 6, 5, stride=4),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(24, 8),
        )


def small_data(train: int = 22, validation: int = 12) -> FitData:
    """Noise whose brightness tells the class a little, and a teacher that knows something of it."""
    generator = np.random.default_rng(0)
    count = train + validation + 3
    labels = generator.integers(0, 4, count)
    images = generator.integers(0, 120, (count, 32, 32, 3)) + labels[:, None, None, None] * 40
    store = ImageStore(images.clip(0, 255).astype(np.uint8), labels, {}, "key", 32)
    logits = generator.normal(size=(count, 8)) + 2 * np.eye(8)[labels]
    order = generator.permutation(count)
    logits[order[train:]] = np.nan
    teacher = StoredTeacher(StoredOutputs(logits[None].astype(np.float32)))
    return FitData(store, np.sort(order[:train]), np.sort(order[train : train + validation]), (teacher,))


@dataclass
class Outcome:
    """What a training left behind."""

    result: FitResult
    weights: Values
    events: list[Event] = field(default_factory=list)


class StopAt(CancelToken):
    """Asks to stop at its n-th check (from 1)."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left = number

    def check(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise Cancelled


def train(
    recipe: Recipe,
    folder: Path,
    *,
    token: CancelToken | None = None,
    model: nn.Module | None = None,
    data: FitData | None = None,
    observer: Observer | None = None,
    compilation: Compilation | None = None,
) -> Outcome:
    """Train, or go on."""
    model = model or small_model()
    events: list[Event] = []
    result = fit(
        model,
        PREPROCESSING,
        data or small_data(),
        recipe,
        hardware=CPU,
        score=partial(score, classes=ISIC2019),
        checkpoint=CheckpointFolder(folder),
        observer=observer,
        emit=events.append,
        token=token,
        compilation=compilation,
    )
    return Outcome(result, {name: value.clone() for name, value in model.state_dict().items()}, events)


def numbers(history: tuple[EpochRecord, ...]) -> list[tuple[object, ...]]:
    """What must be equal whenever the same training is done: everything but the seconds."""
    return [
        (
            record.epoch,
            record.train_loss,
            record.train_accuracy,
            record.validation_loss,
            record.validation_accuracy,
            record.validation_weighted_f1,
            record.validation_balanced_accuracy,
            record.learning_rate,
            record.best,
        )
        for record in history
    ]


def assert_equal_weights(first: Values, second: Values) -> None:
    """Every weight and statistic is the same to the last bit."""
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
