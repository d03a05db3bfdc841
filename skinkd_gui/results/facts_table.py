"""What several runs are and were trained on, side by side. Knows no Qt."""

from __future__ import annotations

from core.data.types import Part
from core.recipe import Recipe
from core.reporting import cells
from core.reporting.facts.images import part_counts
from core.reporting.run_columns import data_name
from core.reporting.table import Cell, Column, ResultsTable
from core.reporting.words import losses_title
from core.runs.status import RunSummary
from skinkd_gui.results.shown import Shown

_COLUMNS = (
    Column("Run", words=True),
    Column("Model", words=True),
    Column("Learned from", "With a method: from a teacher as well, with this weight (alpha)", words=True),
    Column("Data", words=True),
    Column("Training images"),
    Column("Epochs", "Passes over the training images"),
    Column("File", "Size of the model's file", ("Bytes",)),
)


def facts_table(shown: Shown) -> ResultsTable:
    """A row per run."""
    return ResultsTable("What the runs are", _COLUMNS, tuple(_row(shown, run) for run in shown.together))


def _row(shown: Shown, run: RunSummary) -> tuple[Cell, ...]:
    details, recipe = shown.details(run), run.recipe
    return (
        cells.words(shown.title(run)),
        cells.words(None if recipe is None else recipe.trained.architecture),
        cells.words(None if recipe is None else _learned_from(recipe)),
        cells.words(data_name(run)),
        cells.count(part_counts(details)[Part.TRAIN] if details.rows else None),
        cells.count(run.status.epoch or None),
        cells.size(details.model_bytes),
    )


def _learned_from(recipe: Recipe) -> str:
    """The labels, or the teacher as well, in few words."""
    if recipe.task == "teacher":
        return "labels"
    words = ["labels"] if recipe.alpha is None else [f"labels, {losses_title(recipe)} {recipe.alpha:g}"]
    if recipe.applied_curriculum.unusual:
        words.append("curriculum")
    return ", ".join(words)
