"""Rows of the table of runs as a grid to copy and save: the columns that are shown, from left to right. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

from core.runs.status import RunSummary
from skinkd_gui.results.columns import COLUMN_NUMBERS, COLUMNS
from skinkd_gui.results.grid import Cell, Grid, GridColumn


def rows_grid(runs: Sequence[RunSummary], keys: Sequence[str], *, folders: bool = False) -> Grid:
    """The runs in the columns with these keys; spreadsheets get numbers, times in UTC and, with `folders`, the run's
    folder last."""
    columns = [COLUMNS[COLUMN_NUMBERS[key]] for key in keys]
    heads = [
        GridColumn(column.title, fields=("Started (UTC)",) if column.key == "started" else (), words=not column.numeric)
        for column in columns
    ]
    rows = [[_cell(run, key) for key in keys] for run in runs]
    if folders:
        heads.append(GridColumn("Folder", words=True))
        for row, run in zip(rows, runs, strict=True):
            row.append(Cell(str(run.folder), (str(run.folder),)))
    return Grid("Runs", tuple(heads), tuple(tuple(row) for row in rows))


def tab_separated(grid: Grid) -> str:
    """The texts with their titles, as spreadsheets take them from the clipboard."""
    lines = [[column.title for column in grid.columns], *([cell.text for cell in row] for row in grid.rows)]
    return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines)


def _cell(run: RunSummary, key: str) -> Cell:
    column = COLUMNS[COLUMN_NUMBERS[key]]
    if key == "started":
        return Cell(column.text(run), (run.status.created,))
    value = column.value(run) if column.numeric else column.text(run)
    return Cell(column.text(run), (value,))
