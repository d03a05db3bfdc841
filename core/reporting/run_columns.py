"""Lists of runs: what each column shows, sorts by and explains. The window's table and `skinkd-cli runs` show some."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from core.distillation.methods import METHODS
from core.quantities import NONE, moment
from core.recipe import Recipe
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable
from core.reporting.words import SCORE_MEANINGS, STATE_WORDS, kind_of_run, losses_title, score_name
from core.runs.status import RunSummary

SortValue = str | float | None


def _by_value(cell: Cell) -> SortValue:
    value = cell.values[0]
    return value.casefold() or None if isinstance(value, str) else value


def _by_instant(cell: Cell) -> SortValue:
    try:
        return datetime.fromisoformat(str(cell.values[0])).timestamp()
    except ValueError:
        return None


@dataclass(frozen=True)
class RunColumn:
    """`key` names the column in settings and commands; it is as wide as `sample` or its heading. Those `at_first` are
    shown before the user chooses. Rows are sorted by `sort_value`, those without one (None) last."""

    key: str
    column: Column
    cell: Callable[[RunSummary], Cell]
    sample: str
    at_first: bool = True
    sort_value: Callable[[Cell], SortValue] = _by_value


def runs_list(summaries: Sequence[RunSummary], keys: Sequence[str]) -> ResultsTable:
    """Runs in the columns with these keys."""
    chosen = [COLUMNS[COLUMN_NUMBERS[key]] for key in keys]
    rows = tuple(tuple(column.cell(summary) for column in chosen) for summary in summaries)
    return ResultsTable("Runs", tuple(column.column for column in chosen), rows)


def data_name(summary: RunSummary) -> str:
    """The last part of the data's path, marked when the images are generated."""
    if summary.recipe is None:
        return NONE
    name = _last_part(summary.recipe.data.path)
    return f"Synthetic: {name}" if summary.status.synthetic else name


@lru_cache(maxsize=1000)
def _last_part(path: str) -> str:
    return Path(path).name or path or NONE


def _words(
    key: str, heading: str, tip: str, text: Callable[[RunSummary], str], sample: str, *, at_first: bool = True
) -> RunColumn:
    def cell(summary: RunSummary) -> Cell:
        found = text(summary)
        return cells.nothing() if found in ("", NONE) else cells.words(found)

    return RunColumn(key, Column(heading, tip, words=True), cell, sample, at_first)


def _score(key: str, *, at_first: bool = True) -> RunColumn:
    def cell(summary: RunSummary) -> Cell:
        return cells.nothing() if summary.scores is None else cells.share(float(getattr(summary.scores, key)))

    return RunColumn(key, Column(score_name(key), SCORE_MEANINGS[key]), cell, "100.0 %", at_first)


def _of_recipe(key: str, heading: str, tip: str, read: Callable[[Recipe], float | None], sample: str) -> RunColumn:
    def cell(summary: RunSummary) -> Cell:
        return cells.number(None if summary.recipe is None else read(summary.recipe))

    return RunColumn(key, Column(heading, tip), cell, sample, at_first=False)


def _melanoma_sensitivity(summary: RunSummary) -> Cell:
    if summary.scores is None or summary.recipe is None or (place := summary.recipe.class_set.melanoma) is None:
        return cells.nothing()
    found = summary.scores.of_class(summary.recipe.class_set.codes[place])
    return cells.nothing() if found is None else cells.share(found.recall)


def _temperature(recipe: Recipe) -> float | None:
    value = getattr(recipe.distillation, "temperature", None) if recipe.loss_terms else None
    return value if isinstance(value, float) else None


def _method(summary: RunSummary) -> str:
    return NONE if summary.recipe is None else losses_title(summary.recipe) or NONE


def _curriculum(summary: RunSummary) -> str:
    recipe = summary.recipe
    if recipe is None or recipe.task == "teacher":
        return NONE
    return ", ".join(entry.title for entry in recipe.curriculum.unusual) or "No"


def _architecture(summary: RunSummary) -> str:
    return NONE if summary.recipe is None else summary.recipe.trained.architecture


def _epochs(summary: RunSummary) -> Cell:
    status = summary.status
    return Cell(f"{status.epoch}/{status.epochs}", (status.epoch,)) if status.epochs else cells.nothing()


COLUMNS: tuple[RunColumn, ...] = (
    _words("name", "Name", "The name of the run", lambda summary: summary.status.name, ""),
    _words(
        "kind",
        "Kind",
        "Teacher: the large model. Plain student: learned from the labels alone. Other students learned from a teacher "
        "as well, by the method named. Curriculum: saw the images in an order or share of its own",
        lambda summary: kind_of_run(summary.recipe),
        "DIST student + curriculum",
    ),
    _words("data", "Data", "The data set that it was trained and tested on", data_name, "Synthetic: sample..."),
    _words("state", "State", "Whether the run is done", lambda summary: STATE_WORDS[summary.status.state], "Finished"),
    _score("weighted_f1"),
    _score("accuracy"),
    _score("balanced_accuracy"),
    RunColumn(
        "parameters",
        Column("Parameters", "The size of the model: how many numbers it has learned (M: millions)"),
        lambda summary: cells.parameters(summary.parameters),
        "63.81 M",
    ),
    RunColumn(
        "epochs", Column("Epochs", "Passes over the training images, of the most that were allowed"), _epochs, "25/25"
    ),
    RunColumn(
        "time",
        Column("Time", "Computing time"),
        lambda summary: cells.seconds(summary.status.seconds),
        "59 min 59 s",
    ),
    RunColumn(
        "started",
        Column("Started", "When the run was made", ("Started (UTC)",)),
        lambda summary: Cell(moment(summary.status.created), (summary.status.created,)),
        "2026-03-31 14:05",
        sort_value=_by_instant,
    ),
    _words(
        "tags",
        "Tags",
        "Words that you gave to the run",
        lambda summary: ", ".join(summary.annotations.tags) or NONE,
        "to check, poster",
        at_first=False,
    ),
    _words(
        "study",
        "Study",
        "The study that the run is a part of",
        lambda summary: summary.annotations.study or NONE,
        "paper-isic2019",
        at_first=False,
    ),
    _score("macro_f1", at_first=False),
    RunColumn(
        "melanoma",
        Column(
            "Melanomas found",
            "Test images: the share of the melanomas that was called melanoma (sensitivity)",
            ("Melanoma sensitivity",),
        ),
        _melanoma_sensitivity,
        "100.0 %",
        at_first=False,
    ),
    _words(
        "method",
        "Method",
        "How it learned from the teacher",
        _method,
        max((method.title for method in METHODS.values()), key=len),
        at_first=False,
    ),
    _of_recipe(
        "alpha",
        "Alpha",
        "Weight of the distillation loss; the labels get the rest",
        lambda recipe: recipe.alpha,
        "0.05",
    ),
    _of_recipe(
        "temperature",
        "Temperature",
        "Above 1 softens the probabilities before they are compared",
        _temperature,
        "1.5",
    ),
    _words(
        "curriculum",
        "Curriculum",
        "In which order it saw the images of an epoch, and how many of them",
        _curriculum,
        "Easiest first, A growing",
        at_first=False,
    ),
    _words(
        "architecture", "Model", "The network that was trained", _architecture, "tf_efficientnet_b7", at_first=False
    ),
    _of_recipe(
        "image_size",
        "Image size",
        "Width and height of the images that the model sees, in pixels",
        lambda recipe: recipe.data.image_size,
        "1024",
    ),
    _of_recipe(
        "seed",
        "Seed",
        "The same seed on the same machine's CPU gives the same numbers",
        lambda recipe: recipe.optimisation.seed,
        "12345",
    ),
    _words(
        "device",
        "Device",
        "What it was computed on",
        lambda summary: summary.status.device or NONE,
        "CPU, 16 threads",
        at_first=False,
    ),
    RunColumn(
        "folder",
        Column("Folder", "The folder that holds the run", words=True),
        lambda summary: cells.words(summary.folder.name, str(summary.folder)),
        "20260331-140512-student",
        at_first=False,
    ),
)
"""All there are, in the order that they are first shown in."""

COLUMN_NUMBERS: Mapping[str, int] = {column.key: number for number, column in enumerate(COLUMNS)}

STARTED = COLUMN_NUMBERS["started"]
"""The column that the table is first sorted by, newest first."""
