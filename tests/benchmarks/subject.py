"""What the trainings of the bench work on: photographs, the paper's two networks without learned weights, our loop."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from photographs import write_photographs
from PIL import Image
from relay import Runner
from torch import nn

from core.classes import CLASS_SETS
from core.data.checking import check_images
from core.data.store import ImageStore, open_store
from core.data.types import DataSet
from core.evaluation.metrics import score
from core.events import CancelToken, Event, Phase, Progress, ignore
from core.models.factory import create_model
from core.models.files import save_model
from core.models.forward import forward_logits
from core.models.info import ModelInfo, Preprocessing
from core.recipe import Recipe, set_values
from core.teachers.sources import StoredTeacher
from core.teachers.stored_outputs import stored_outputs
from core.training.batches import FitData
from core.training.checkpoint import CheckpointFolder
from core.training.hardware import Hardware, resolve
from core.training.loop import FitResult, fit

ISIC2019 = CLASS_SETS["isic2019"]

SIZE, BATCH = 224, 32
TEACHER, STUDENT = "tf_efficientnet_b7", "mobilenetv2_100"
PREPROCESSING = Preprocessing(SIZE, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Subject:
    """Images in a store, of which the first `train` are learned from, and what they took to read."""

    dataset: DataSet
    store: ImageStore
    folder: Path
    train: int
    reading_rate: float

    @property
    def files(self) -> list[Path]:
        """The image files, in the order of the store."""
        return [record.path for record in self.dataset.records if record.path is not None]

    @property
    def labels(self) -> list[int]:
        """The labels, in the order of the store."""
        return [int(label) for label in self.store.labels]


def new_subject(folder: Path, train: int, side: int = 0) -> Subject:
    """Write the photographs (`side` pixels wide where given), check and decode them as a run does, save a teacher."""
    count = train + 8
    dataset = write_photographs(folder / "photographs", count, count)
    for record in dataset.records if side else ():
        assert record.path is not None
        with Image.open(record.path) as image:
            smaller = image.resize((side, side))
        smaller.save(record.path, quality=92)
    os.environ["SKINKD_CACHE"] = str(folder / "cache")
    begin = time.perf_counter()
    dataset = check_images(dataset, emit=ignore, token=CancelToken())
    store = open_store(dataset, SIZE)
    rate = count / (time.perf_counter() - begin)
    save_model(teacher_file(folder), new_model(TEACHER), ModelInfo(TEACHER, PREPROCESSING, classes=ISIC2019))
    return Subject(dataset, store, folder, train, rate)


def new_model(architecture: str) -> nn.Module:
    """A network with the same new weights every time."""
    return create_model(architecture, weights="none", image_size=SIZE, classes=ISIC2019).model


def teacher_file(folder: Path) -> Path:
    """Where the teacher of a subject is saved."""
    return folder / "teacher.safetensors"


def recipe_of(*changes: str) -> Recipe:
    """The paper's recipe with these changes, without early stopping."""
    common = [f"data.image_size={SIZE}", f"optimisation.batch_size={BATCH}", "optimisation.patience=0"]
    networks = [f"student.architecture={STUDENT}", f"teacher.architecture={TEACHER}"]
    return set_values(Recipe(), [*common, *networks, "optimisation.epochs=1000", *changes])


def hardware() -> Hardware:
    """What the bench runs on."""
    return resolve(recipe_of().hardware)


def train(
    subject: Subject,
    recipe: Recipe,
    teacher: StoredTeacher | None = None,
    runner: Runner | None = None,
    emit: Callable[[Event], None] = ignore,
) -> FitResult:
    """The product's training of the recipe's network, from new weights; validates on two images only."""
    section = recipe.trained
    count = len(subject.store)
    data = FitData(subject.store, np.arange(subject.train), np.arange(count - 2, count), (teacher,) if teacher else ())
    with tempfile.TemporaryDirectory(dir=subject.folder) as folder:
        return fit(
            new_model(section.architecture),
            PREPROCESSING,
            data,
            recipe,
            hardware=hardware(),
            score=partial(score, classes=ISIC2019),
            checkpoint=CheckpointFolder(Path(folder)),
            observer=runner,
            token=runner,
            emit=emit,
        )


def teacher_answers(subject: Subject) -> tuple[StoredTeacher, float]:
    """The teacher's answers to all images as a run asks for them, and images per second once it is loaded."""
    seen: list[tuple[float, int]] = []

    def keep(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is Phase.TEACHER:
            seen.append((time.perf_counter(), event.done))

    rows = np.arange(len(subject.store), dtype=np.int64)
    place = hardware()
    stored = stored_outputs(
        teacher_file(subject.folder),
        subject.store,
        rows,
        device=place.device,
        precision=place.inference_precision,
        emit=keep,
    )
    end, last = seen[-1]
    # Where one batch holds all images, loading the teacher counts as well.
    begin, first = next((item for item in seen if 0 < item[1] < last), seen[0])
    return StoredTeacher(stored), (last - first) / (end - begin)


def answering_rate(subject: Subject, architecture: str, images: int) -> float:
    """Images per second of validation and test."""
    model, place = new_model(architecture), hardware()

    def ask(count: int) -> None:
        rows = np.arange(count) % len(subject.store)
        forward_logits(model, PREPROCESSING, subject.store, rows, device=place.device, precision=place.precision)

    ask(2)  # the first pass of a network is slower
    begin = time.perf_counter()
    ask(images)
    return images / (time.perf_counter() - begin)


def bare_epoch(subject: Subject) -> Callable[[], float]:
    """A measure: images per second of the same training step on tensors that are ready; nothing can be faster."""
    from core.models.preprocessing import normalise
    from core.training.optimisation import create_optimizer

    device, precision = hardware().device, hardware().precision
    half = {"32": None, "bf16": torch.bfloat16, "16": torch.float16}[precision]
    model = new_model(STUDENT).to(device).to(memory_format=torch.channels_last).train()
    optimizer = create_optimizer(model.parameters(), recipe_of().optimisation)
    ready: Sequence[tuple[torch.Tensor, torch.Tensor]] = [
        (
            normalise(torch.from_numpy(subject.store.gather(rows)).to(device), PREPROCESSING),
            torch.from_numpy(subject.store.labels[rows]).to(device),
        )
        for rows in np.arange(subject.train).reshape(-1, BATCH)
    ]

    def epoch() -> float:
        begin = time.perf_counter()
        for images, labels in ready:
            with torch.autocast(device, half, enabled=half is not None):
                logits = model(images)
            loss = torch.nn.functional.cross_entropy(logits.float(), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss.item()
        return len(ready) * BATCH / (time.perf_counter() - begin)

    return epoch
