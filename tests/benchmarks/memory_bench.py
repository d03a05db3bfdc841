"""What training on a store of the size of ISIC 2019 adds to a process that already holds the model and its batches.

Measured in a process of its own, where nothing that another part of the bench has freed can be used again.
"""

from __future__ import annotations

import core  # noqa: F401  (before numpy: it says how its threads wait)

# isort: split
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ratios import Ratio, Settings, turns
from watching import MemoryWatch

from core.classes import CLASS_SETS
from core.data.store import ImageStore, store_bytes
from core.events import ignore

ISIC2019 = CLASS_SETS["isic2019"]

IMAGES, SIZE, BATCH = 25_331, 224, 32
ALLOWED = 500.0
"""Megabytes."""


@dataclass(frozen=True)
class _Added:
    """Megabytes at the highest of an epoch, beyond the highest of the first training; `own`: without pages of files."""

    resident: float
    own: float


def measure(settings: Settings) -> list[Ratio]:
    """The memory of an epoch on a disk-backed store of 3.8 GB, and the pace of random rows from it."""
    file = settings.folder / "images.u8"
    with file.open("wb") as empty:
        empty.truncate(store_bytes(IMAGES, SIZE))  # takes no space on most file systems
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        added = pool.submit(_train, file, settings.folder, 4 if settings.quick else 25).result()
    store = _store(file)
    read, mapped = turns(settings.turns, partial(_rate, store), partial(_rate, replace(store, file=None)))
    size = f"{IMAGES:,} images of {SIZE} px, {store_bytes(IMAGES, SIZE) / 1e9:.1f} GB on disk"
    return [
        Ratio("memory that an epoch adds", added.resident, ALLOWED, "MB", 1.0, False, f"{size}; all that is resident"),
        Ratio("memory of its own that an epoch adds", added.own, ALLOWED, "MB", 1.0, False, "without pages of files"),
        Ratio("random rows read, against a map of the file", read, mapped, "images/s", note="in the system's cache"),
    ]


def _store(file: Path) -> ImageStore:
    images = np.memmap(file, np.uint8, "r", shape=(IMAGES, SIZE, SIZE, 3))
    return ImageStore(images, np.arange(IMAGES, dtype=np.int64) % 8, {}, "bench", SIZE, file)


def _rate(store: ImageStore) -> float:
    """Images per second of random batches."""
    rng = np.random.default_rng(0)
    begin = time.perf_counter()
    for _ in range(200):
        store.gather(rng.integers(0, IMAGES, BATCH))
    return 200 * BATCH / (time.perf_counter() - begin)


def _train(file: Path, folder: Path, steps: int) -> _Added:
    """Every batch of an epoch is gathered, and some are trained on by the product's loop.

    A short training of the same network on images in memory has made room for the model before.
    """
    from core.training.placement import stage_images

    store = _store(file)
    few = np.arange(4 * BATCH, dtype=np.int64)
    some = np.linspace(0, IMAGES - 1, steps * BATCH, dtype=np.int64)
    with MemoryWatch() as before:
        _fit(ImageStore(store.gather(few), store.labels[few], {}, "few", SIZE), few, folder / "first")
    with MemoryWatch() as during:
        _fit(store, some, folder / "second")
        placed = stage_images(store, "disk", "cpu")
        for indices in np.array_split(np.random.default_rng(0).permutation(IMAGES), IMAGES // BATCH):
            placed.batch(indices)
    return _Added(during.resident - before.resident, during.own - before.own)


def _fit(store: ImageStore, train: NDArray[np.int64], folder: Path) -> None:
    from core.evaluation.metrics import score
    from core.models.factory import create_model
    from core.recipe import Recipe, set_values
    from core.training.batches import FitData
    from core.training.checkpoint import CheckpointFolder
    from core.training.hardware import resolve
    from core.training.loop import fit

    settings = [f"data.image_size={SIZE}", f"optimisation.batch_size={BATCH}", "optimisation.epochs=1"]
    recipe = set_values(Recipe(), [*settings, "student.weights=none", "hardware.device=cpu"])
    created = create_model(recipe.student.architecture, weights="none", image_size=SIZE, classes=ISIC2019)
    fit(
        created.model,
        created.preprocessing,
        FitData(store, train, train[:BATCH]),
        recipe,
        hardware=resolve(recipe.hardware, ignore),
        score=partial(score, classes=ISIC2019),
        checkpoint=CheckpointFolder(folder),
    )
