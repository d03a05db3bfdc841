"""The table of runs for Qt's views: finished summaries, searched, filtered, sorted and put under headings."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon

from core.reporting.run_columns import COLUMN_NUMBERS, COLUMNS, STARTED, SortValue
from core.runs.status import RunState, RunSummary
from skinkd_gui.results.arranging import (
    Filters,
    Row,
    RunFacts,
    StudyFacts,
    StudyHeading,
    facts_of,
    grouped_rows,
    sorted_rows,
)
from skinkd_gui.widgets.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MARK_WIDTH = "\u2002"  # the sort mark is painted over the end of titles on the right
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_STUDY = COLUMN_NUMBERS["study"]
_LONGEST_NOTE = 400
_LONGEST = 5


@dataclass(frozen=True)
class _Entry:
    """A run with what its columns show, what they are sorted by, and what it is found by."""

    run: RunSummary
    texts: tuple[str, ...]
    values: tuple[SortValue, ...]
    facts: RunFacts


class RunsModel(QAbstractTableModel):
    """One row per run that is shown, or per heading; one column per entry of `COLUMNS`.

    Texts and sort values are made once per run. Whatever changes the rows resets the model; the view keeps its
    selection by the runs' folders.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs: tuple[RunSummary, ...] = ()
        self._studies: dict[str, StudyFacts] = {}
        self._entries: list[_Entry] = []
        self._words: tuple[str, ...] = ()
        self._filters = Filters()
        self._sorted_by = (STARTED, Qt.SortOrder.DescendingOrder)
        self._grouped = False
        self._collapsed: frozenset[str] = frozenset()
        self._passing: list[int] = []
        self._rows: list[Row] = []
        self._row_of: dict[Path, int] = {}
        self.stays = True
        """Whether the last reset left the rows where they were, as far as they are the same."""
        self._baseline: Path | None = None
        self._pin = QIcon()

    # What is shown

    def set_runs(self, runs: Sequence[RunSummary], studies: Mapping[str, StudyFacts] | None = None) -> None:
        """Replace all runs, and what is known of their studies."""
        self.beginResetModel()
        self.stays = True
        studies = dict(studies or {})
        known = {entry.run.folder: entry for entry in self._entries} if studies == self._studies else {}
        self._runs, self._studies = tuple(runs), studies
        self._entries = [self._entry(run, known.get(run.folder)) for run in self._runs]
        self._arrange()
        self.endResetModel()

    def search(self, text: str) -> None:
        """Show only runs that contain every word of the text."""
        self._change(words=tuple(text.casefold().split()))

    def filter(self, filters: Filters) -> None:
        """Show only runs that pass the filters."""
        self._change(filters=filters)

    def group(self, grouped: bool) -> None:
        """Put the runs under the headings of their studies, or not."""
        self._change(grouped=grouped)

    def fold(self, slug: str, collapsed: bool) -> None:
        """Hide or show the runs under a study's heading."""
        self._change(collapsed=self._collapsed | {slug} if collapsed else self._collapsed - {slug}, stays=True)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column's values; runs without one stay last."""
        if 0 <= column < len(COLUMNS):
            self._change(sorted_by=(column, order))

    def set_baseline(self, folder: Path | None, pin: QIcon) -> None:
        """Mark the run that others are compared with."""
        self._baseline, self._pin = folder, pin
        if self._rows:
            roles = [Qt.ItemDataRole.DecorationRole, Qt.ItemDataRole.ToolTipRole]
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0), roles)

    def _change(self, *, stays: bool = False, **values: Any) -> None:
        """Set what is named and arrange the rows anew, if anything changes."""
        if all(getattr(self, f"_{name}") == value for name, value in values.items()):
            return
        self.stays = stays
        self.beginResetModel()
        for name, value in values.items():
            setattr(self, f"_{name}", value)
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        column, order = self._sorted_by
        passing = [row for row, entry in enumerate(self._entries) if entry.facts.passes(self._words, self._filters)]
        values = [entry.values[column] for entry in self._entries]
        self._passing = sorted_rows(passing, values, descending=order is Qt.SortOrder.DescendingOrder)
        self._rows = list(self._passing)
        if self._grouped:
            self._rows = grouped_rows(self._passing, self._runs, self._studies, self._collapsed)
        self._row_of = {self._runs[row].folder: place for place, row in enumerate(self._rows) if isinstance(row, int)}

    def _entry(self, run: RunSummary, known: _Entry | None) -> _Entry:
        """The texts, values and facts of a run; the known ones when it is the very same summary."""
        if known is not None and known.run is run:
            return known
        row = [column.cell(run) for column in COLUMNS]
        texts = [cell.text for cell in row]
        study = self._studies.get(run.annotations.study)
        if study is not None:
            texts[_STUDY] = study.name
        values = tuple(column.sort_value(cell) for column, cell in zip(COLUMNS, row, strict=True))
        return _Entry(run, tuple(texts), values, facts_of(run, texts))

    # Questions

    @property
    def runs(self) -> tuple[RunSummary, ...]:
        """All runs in the order they were given, also those that are not shown."""
        return self._runs

    def longest(self, column: int) -> Sequence[str]:
        """The longest few texts of a column, by their letters; of all runs, also those that are not shown."""
        return heapq.nlargest(_LONGEST, {entry.texts[column] for entry in self._entries}, key=len)

    @property
    def facts(self) -> Sequence[RunFacts]:
        """What all runs can be filtered by."""
        return [entry.facts for entry in self._entries]

    @property
    def studies(self) -> Mapping[str, StudyFacts]:
        """The studies by slug."""
        return self._studies

    @property
    def grouped(self) -> bool:
        """Whether runs stand under headings."""
        return self._grouped

    def passing(self) -> tuple[RunSummary, ...]:
        """The runs that search and filters leave, in the order shown, also those under folded headings."""
        if not self._grouped:
            return tuple(self._runs[row] for row in self._passing)
        rows = grouped_rows(self._passing, self._runs, self._studies, frozenset())
        return tuple(self._runs[row] for row in rows if isinstance(row, int))

    def run(self, row: int) -> RunSummary | None:
        """The run in a row; None for a heading."""
        found = self._rows[row] if 0 <= row < len(self._rows) else None
        return self._runs[found] if isinstance(found, int) else None

    def heading(self, row: int) -> StudyHeading | None:
        """The heading in a row; None for a run."""
        found = self._rows[row] if 0 <= row < len(self._rows) else None
        return found if isinstance(found, StudyHeading) else None

    def heading_row(self, slug: str) -> int:
        """The row of a study's heading, or -1."""
        places = (place for place, row in enumerate(self._rows) if isinstance(row, StudyHeading) and row.slug == slug)
        return next(places, -1)

    def row_of(self, folder: Path) -> int:
        """The row of the run in a folder, or -1 when it is not shown."""
        return self._row_of.get(folder, -1)

    def lists(self, folder: Path) -> bool:
        """Whether there is a run in this folder, shown or not."""
        return any(run.folder == folder for run in self._runs)

    # Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The number of runs shown and headings."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings can be gone to, but not selected."""
        if index.isValid() and isinstance(self._rows[index.row()], StudyHeading):
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell's text, alignment, mark or explanation."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if isinstance(row, StudyHeading):
            words = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole)
            return row.text if column == 0 and role in words else None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._entries[row].texts[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if COLUMNS[column].column.words else _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self._tip(row, column))
        if role == Qt.ItemDataRole.DecorationRole and column == 0 and self._runs[row].folder == self._baseline:
            return self._pin
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A column's title and explanation."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column = COLUMNS[section].column
        if role == Qt.ItemDataRole.DisplayRole:
            return column.heading if column.words else f"{column.heading}{_MARK_WIDTH}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if column.words else _RIGHT
        return None

    def _tip(self, row: int, column: int) -> str:
        run = self._runs[row]
        if column:
            unfinished = run.status.state in (RunState.FAILED, RunState.STOPPED) and run.status.message
            return run.status.message if unfinished else self._entries[row].texts[column]
        lines = [run.status.name]
        if run.folder == self._baseline:
            lines.append("The baseline: other runs are compared with it")
        if run.status.state in (RunState.FAILED, RunState.STOPPED) and run.status.message:
            lines.append(run.status.message)
        if run.annotations.tags:
            lines.append(f"Tags: {', '.join(run.annotations.tags)}")
        if run.annotations.notes:
            lines.append(run.annotations.notes[:_LONGEST_NOTE])
        return "\n".join([*lines, str(run.folder)])
