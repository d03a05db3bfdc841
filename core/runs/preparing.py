"""From a data folder to checked, divided and decoded images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.checking import check_images, excluded_names
from core.data.corrections import Correction, corrected, corrections_note
from core.data.leakage import leakage
from core.data.mapping import check_decided
from core.data.splitting import make_split, read_split, split_notes, write_split
from core.data.store import ImageStore, open_store
from core.data.types import DataSet, Part, Problem, ProblemKind, Split
from core.documents import some
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Level, Notice, Phase, Progress
from core.recipe import Recipe
from core.recipe.changes import recipe_changes
from core.runs.corrections import corrections_of
from core.runs.folder import RunFolder
from core.runs.recorded import recorded_legs
from core.user_paths import is_there
from core.visible_text import visible_lines

_NAMED = 10
"""How many problem images an error names before it counts the rest."""


@dataclass(frozen=True)
class PreparedData:
    """What a run works on. `notes` are what a reader of its scores must know; `left_out` counts images by problem (an
    image may have two), and `in_all` all images that there were, used or not; 0 where that was not counted."""

    dataset: DataSet
    split: Split
    store: ImageStore
    notes: tuple[str, ...]
    left_out: dict[str, int]
    in_all: int = 0


def prepare_data(folder: RunFolder, recipe: Recipe, emit: Emit, token: CancelToken) -> PreparedData:
    """Read, check, divide (or read the run's own division) and decode.

    Raises `SkinKDError` when images have problems and the recipe does not say to go on without them, when nothing
    usable is left, or when the images are no longer those the run was divided with.
    """
    if recipe.data.path and not is_there(Path(recipe.data.path)):
        raise SkinKDError(
            "The data is not there",
            f"{recipe.data.path} does not exist. Connect the disk, or choose the folder where the images are now: "
            "skinkd-cli resume RUN --data FOLDER (in the window: Resume with changes).",
        )
    corrections = corrections_of(folder, recipe)
    found = read_checked(recipe, emit, token, corrections)
    begun = folder.split_file.exists()
    if not begun:  # earlier versions trained on the labels that they knew
        check_decided(found)
    dataset, left_out = without_problems(found, recipe, emit)
    if not begun:
        _check_classes(dataset)
    split, notes = _split(folder, recipe, dataset, emit)
    store = decoded(dataset, recipe.data.image_size, recipe, emit, token)
    if note := corrections_note(corrections):
        notes = (note, *notes)
    if left_out:
        notes = (_left_out_note(found, left_out), *notes)
    if dataset.synthetic:
        notes = ("The images are synthetic (the built-in sample set): the scores say nothing about patients.", *notes)
    return PreparedData(dataset, split, store, notes, left_out, len(_every_image(found)))


def _check_classes(dataset: DataSet) -> None:
    """Raise `SkinKDError` when all images show the same: there is nothing to tell apart."""
    present = [code for code, count in dataset.counts.items() if count]
    if len(present) == 1:
        raise SkinKDError(
            "There is only one class",
            f"All {len(dataset.records):,} usable images of {dataset.root} are {dataset.classes.title_of(present[0])}. "
            "A model learns to tell apart at least two classes: add images of another, or map the labels otherwise.",
        )


def _left_out_note(dataset: DataSet, left_out: dict[str, int]) -> str:
    """How many images a run goes without; those without one clear label are no records, but count."""
    names = excluded_names(dataset.problems)
    return f"{len(names):,} of {len(_every_image(dataset)):,} images were left out: {_counted(left_out)}."


def _every_image(dataset: DataSet) -> set[str]:
    """The names of all images that there are, usable or not."""
    return {*excluded_names(dataset.problems), *(record.name for record in dataset.records)}


def read_checked(recipe: Recipe, emit: Emit, token: CancelToken, corrections: Sequence[Correction] = ()) -> DataSet:
    """The data set of the recipe, corrected, with every image looked at. Raises `SkinKDError`, `Cancelled`."""
    from core.data.reading import read_dataset

    if not recipe.data.path:
        raise SkinKDError("No data are named", "The recipe's data.path is empty. Name the folder with your images.")
    emit(Progress(Phase.READING, 0, 0))
    dataset = read_dataset(Path(recipe.data.path), recipe.class_set, recipe.data.choices)
    token.check()
    return check_images(corrected(dataset, corrections), emit=emit, token=token, threads=recipe.hardware.threads)


def without_problems(dataset: DataSet, recipe: Recipe, emit: Emit) -> tuple[DataSet, dict[str, int]]:
    """The data set without its problem images, and how many each kind of problem took.

    Raises `SkinKDError` when there are some and the recipe does not allow to go on, or when no image is left.
    """
    excluding = [problem for problem in dataset.problems if problem.excludes]
    names = excluded_names(dataset.problems) | {record.name for record in dataset.records if record.path is None}
    usable = dataset.without(names)
    absent = next((problem for problem in excluding if problem.kind is ProblemKind.NO_IMAGES), None)
    if absent is not None:
        raise SkinKDError(absent.kind.value, absent.reason)
    if not usable.records:
        raise SkinKDError(
            "There is no usable image",
            f"In {dataset.root} no image is left to train on: {_counted(_by_kind(excluding)) or 'nothing was found'}.",
            _listed(excluding),
        )
    if not excluding:
        return usable, {}
    counts = _by_kind(excluding)
    if not recipe.data.skip_problems:
        raise SkinKDError(
            "Some images can not be used",
            f"{_counted(counts)}: {_named(excluding)}. Correct them, or go on without them: set data.skip_problems to "
            "true (in the window: Go on without problem images).",
            _listed(excluding),
        )
    emit(Notice(f"Going on without problem images: {_counted(counts)}.", Level.WARNING))
    return usable, counts


def decoded(dataset: DataSet, image_size: int, recipe: Recipe, emit: Emit, token: CancelToken) -> ImageStore:
    """The store of the data set at a size; raises `SkinKDError` when a checked image can not be decoded after all."""
    store = open_store(dataset, image_size, emit=emit, token=token, threads=recipe.hardware.threads)
    if store.failed:
        lines = [f"{dataset.records[index].name}: {reason}" for index, reason in store.failed.items()]
        raise SkinKDError(
            "Some images could not be decoded",
            f"{len(lines)} images passed the check but could not be decoded; perhaps their files changed meanwhile. "
            "Start the run again to have them checked anew. If they fail again, take them out of the data set.",
            visible_lines(lines),
        )
    return store


def _split(folder: RunFolder, recipe: Recipe, dataset: DataSet, emit: Emit) -> tuple[Split, tuple[str, ...]]:
    if folder.split_file.exists():
        split = read_split(folder.split_file, dataset)
        _check_division(folder, recipe, dataset)
    else:
        split = make_split(dataset, recipe.data)
        write_split(folder.split_file, dataset, split)
    notes = split_notes(dataset, split, recipe.data)
    for note in notes:
        emit(Notice(note))
    if leaks := leakage(dataset, split).warning:
        notes = (*notes, leaks)
        emit(Notice(leaks, Level.WARNING))
    return split, notes


def _check_division(folder: RunFolder, recipe: Recipe, dataset: DataSet) -> None:
    """Raise `SkinKDError` when the recipe asks for another division than it did when split.csv became the run's."""
    legs = recorded_legs(folder)
    before = legs[0].recipe if legs else None
    if before is None:
        return
    changes = [change for change in recipe_changes(before, recipe) if change.rule == "fixed"]
    if not any(change.key.startswith("data.") for change in changes):  # another place divides nothing
        return
    old, new = make_split(dataset, before.data), make_split(dataset, recipe.data)
    if all(np.array_equal(old.of(part), new.of(part)) for part in Part):
        return
    raise SkinKDError(
        "The images are divided already",
        "When this run first began, its images were divided into training, validation and test; now recipe.toml asks "
        f"for another division: {'; '.join(change.line for change in changes)}. Put the old values back, or delete "
        f"{folder.split_file} to divide the images anew.",
    )


def _by_kind(problems: Sequence[Problem]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for problem in problems:
        counts[problem.kind.value] += max(len(problem.names), 1)
    return dict(counts)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{kind} ({count})" for kind, count in counts.items())


def _named(problems: Sequence[Problem]) -> str:
    names = list(dict.fromkeys(name for problem in problems for name in (problem.names or (problem.subject,))))
    return some(names, _NAMED)


def _listed(problems: Sequence[Problem]) -> str:
    return visible_lines(f"{problem.kind.value}: {problem.subject}: {problem.reason}" for problem in problems[:1000])
