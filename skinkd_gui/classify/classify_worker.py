"""What the Classify tab lets a `Job` do: list models, collect files, classify, write the table."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from core.errors import SkinKDError
from core.events import CancelToken, Event, Phase, Progress, Report
from core.inference.collect import expand_paths
from core.inference.results import Classification
from core.models.info import ModelInfo
from core.reporting.words import fraction, kind_of_run
from core.runs.status import RunState, RunSummary

if TYPE_CHECKING:
    from core.inference.classifier import Classifier

_CHUNK_SECONDS = 0.2


@dataclass(frozen=True)
class ModelChoice:
    """A model to choose: `source` is a run folder or a model file."""

    source: Path
    text: str
    synthetic: bool


@dataclass(frozen=True)
class ModelReady(Event):
    """The model is loaded and may be used again for the next images."""

    source: Path
    classifier: Classifier


@dataclass(frozen=True)
class ChunkReady(Event):
    """Some more images are done."""

    source: Path
    results: tuple[Classification, ...]


def list_models(runs_root: Path, report: Report, token: CancelToken) -> tuple[ModelChoice, ...]:
    """The finished runs that have a model, newest first."""
    from core.runs.listing import list_runs

    found = []
    for run in list_runs(runs_root):
        token.check()
        if run.status.state is RunState.FINISHED and model_of_run(run.folder).is_file():
            found.append(_run_choice(run))
    return tuple(found)


def open_model(source: Path) -> ModelChoice:
    """A run folder or a model file as a choice; reads a few small files. Raises `SkinKDError` when it has no model."""
    from core.models.files import read_model_info
    from core.runs.folder import RunFolder
    from core.runs.listing import summarise

    if source.is_dir():
        read_model_info(model_of_run(source))
        return _run_choice(summarise(RunFolder(source)))
    info = read_model_info(source)
    synthetic = ", synthetic data" if info.synthetic else ""
    return ModelChoice(
        source, f"{source.name} in {source.parent.name} ({info.architecture}{synthetic})", info.synthetic
    )


def model_of_run(folder: Path) -> Path:
    """Where a run keeps its model."""
    from core.runs.folder import RunFolder

    return RunFolder(folder).model_file


def _run_choice(run: RunSummary) -> ModelChoice:
    score = f"weighted F1 {fraction(run.scores.weighted_f1)}" if run.scores else "not tested"
    synthetic = ", synthetic data" if run.status.synthetic else ""
    text = f"{run.status.name} ({kind_of_run(run.recipe)}, {score}{synthetic})"
    return ModelChoice(run.folder, text, run.status.synthetic)


def collect_files(
    paths: Sequence[Path], pasted: Sequence[tuple[QImage, Path]], report: Report, token: CancelToken
) -> list[Path]:
    """The image files behind paths; pasted pictures are first written to the files they are given."""
    for image, file in pasted:
        if not image.save(str(file)):
            raise SkinKDError("The picture was not pasted", f"It could not be written to {file}. Is the disk full?")
    return expand_paths([*paths, *(file for _, file in pasted)], token)


def classify_files(
    source: Path, loaded: Classifier | None, files: Iterable[Path], report: Report, token: CancelToken
) -> None:
    """Classify files with the model at `source` (loaded first unless it is given); results come as `ChunkReady`."""
    from core.inference.classifier import Classifier

    waiting = list(files)
    if loaded is None:
        report(Progress(Phase.LOADING, 0, 0))
        loaded = Classifier.load(source, report=report)
    token.check()
    report(ModelReady(source, loaded))
    chunk: list[Classification] = []
    last = time.monotonic()
    try:
        for result in loaded.classify(waiting, report, token):
            chunk.append(result)
            now = time.monotonic()
            if now - last >= _CHUNK_SECONDS:
                report(ChunkReady(source, tuple(chunk)))
                chunk, last = [], now
    finally:  # what is done is shown, also when the user cancels
        if chunk:
            report(ChunkReady(source, tuple(chunk)))


def write_results(
    file: Path, rows: Sequence[Classification], info: ModelInfo, report: Report, token: CancelToken
) -> Path:
    """Write the table; returns the file."""
    from core.inference.export_table import write_table

    write_table(file, rows, info)
    return file
