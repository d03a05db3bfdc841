"""The table of runs for Qt's views: a model over finished summaries, and a proxy that sorts and searches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt

from core.runs.status import RunState, RunSummary
from skinkd_gui.results.columns import COLUMNS, SortValue, search_text

Index = QModelIndex | QPersistentModelIndex
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MARK_ROOM = "\u2002"  # the sort mark is painted over the end of titles on the right
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class RunsModel(QAbstractTableModel):
    """One row per run, one column per entry of `COLUMNS`. Texts and sort values are made once per run."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs: tuple[RunSummary, ...] = ()
        self._texts: list[tuple[str, ...]] = []
        self._values: list[tuple[SortValue, ...]] = []
        self._search: list[str] = []

    def set_runs(self, runs: Sequence[RunSummary]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self._runs = tuple(runs)
        self._texts = [tuple(column.text(run) for column in COLUMNS) for run in self._runs]
        self._values = [tuple(column.value(run) for column in COLUMNS) for run in self._runs]
        self._search = [search_text(run) for run in self._runs]
        self.endResetModel()

    @property
    def runs(self) -> tuple[RunSummary, ...]:
        """The runs in the order they were given."""
        return self._runs

    def run(self, row: int) -> RunSummary:
        """The run of a row of this model."""
        return self._runs[row]

    def row_of(self, folder: Path) -> int:
        """The row of the run in a folder, or -1."""
        return next((row for row, run in enumerate(self._runs) if run.folder == folder), -1)

    def sort_value(self, row: int, column: int) -> SortValue:
        """What a cell is sorted by; None where it has no value."""
        return self._values[row][column]

    def matches(self, row: int, words: Sequence[str]) -> bool:
        """Whether all words (lower case) are found in the run's name, kind, data, state, model or date."""
        text = self._search[row]
        return all(word in text for word in words)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The number of runs."""
        return 0 if parent.isValid() else len(self._runs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell's text, alignment or explanation."""
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts[row][column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if COLUMNS[column].numeric else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A column's title and explanation."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{COLUMNS[section].title}{_MARK_ROOM}" if COLUMNS[section].numeric else COLUMNS[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return COLUMNS[section].tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if COLUMNS[section].numeric else _LEFT
        return None

    def _tip(self, row: int, column: int) -> str:
        run = self._runs[row]
        if run.status.state in (RunState.FAILED, RunState.STOPPED) and run.status.message:
            return run.status.message
        return str(run.folder) if column == 0 else self._texts[row][column]


class RunsProxy(QSortFilterProxyModel):
    """Sorts by value, cells without one always last, and hides what the search does not find."""

    def __init__(self, model: RunsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._words: list[str] = []
        self.setSourceModel(model)

    def search(self, text: str) -> None:
        """Show only runs that contain every word of the text."""
        self._words = text.casefold().split()
        self.invalidate()

    def run(self, index: Index) -> RunSummary:
        """The run of an index of this proxy."""
        return self._model.run(self.mapToSource(index).row())

    def runs(self) -> tuple[RunSummary, ...]:
        """The runs that are shown, from top to bottom."""
        return tuple(self.run(self.index(row, 0)) for row in range(self.rowCount()))

    def index_of(self, folder: Path) -> QModelIndex:
        """The first cell of the run in a folder; invalid when it is absent or hidden."""
        row = self._model.row_of(folder)
        return self.mapFromSource(self._model.index(row, 0)) if row >= 0 else QModelIndex()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        """Whether the search finds this run."""
        return self._model.matches(source_row, self._words)

    def lessThan(self, left: Index, right: Index) -> bool:
        """Whether left comes before right in ascending order."""
        one = self._model.sort_value(left.row(), left.column())
        other = self._model.sort_value(right.row(), right.column())
        if one is None or other is None:
            descending = self.sortOrder() is Qt.SortOrder.DescendingOrder
            return (one is None) is not (other is None) and (one is None) is descending
        return one < other  # type: ignore[operator]
