"""How near a batch of files comes to what decoding and the network's forward pass allow on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from core.data.store import ImageStore
from core.events import CancelSource, Event, ignore
from core.inference.calibrating import Answered, calibrate
from core.inference.classifier import BATCH, Classifier
from core.models.factory import create_model
from core.models.files import save_model
from core.models.forward import forward_answers
from core.models.info import ModelInfo
from skinkd_gui.classify.classify_worker import ChunkReady, ClassifyTask, classify_files
from skinkd_gui.classify.kinds import Which
from skinkd_gui.classify.recording import Recorder

Measure = Callable[[], float]


def classifying_rates(architecture: str, store: ImageStore, files: list[Path], folder: Path) -> tuple[Measure, ...]:
    """Three measures in images per second: decoding alone, forward alone, and files to recorded verdicts.

    The last does all that the window's worker does. The model has a reference, as every trained one.
    """
    classifier = _classifier(architecture, store, folder)
    os.environ["SKINKD_STATE"] = str(folder / "state")
    pixels = np.stack([classifier._decode(file).pixels for file in files])  # type: ignore[union-attr]

    def decode() -> float:
        begin = time.perf_counter()
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            list(pool.map(classifier._decode, files))
        return len(files) / (time.perf_counter() - begin)

    def forward() -> float:
        begin = time.perf_counter()
        for start in range(0, len(pixels), BATCH):
            classifier.network.answer(pixels[start : start + BATCH])
        return len(pixels) / (time.perf_counter() - begin)

    def classify() -> float:
        done = 0

        def count(event: Event) -> None:
            nonlocal done
            done += len(event.results) if isinstance(event, ChunkReady) else 0

        task = ClassifyTask(Which.FIRST, classifier.source, classifier, tuple(files), 0.9, Recorder())
        begin = time.perf_counter()
        classify_files(task, count, CancelSource().token)
        assert done == len(files)
        return len(files) / (time.perf_counter() - begin)

    forward()  # the first pass of a network is slower
    return decode, forward, classify


def _classifier(architecture: str, store: ImageStore, folder: Path) -> Classifier:
    """A network that knows nothing, with the reference of one that was trained: the cost is the same."""
    created = create_model(architecture, weights="none", image_size=store.image_size)
    token = CancelSource().token
    half = len(store) // 2
    validation, train = np.arange(half, dtype=np.int64), np.arange(half, len(store), dtype=np.int64)
    logits, features = forward_answers(created.model.eval(), created.preprocessing, store, validation, device="cpu")
    answered = Answered(validation, store.labels[validation], logits, features)
    found = calibrate(
        created.model, created.preprocessing, store, train, answered, device="cpu", seed=0, report=ignore, token=token
    )
    file = folder / "classifying.safetensors"
    save_model(file, created.model, ModelInfo(architecture, created.preprocessing), found.reference)
    return Classifier.load(file, "cpu")
