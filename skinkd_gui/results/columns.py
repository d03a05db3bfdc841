"""The columns of the table of runs: what each shows, sorts by and explains. Knows no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.reporting.words import NONE, STATE_WORDS, duration, fraction, kind_of_run, million, moment
from core.runs.status import RunSummary

SortValue = str | float | None


@dataclass(frozen=True)
class Column:
    """`text` is shown, `value` sorted by and exported (None: no value, sorted last); the column is as wide as `sample`
    or its title. `numeric` ones stand on the right."""

    title: str
    tip: str
    text: Callable[[RunSummary], str]
    value: Callable[[RunSummary], SortValue]
    sample: str
    numeric: bool = False


def data_name(summary: RunSummary) -> str:
    """The last part of the data's path, marked when the images are generated."""
    if summary.recipe is None:
        return NONE
    path = summary.recipe.data.path
    name = Path(path).name or path or NONE
    return f"Synthetic: {name}" if summary.status.synthetic else name


def _words(title: str, tip: str, text: Callable[[RunSummary], str], sample: str) -> Column:
    return Column(title, tip, text, lambda summary: text(summary).casefold(), sample)


def _score(title: str, tip: str, name: str) -> Column:
    def value(summary: RunSummary) -> float | None:
        return None if summary.scores is None else float(getattr(summary.scores, name))

    def text(summary: RunSummary) -> str:
        found = value(summary)
        return NONE if found is None else fraction(found)

    return Column(title, tip, text, value, "100.0 %", numeric=True)


def _epochs(summary: RunSummary) -> str:
    status = summary.status
    return f"{status.epoch}/{status.epochs}" if status.epochs else NONE


def _created(summary: RunSummary) -> float | None:
    try:
        return datetime.fromisoformat(summary.status.created).timestamp()
    except ValueError:
        return None


COLUMNS: tuple[Column, ...] = (
    _words("Name", "The name of the run", lambda summary: summary.status.name, ""),
    _words(
        "Kind",
        "Teacher: the large model. Plain student: learned from the labels alone. KL and DIST student: learned from a "
        "teacher as well. Curriculum: saw the images in the teacher's order",
        lambda summary: kind_of_run(summary.recipe),
        "DIST student + curriculum",
    ),
    _words("Data", "The data set that it was trained and tested on", data_name, "Synthetic: sample..."),
    _words("State", "Whether the run is done", lambda summary: STATE_WORDS[summary.status.state], "Finished"),
    _score(
        "Weighted F1",
        "Test images: mean F1 of the classes, weighed by their number of images",
        "weighted_f1",
    ),
    _score("Accuracy", "Test images: the share that was classified rightly", "accuracy"),
    _score(
        "Balanced",
        "Balanced accuracy on the test images: the mean share found of each class, rare classes counting as much as "
        "common ones",
        "balanced_accuracy",
    ),
    Column(
        "Parameters",
        "The size of the model: how many numbers it has learned (M: millions)",
        lambda summary: million(summary.parameters),
        lambda summary: summary.parameters,
        "63.81 M",
        numeric=True,
    ),
    Column(
        "Epochs",
        "Passes over the training images, of the most that were allowed",
        _epochs,
        lambda summary: summary.status.epoch if summary.status.epochs else None,
        "25/25",
        numeric=True,
    ),
    Column(
        "Time",
        "Computing time",
        lambda summary: duration(summary.status.seconds) if summary.status.seconds else NONE,
        lambda summary: summary.status.seconds or None,
        "59 min 59 s",
        numeric=True,
    ),
    Column(
        "Started",
        "When the run was made",
        lambda summary: moment(summary.status.created),
        _created,
        "2026-03-31 14:05",
        numeric=True,
    ),
)
"""From left to right."""

STARTED = len(COLUMNS) - 1
"""The column that the table is first sorted by, newest first."""


def search_text(summary: RunSummary) -> str:
    """What the search box looks in, in lower case."""
    recipe = summary.recipe
    parts = [column.text(summary) for column in COLUMNS if not column.numeric] + [COLUMNS[STARTED].text(summary)]
    if recipe is not None:
        parts += [recipe.trained.architecture, recipe.data.path]
    return "\n".join([*parts, summary.folder.name]).casefold()
