"""What the Data tab has done in threads: reading a data set, opening its pictures, asking a run. Knows no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.classes import CLASS_SETS, ClassSet, own_class_set
from core.data.checking import check_images, excluded_names
from core.data.choices import NO_CHOICES, Choices
from core.data.corrections import (
    Correction,
    corrected,
    corrections_file,
    read_corrections,
    write_cleaned,
)
from core.data.drift import sketches_of, unusualness
from core.data.finding import relative_name, scan_folder
from core.data.mapping import inspect_labels
from core.data.names import matched
from core.data.reading import read_dataset
from core.data.types import DataSet, Part
from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.reporting.words import class_set_title
from core.runs.corrections import SuspectedLabel, corrected_scores_of, suspects
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.status import RunState, RunSummary
from skinkd_gui.widgets.data_paths import data_paths

_LEAST_ALIKE = 0.05


@dataclass(frozen=True)
class OpenedData:
    """A data set as it was read: with which choices, and why with these classes (`reason`, a sentence). `unlabelled`
    are files, by name, that have no usable label; `runs` the finished runs over the same data, the newest first."""

    path: Path
    dataset: DataSet
    unlabelled: dict[str, Path]
    choices: Choices
    reason: str
    corrections: tuple[Correction, ...]
    runs: tuple[RunSummary, ...]
    paths: tuple[Path, ...] = ()  # what changes where the data change on the disk

    @property
    def corrections_file(self) -> Path:
        """Where the corrections of these data lie."""
        return corrections_file(self.dataset.root)


@dataclass(frozen=True)
class LabelFindings:
    """What a run tells of a data set: the part of each image, the labels that it doubts (the most doubtful first), and
    what the corrections do to its scores; empty without any."""

    run: RunSummary
    parts: dict[str, Part]
    suspected: tuple[SuspectedLabel, ...]
    scores: str


def open_data(
    path: Path, runs_root: Path, run: Path | None, choices: Choices, emit: Emit, token: CancelToken
) -> OpenedData:
    """Read a folder or table; opens no picture. `choices` answer what the data leave open.

    The classes are those of the run in the folder `run`, or of the newest one over the same data; else those of a known
    set that has all labels; else one class for each label. Raises `SkinKDError`, and `ChoiceNeededError` while
    something is open.
    """
    runs = runs_over(path, runs_root)
    token.check()
    like = next((each for each in runs if each.folder == run), next(iter(runs), None))
    if like is not None and like.recipe is not None:
        classes, reason = like.recipe.class_set, f"Read as the run {like.status.name} did."
        choices = choices if choices != NO_CHOICES else like.recipe.data.choices
    else:
        classes, reason = _fitting_classes(path, choices)
    token.check()
    dataset = read_dataset(path, classes, choices)
    finished = tuple(each for each in runs if each.status.state is RunState.FINISHED)
    corrections = read_corrections(corrections_file(dataset.root))
    paths = tuple(data_paths(path))
    return OpenedData(path, dataset, _unlabelled(dataset), choices, reason, corrections, finished, paths)


def _unlabelled(dataset: DataSet) -> dict[str, Path]:
    known = {record.name for record in dataset.records}
    files = {relative_name(file, dataset.root): file for file in scan_folder(dataset.root).images}
    return {name: file for name, file in files.items() if name not in known}


def runs_over(path: Path, runs_root: Path) -> tuple[RunSummary, ...]:
    """The runs whose data are this folder or table, the newest first."""
    wanted = path.resolve()
    return tuple(
        run
        for run in list_runs(runs_root)
        if run.recipe is not None and run.recipe.data.path and Path(run.recipe.data.path).resolve() == wanted
    )


def _fitting_classes(path: Path, choices: Choices) -> tuple[ClassSet, str]:
    labels = inspect_labels(path, None, choices)
    if labels.fitting:
        title = class_set_title(labels.fitting[0])
        return CLASS_SETS[labels.fitting[0]], f"Its labels are the classes “{title}”."
    try:
        own = own_class_set(item.label for item in labels.labels if not item.says_none)
    except ValueError:  # fewer than two labels, or more than a class set may have
        return next(iter(CLASS_SETS.values())), "Its labels make no classes of their own."
    return own, "Each of its labels is a class of its own."


def check_data(dataset: DataSet, emit: Emit, token: CancelToken) -> DataSet:
    """Open every picture: what is damaged, there twice, nearly the same, or no skin."""
    return check_images(dataset, emit=emit, token=token)


def least_alike(dataset: DataSet, emit: Emit, token: CancelToken) -> dict[str, float]:
    """The twentieth of the pictures that look least like any others, by name: how far away these are."""
    present = [(record.name, record.path) for record in dataset.records if record.path is not None]
    sketches = sketches_of([path for _, path in present], emit, token)
    names = [name for (name, _), sketch in zip(present, sketches, strict=True) if sketch]
    far = unusualness([sketch for sketch in sketches if sketch], token=token)
    order = np.argsort(-far)[: math.ceil(_LEAST_ALIKE * len(names))].tolist()
    return {names[row]: float(far[row]) for row in order if np.isfinite(far[row])}


def ask_run(run: RunSummary, dataset: DataSet, emit: Emit, token: CancelToken) -> LabelFindings:
    """What a run tells of the data set that it was trained on. Raises `SkinKDError`."""
    folder, names = RunFolder(run.folder), [record.name for record in dataset.records]
    rows = folder.split_rows
    own = matched([row.image for row in rows], names)
    parts = {own[row.image]: row.part for row in rows if row.part is not None and row.image in own}
    token.check()
    doubted = suspects([folder])
    own = matched([each.image for each in doubted], names)
    scores = corrected_scores_of(folder)
    renamed = tuple(replace(each, image=own[each.image]) for each in doubted if each.image in own)
    return LabelFindings(run, parts, renamed, scores.sentence if scores else "")


@dataclass(frozen=True)
class CleanedTable:
    """A table that was written: its file, and how many images are in it and not."""

    file: Path
    images: int
    left_out: int


def export_cleaned(
    file: Path, dataset: DataSet, corrections: tuple[Correction, ...], emit: Emit, token: CancelToken
) -> CleanedTable:
    """Write the data set as a run would use it: corrected, without what can not be used. Raises `SkinKDError`."""
    checked = check_images(corrected(dataset, corrections), emit=emit, token=token)
    cleaned = checked.without(excluded_names(checked.problems))
    if not cleaned.records:
        raise SkinKDError("There is nothing to export", "No picture of this data set can be used.")
    write_cleaned(file, cleaned)
    return CleanedTable(file, len(cleaned.records), len(dataset.records) - len(cleaned.records))
