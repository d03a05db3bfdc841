"""What several runs are and were trained on, side by side. Knows no Qt."""

from __future__ import annotations

from core.data.types import Part
from core.quantities import NONE, file_size
from core.recipe import Recipe
from core.reporting.words import losses_title
from core.runs.status import RunSummary
from skinkd_gui.results.columns import data_name
from skinkd_gui.results.grid import Cell, Grid, GridColumn, number, plain
from skinkd_gui.results.shown import Shown

_COLUMNS = (
    GridColumn("Run", words=True),
    GridColumn("Model", words=True),
    GridColumn("Learned from", "With a method: from a teacher as well, with this weight (alpha)", words=True),
    GridColumn("Data", words=True),
    GridColumn("Training images"),
    GridColumn("Epochs", "Passes over the training images"),
    GridColumn("File", "Size of the model's file", ("Bytes",)),
)


def facts_grid(shown: Shown) -> Grid:
    """A row per run."""
    return Grid("What the runs are", _COLUMNS, tuple(_row(shown, run) for run in shown.together))


def _row(shown: Shown, run: RunSummary) -> tuple[Cell, ...]:
    details, recipe = shown.details(run), run.recipe
    size = details.model_bytes
    return (
        plain(shown.title(run)),
        plain(None if recipe is None else recipe.trained.architecture),
        plain(None if recipe is None else _learned_from(recipe)),
        plain(data_name(run)),
        number(dict(details.parts).get(Part.TRAIN)),
        number(run.status.epoch or None),
        Cell(NONE if size is None else file_size(size), (size,)),
    )


def _learned_from(recipe: Recipe) -> str:
    """The labels, or the teacher as well, in few words."""
    if recipe.task == "teacher":
        return "labels"
    words = ["labels"] if recipe.alpha is None else [f"labels, {losses_title(recipe)} {recipe.alpha:g}"]
    if recipe.applied_curriculum.unusual:
        words.append("curriculum")
    return ", ".join(words)
