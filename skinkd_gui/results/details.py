"""Everything that the panels show of one run: read once, in a job, from its folder. Knows no Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.data.groups import together
from core.data.types import Part
from core.errors import SkinKDError
from core.events import CancelToken, EpochRecord
from core.quantities import NONE, duration, file_size, million, moment
from core.recipe import Recipe
from core.reporting.parts import purposes
from core.reporting.words import STATE_WORDS, curriculum_words, fold_words, kind_of_run, losses_words
from core.runs.folder import RunFolder
from core.runs.status import RunSummary

T = TypeVar("T")

UNTESTED = "There are no test scores yet. They are made when a training has finished."

Facts = tuple[tuple[str, str], ...]
"""Pairs of a name and its value, in the order in which they are shown."""


@dataclass(frozen=True)
class RunDetails:
    """A run with what its folder says beyond the summary. `parts` counts images per part of the split, empty when the
    split is not made yet; `trouble` names files that could not be read;
    `terms` are the data's licence terms where known."""

    summary: RunSummary
    history: tuple[EpochRecord, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[tuple[Part, int], ...] = ()
    model_bytes: int | None = None
    trouble: tuple[str, ...] = ()
    terms: str = ""


def load_details(summaries: Sequence[RunSummary], token: CancelToken) -> tuple[RunDetails, ...]:
    """The details of runs, in the given order; a damaged file is named in `trouble` and hides nothing else."""
    found = []
    for summary in summaries:
        token.check()
        found.append(_load(summary))
    return tuple(found)


def data_facts(details: RunDetails) -> Facts:
    """What the run was trained and tested on."""
    recipe = details.summary.recipe
    if recipe is None:
        return ()
    images = purposes(dict(details.parts)) if details.parts else ()
    facts = [
        ("Folder", recipe.data.path or NONE),
        ("Images", "\n".join(images) or "Not divided yet"),
        ("Division", together(recipe.data.group_by)),
        ("Image size", f"{recipe.data.image_size} × {recipe.data.image_size} pixels"),
    ]
    if folds := fold_words(recipe.data):
        facts.insert(3, ("Fold", folds))
    if details.terms:
        facts.append(("Terms of use", details.terms))
    return tuple(facts)


def training_facts(details: RunDetails) -> Facts:
    """What was trained, how and for how long."""
    summary, recipe = details.summary, details.summary.recipe
    if recipe is None:
        return ()
    status = summary.status
    best = [record.epoch for record in details.history if record.best]
    epochs = f"{status.epoch} of at most {status.epochs}" if status.epochs else NONE
    model = [recipe.trained.architecture]
    if summary.parameters is not None:
        model.append(_together(f"{million(summary.parameters)} parameters"))
    if details.model_bytes is not None:
        model.append(_together(file_size(details.model_bytes)))
    facts = [
        ("Model", ", ".join(model)),
        ("Learned from", _learned_from(recipe)),
        ("Epochs", f"{epochs}; the best was {best[-1]}" if best else epochs),
        ("Computing time", f"{duration(status.seconds)}{f' on {status.device}' if status.device else ''}"),
        ("Started", moment(status.created)),
    ]
    if recipe.needs_teacher:
        named = [Path(run).name for run in (recipe.teacher.run, *recipe.teacher.also) if run]
        facts.insert(2, ("Teachers" if len(named) > 1 else "Teacher", ", ".join(named) or recipe.teacher.architecture))
    return tuple(facts)


def headline(summary: RunSummary) -> str:
    """The run in one line: what it is, and whether it is done."""
    model = [] if summary.recipe is None else [summary.recipe.trained.architecture]
    return " · ".join([kind_of_run(summary.recipe), *model, STATE_WORDS[summary.status.state]])


def _learned_from(recipe: Recipe) -> str:
    words = f"the labels and the teacher: {losses_words(recipe)}" if recipe.loss_terms else "the labels alone"
    curriculum = curriculum_words(recipe)
    if curriculum:
        words += f"; curriculum: {curriculum}"
    return words


def _together(text: str) -> str:
    """The text with spaces at which lines do not break."""
    return text.replace(" ", "\u00a0")


def _load(summary: RunSummary) -> RunDetails:
    folder = RunFolder(summary.folder)
    trouble: list[str] = []

    def attempt(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except SkinKDError as error:
            trouble.append(f"{error.title}. {error.summary}")
            return None

    history = attempt(folder.history) or ()
    rows = attempt(lambda: folder.split_rows) or ()
    metrics = attempt(folder.metrics) or {}
    counts = Counter(row.part for row in rows)
    return RunDetails(
        summary,
        history,
        folder.notes() if metrics else (),
        tuple((part, counts[part]) for part in Part) if rows else (),
        folder.model_file.stat().st_size if folder.model_file.is_file() else None,
        tuple(trouble),
        str(folder.facts("data").get("terms", "")) if metrics else "",
    )
