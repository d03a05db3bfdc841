"""A table of results as it is shown, copied and saved: texts for people, and the values behind them. Knows no Qt."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.quantities import NONE, fraction
from core.reporting.words import interval_of

if TYPE_CHECKING:
    from core.evaluation.intervals import Interval
    from core.reporting.tables import ResultsTable

Value = str | float | int | None


@dataclass(frozen=True)
class Cell:
    """`text` is shown; `values` go into spreadsheets, one for each of the column's titles there."""

    text: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class GridColumn:
    """A column: its title, an explanation, and the titles of what a spreadsheet gets for it."""

    title: str
    tip: str = ""
    fields: tuple[str, ...] = ()
    words: bool = False  # on the left; the other columns are numbers


@dataclass(frozen=True)
class Grid:
    """Rows of cells under columns; `bold` names cells (row, column) that stand out."""

    title: str
    columns: tuple[GridColumn, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    bold: frozenset[tuple[int, int]] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def field_names(self) -> list[str]:
        """The header of a spreadsheet."""
        return [name for column in self.columns for name in (column.fields or (column.title,))]

    @property
    def field_rows(self) -> list[list[Value]]:
        """The rows of a spreadsheet: numbers as numbers, fractions in 0..1, None where undefined."""
        return [[value for cell in row for value in cell.values] for row in self.rows]

    def to_csv(self) -> str:
        """The spreadsheet as text."""
        from core.data.tables import safe_cell

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([safe_cell(name) for name in self.field_names])
        writer.writerows([safe_cell(value) for value in row] for row in self.field_rows)
        return text.getvalue()

    def table(self) -> ResultsTable:
        """The texts, for Markdown and LaTeX."""
        from core.reporting.tables import ResultsTable

        words = next((i for i, column in enumerate(self.columns) if not column.words), len(self.columns))
        rows = tuple(tuple(cell.text for cell in row) for row in self.rows)
        header = tuple(column.title for column in self.columns)
        return ResultsTable(self.title, header, rows, self.notes, text_columns=words, bold=self.bold)


def plain(value: str | None) -> Cell:
    """Words."""
    return Cell(NONE if value is None else value, (value,))


def number(value: int | None) -> Cell:
    """A count."""
    return Cell(NONE if value is None else f"{value:,}", (value,))


def share(value: float | None) -> Cell:
    """A score in 0..1 as per cent, "undefined" where it has no value."""
    return Cell(fraction(value), (value,))


def share_within(value: float | None, interval: Interval | None) -> Cell:
    """A score with its 95 % interval; a spreadsheet gets three numbers."""
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return Cell(interval_of(value, interval), (value, low, high))


def compact(value: float | None, interval: Interval | None) -> Cell:
    """The same in per cent without the sign, the bounds rounded: '51.6 (30–71)', for columns of many runs."""
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    if value is None or interval is None:
        return Cell("undefined" if value is None else f"{100 * value:.1f}", (value, low, high))
    return Cell(f"{100 * value:.1f} ({100 * interval.low:.0f}–{100 * interval.high:.0f})", (value, low, high))


def interval_fields(name: str) -> tuple[str, ...]:
    """The spreadsheet's titles for `share_within`."""
    return (name, f"{name} low", f"{name} high")


def best_of(values: Sequence[float | None]) -> frozenset[int]:
    """The rows with the largest value; none when fewer than two have one or all are equal."""
    known = [value for value in values if value is not None]
    if len(known) < 2 or min(known) == max(known):
        return frozenset()
    return frozenset(row for row, value in enumerate(values) if value == max(known))


def bold_cells(column: int, rows: Iterable[int]) -> frozenset[tuple[int, int]]:
    """The cells of a column in these rows."""
    return frozenset((row, column) for row in rows)
