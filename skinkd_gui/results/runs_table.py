"""The table of runs as a view: sorting, several selected rows, columns wide enough for what they hold."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from core.runs.status import RunSummary
from skinkd_gui.results.columns import COLUMNS, STARTED
from skinkd_gui.results.runs_model import RunsProxy

_CELL_MARGINS = 14  # pixels
_SORT_MARK = 26  # pixels, with the margins
_SHORTEST_NAME = 18  # characters


class RunsTable(QTableView):
    """Shows a `RunsProxy`, newest runs first."""

    def __init__(self, proxy: RunsProxy, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runsTable")
        self.setAccessibleName("Training runs")
        self._proxy = proxy
        self.setModel(proxy)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 9)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setAccessibleName("Columns of the table of runs")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setSortingEnabled(True)
        self.sortByColumn(STARTED, Qt.SortOrder.DescendingOrder)
        self.fit_columns()

    def fit_columns(self) -> None:
        """Give each column room for what it usually holds, in the present type; the name takes what is left."""
        metrics, header = self.fontMetrics(), self.horizontalHeader()
        for number, column in enumerate(COLUMNS):
            sample, title = metrics.horizontalAdvance(column.sample), metrics.horizontalAdvance(column.title)
            header.resizeSection(number, max(sample + _CELL_MARGINS, title + _SORT_MARK))
        header.setMinimumSectionSize(metrics.averageCharWidth() * 6)
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 9)
        self._stretch_name()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the name take the room that the other columns leave."""
        super().resizeEvent(event)
        self._stretch_name()

    def _stretch_name(self) -> None:
        header = self.horizontalHeader()
        others = sum(header.sectionSize(number) for number in range(1, header.count()))
        least = self.fontMetrics().averageCharWidth() * _SHORTEST_NAME
        header.resizeSection(0, max(least, self.viewport().width() - others))

    def selected(self) -> tuple[RunSummary, ...]:
        """The selected runs from top to bottom."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self._proxy.run(self._proxy.index(row, 0)) for row in rows)

    def current(self) -> RunSummary | None:
        """The run of the row that was touched last, when it is selected; otherwise the first selected one."""
        index = self.selectionModel().currentIndex()
        if index.isValid() and self.selectionModel().isRowSelected(index.row(), index.parent()):
            return self._proxy.run(index)
        selected = self.selected()
        return selected[0] if selected else None

    def select(self, folders: tuple[Path, ...]) -> bool:
        """Select exactly the runs in these folders that are shown, scroll to the first; False when there is none."""
        found = [index for folder in folders if (index := self._proxy.index_of(folder)).isValid()]
        selection = QItemSelection()
        for index in found:
            selection.select(index, index)
        flags = QItemSelectionModel.SelectionFlag
        if found:
            self.selectionModel().setCurrentIndex(found[0], flags.NoUpdate)
        self.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)
        if found:
            self.scrollTo(found[0])
        return bool(found)
