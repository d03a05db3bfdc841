"""What the Classify tab lets a `Job` do: list and open models, collect files, classify."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QImage

from core.classes import ClassSet
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Event, Phase, Progress
from core.inference.collect import expand_paths
from core.inference.results import DEMONSTRATION_NAME, Classification
from core.quantities import fraction
from core.reporting.words import kind_of_run
from core.runs.status import RunState, RunSummary
from skinkd_gui.classify.kinds import Which
from skinkd_gui.classify.recording import Recorder

if TYPE_CHECKING:
    from core.inference.classifier import Classifier

_CHUNK_SECONDS = 0.2
MODEL_SUFFIXES = frozenset({".safetensors", ".onnx"})
"""What model files are called."""


@dataclass(frozen=True)
class ModelChoice:
    """A model to choose: `source` is a run folder or a model file; `classes` are what it tells apart.

    `validation` is its weighted F1 (0..1) on the images that chose its epoch; None where nobody recorded it.
    """

    source: Path
    text: str
    synthetic: bool
    classes: ClassSet
    validation: float | None = None


@dataclass(frozen=True)
class ModelReady(Event):
    """The model is loaded and may be used again for the next images."""

    which: Which
    source: Path
    averaged: bool
    classifier: Classifier


@dataclass(frozen=True)
class ChunkReady(Event):
    """Some more images are done."""

    which: Which
    source: Path
    averaged: bool
    results: tuple[Classification, ...]


@dataclass(frozen=True)
class Collected:
    """The image `files` behind the `roots` that were dropped."""

    roots: tuple[Path, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class ClassifyTask:
    """What to classify with which model: the one at `source`, `loaded` already or not, with test-time augmentation if
    `averaged`."""

    which: Which
    source: Path
    averaged: bool
    loaded: Classifier | None
    files: tuple[Path, ...]
    level: float
    benign_level: float
    recorder: Recorder


def default_model(choices: Sequence[ModelChoice]) -> ModelChoice | None:
    """The model to begin with where none was used yet: the best on its validation images, as all models are chosen;
    never the newest because it is new, and one of synthetic images only where there is no other."""
    real = [choice for choice in choices if not choice.synthetic] or choices
    return max(real, key=lambda choice: -1.0 if choice.validation is None else choice.validation, default=None)


def list_models(runs_root: Path, emit: Emit, token: CancelToken) -> tuple[ModelChoice, ...]:
    """The finished runs that have a model, newest first."""
    from core.runs.listing import list_runs

    found = []
    for run in list_runs(runs_root):
        token.check()
        if run.status.state is RunState.FINISHED and model_of_run(run.folder).is_file():
            found.append(_run_choice(run))
    return tuple(found)


def open_model(source: Path) -> ModelChoice:
    """A run folder or a model file as a choice, read from headers. Raises `SkinKDError` when it has no model."""
    from core.inference.classifier import info_of
    from core.runs.folder import RunFolder
    from core.runs.listing import summarise

    if source.is_dir():
        info_of(model_of_run(source))
        return _run_choice(summarise(RunFolder(source)))
    info = info_of(source)
    synthetic = ", synthetic data" if info.synthetic else ""
    text = f"{source.name} in {source.parent.name} ({info.architecture}{synthetic})"
    if source.name == DEMONSTRATION_NAME:
        text = "Demonstration: knows drawn pictures only (synthetic data)"
    return ModelChoice(source, text, info.synthetic, info.classes)


def run_of(source: Path) -> Path | None:
    """The run folder that a model is of: the source itself, or the one in which a file still lies."""
    if source.is_dir():
        return source
    return source.parent if source == model_of_run(source.parent) and (source.parent / "split.csv").is_file() else None


def model_of_run(folder: Path) -> Path:
    """Where a run keeps its model."""
    from core.runs.folder import RunFolder

    return RunFolder(folder).model_file


def _run_choice(run: RunSummary) -> ModelChoice:
    from core.inference.classifier import info_of

    classes = run.recipe.class_set if run.recipe is not None else info_of(model_of_run(run.folder)).classes
    score = f"weighted F1 {fraction(run.scores.weighted_f1)}" if run.scores else "not tested"
    synthetic = ", synthetic data" if run.status.synthetic else ""
    text = f"{run.status.name} ({kind_of_run(run.recipe)}, {score}{synthetic})"
    return ModelChoice(run.folder, text, run.status.synthetic, classes, _validation_score(run.folder))


def _validation_score(folder: Path) -> float | None:
    """Damage of metrics.json is told by the list of runs; here it only means that the model is no default."""
    from core.runs.folder import RunFolder

    try:
        found = RunFolder(folder).scores("validation")
    except SkinKDError:
        return None
    return None if found is None else found.weighted_f1


def collect_files(
    paths: Sequence[Path], pasted: Sequence[tuple[QImage, Path]], emit: Emit, token: CancelToken
) -> Collected:
    """The image files behind paths; pasted pictures are first written to the files they are given."""
    for image, file in pasted:
        if not image.save(str(file)):
            raise SkinKDError("The picture was not pasted", f"It could not be written to {file}. Is the disk full?")
    files = expand_paths([*paths, *(file for _, file in pasted)], token, emit)
    return Collected(tuple(paths), tuple(files))


def classify_files(task: ClassifyTask, emit: Emit, token: CancelToken) -> None:
    """Classify files (the model is loaded first where it is not); results come as `ChunkReady`, and are recorded.

    Without files the model is loaded and warmed: the first pass of a network is slow.
    """
    from core.inference.classifier import Classifier

    loaded = task.loaded
    if loaded is None:
        emit(Progress(Phase.LOADING, 0, 0))
        loaded = Classifier.load(task.source, emit=emit, token=token, averaged=task.averaged)
    loaded.level, loaded.benign_level = task.level, task.benign_level
    token.check()
    if not task.files:
        size = loaded.info.preprocessing.image_size
        loaded.network.infer(np.zeros((1, size, size, 3), dtype=np.uint8), token)
    emit(ModelReady(task.which, task.source, task.averaged, loaded))
    if not task.files:
        return
    chunk: list[Classification] = []
    last = time.monotonic()
    with task.recorder.recording(loaded.info, loaded.digest, emit, loaded.local) as record:
        try:
            for result in loaded.classify(task.files, emit, token):
                chunk.append(result)
                if time.monotonic() - last >= _CHUNK_SECONDS:
                    emit(ChunkReady(task.which, task.source, task.averaged, tuple(chunk)))
                    record(tuple(chunk))
                    chunk, last = [], time.monotonic()
        finally:  # what is done is shown and recorded, also when the user cancels
            if chunk:
                emit(ChunkReady(task.which, task.source, task.averaged, tuple(chunk)))
                record(tuple(chunk))
