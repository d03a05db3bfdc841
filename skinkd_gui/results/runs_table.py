"""The table of runs as a view: sorting, several selected rows, headings that fold, columns that the user chooses."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from core.reporting.run_columns import COLUMN_NUMBERS, COLUMNS
from core.runs.status import RunSummary
from skinkd_gui.results.arranging import StudyHeading
from skinkd_gui.results.row_delegate import ARROW_WIDTH, RowDelegate, paint_heading
from skinkd_gui.results.runs_model import RunsModel
from skinkd_gui.results.table_layout import TableLayout, load_layout, save_layout
from skinkd_gui.widgets.layouts import as_list

_CELL_MARGINS = 14  # pixels
_SORT_MARK = 26  # pixels, with the margins
_SHORTEST_NAME, _LONGEST_NAME = 18, 56  # characters
_SHORTEST_WORDS = 11  # characters, of columns that may be cut where names need the space
_FOLDING_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right)


class RunsTable(QTableView):
    """Shows a `RunsModel`, newest runs first, in the layout that the user left. Keeps its selection by folders."""

    selection_restored = Signal()  # the rows are new; the same runs are selected again, as far as they are shown

    def __init__(self, model: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runsTable")
        self.setAccessibleName("Training runs")
        self._runs = model
        self._widths: dict[int, int] = {}  # those that the user has set
        self._fitting = True  # before anything that may resize the table
        self._restorable: tuple[tuple[Path, ...], Path | str | None, int] = ((), None, 0)
        self.restoring = False
        """Whether the selection is changing because the rows are new, not because the user selects."""
        model.modelAboutToBeReset.connect(self._keep_selection)
        self.setModel(model)
        model.modelReset.connect(self._restore_selection)
        model.modelReset.connect(self.fit_columns)
        self.setItemDelegate(RowDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        as_list(self)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._set_up_header()
        self.apply_layout(load_layout())

    def _set_up_header(self) -> None:
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setAccessibleName("Columns of the table of runs")
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_columns_menu)
        header.sectionResized.connect(self._resized)
        header.sectionMoved.connect(self._keep_layout)
        header.sortIndicatorChanged.connect(self._keep_layout)

    # Columns

    def apply_layout(self, layout: TableLayout) -> None:
        """Show, order, size and sort the columns."""
        header, self._fitting = self.horizontalHeader(), True
        self._widths = {COLUMN_NUMBERS[key]: width for key, width in layout.widths}
        for number, column in enumerate(COLUMNS):
            header.setSectionHidden(number, column.key not in layout.shown)
        for place, key in enumerate(layout.shown):
            header.moveSection(header.visualIndex(COLUMN_NUMBERS[key]), place)
        order = Qt.SortOrder.DescendingOrder if layout.descending else Qt.SortOrder.AscendingOrder
        self.setSortingEnabled(True)
        self.sortByColumn(COLUMN_NUMBERS[layout.sorted_by], order)
        self._runs.group(layout.grouped)
        self.fit_columns()

    def layout_now(self) -> TableLayout:
        """The layout as the user sees it."""
        header = self.horizontalHeader()
        places = [header.logicalIndex(place) for place in range(header.count())]
        return TableLayout(
            tuple(COLUMNS[number].key for number in places if not header.isSectionHidden(number)),
            tuple((COLUMNS[number].key, width) for number, width in self._widths.items()),
            COLUMNS[header.sortIndicatorSection()].key,
            header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder,
            self._runs.grouped,
        )

    @Slot()
    def _keep_layout(self) -> None:
        if not self._fitting:
            save_layout(self.layout_now())

    @Slot()
    def fit_columns(self) -> None:
        """Give each column room for what it usually holds, in the present type, unless the user has set its width; the
        name takes what is left."""
        metrics, header = self.fontMetrics(), self.horizontalHeader()
        self._fitting = True
        for number, width in self._wanted_widths().items():
            header.resizeSection(number, self._widths.get(number, width))
        header.setMinimumSectionSize(metrics.averageCharWidth() * 6)
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 9)
        self._stretch_name()
        self._fitting = False

    def _wanted_widths(self) -> dict[int, int]:
        """What the columns that are shown (a size given to a hidden one would be forgotten) need for their headings and
        texts. Where names have too little space then, columns of words give some of theirs."""
        metrics = self.fontMetrics()
        widths: dict[int, int] = {}
        least: dict[int, int] = {}
        for number, column in enumerate(COLUMNS):
            if number == 0 or self.horizontalHeader().isSectionHidden(number):
                continue
            heading = metrics.horizontalAdvance(column.column.heading) + _SORT_MARK
            usual = metrics.horizontalAdvance(column.sample)
            texts = [metrics.horizontalAdvance(text) for text in self._runs.longest(number)] or [usual]
            widths[number] = max(heading, min(max(texts), usual) + _CELL_MARGINS)
            few = metrics.averageCharWidth() * _SHORTEST_WORDS
            least[number] = max(heading, min(widths[number], few)) if column.column.words else widths[number]
        for number in sorted(widths, key=lambda each: least[each] - widths[each]):
            missing = self._name_width() + sum(widths.values()) - self.viewport().width()
            widths[number] -= max(0, min(missing, widths[number] - least[number]))
        return widths

    def _name_width(self) -> int:
        """What the names need, within bounds."""
        metrics = self.fontMetrics()
        shortest, longest = (metrics.averageCharWidth() * most for most in (_SHORTEST_NAME, _LONGEST_NAME))
        texts = [metrics.horizontalAdvance(text) for text in self._runs.longest(0)]
        return max(shortest, min(longest, max(texts, default=0) + _CELL_MARGINS))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the name take the room that the other columns leave."""
        super().resizeEvent(event)
        if "_widths" in self.__dict__:  # Qt resizes a table once more when Python has taken it apart already
            self.fit_columns()

    def _stretch_name(self) -> None:
        header, before = self.horizontalHeader(), self._fitting
        others = sum(header.sectionSize(number) for number in range(1, header.count()))
        least = self._name_width()
        self._fitting = True
        header.resizeSection(0, self._widths.get(0, max(least, self.viewport().width() - others)))
        self._fitting = before

    @Slot(int, int, int)
    def _resized(self, number: int, before: int, width: int) -> None:
        if not self._fitting and before and width:  # 0: the column was hidden or shown
            self._widths[number] = width
            self._keep_layout()

    def show_column(self, key: str, shown: bool = True) -> None:
        """Show or hide a column; the name stays."""
        number = COLUMN_NUMBERS[key]
        if number:
            self._fitting = True
            self.horizontalHeader().setSectionHidden(number, not shown)
            self.fit_columns()
            self._keep_layout()

    def add_columns_to(self, menu: QMenu) -> None:
        """Fill a menu with all columns, ticked when shown, and the way back to the usual ones."""
        for number, column in enumerate(COLUMNS):
            action = QAction(
                column.column.heading,
                menu,
                checkable=True,
                checked=not self.isColumnHidden(number),
                enabled=bool(number),
            )
            action.setData(column.key)
            action.setToolTip(column.column.tip)
            action.toggled.connect(self._column_toggled)
            menu.addAction(action)
        menu.addSeparator()
        usual = QAction("Usual columns and widths", menu)
        usual.setObjectName("usualColumnsAction")
        usual.triggered.connect(self.use_usual_columns)
        menu.addAction(usual)

    @Slot()
    def use_usual_columns(self) -> None:
        """Forget which columns were chosen, moved and resized."""
        now = self.layout_now()
        self.apply_layout(TableLayout(sorted_by=now.sorted_by, descending=now.descending, grouped=now.grouped))
        self._keep_layout()

    @Slot(bool)
    def _column_toggled(self, shown: bool) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.show_column(action.data(), shown)

    @Slot(QPoint)
    def _open_columns_menu(self, position: QPoint) -> None:
        menu = QMenu("Columns", self)
        menu.setObjectName("columnsMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.add_columns_to(menu)
        menu.popup(self.horizontalHeader().mapToGlobal(position))

    # Headings

    def group(self, grouped: bool) -> None:
        """Put the runs under the headings of their studies, or not."""
        self._runs.group(grouped)
        self._keep_layout()

    def current_heading(self) -> StudyHeading | None:
        """The heading that the keyboard is on."""
        return self._runs.heading(self.currentIndex().row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Fold and unfold a heading with Left, Right, Enter and Space."""
        group = self.current_heading()
        if group is not None and event.key() in _FOLDING_KEYS and not event.modifiers():
            turned = {Qt.Key.Key_Left: True, Qt.Key.Key_Right: False}
            self._runs.fold(group.slug, turned.get(Qt.Key(event.key()), not group.collapsed))
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a heading's arrow folds it."""
        place = event.position().toPoint()
        group = self._runs.heading(self.rowAt(place.y()))
        super().mousePressEvent(event)
        if group is not None and place.x() < ARROW_WIDTH and event.button() is Qt.MouseButton.LeftButton:
            self._runs.fold(group.slug, not group.collapsed)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click anywhere on a heading folds it."""
        group = self._runs.heading(self.rowAt(event.position().toPoint().y()))
        if group is not None:
            self._runs.fold(group.slug, not group.collapsed)
            return
        super().mouseDoubleClickEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The cells, then the headings over them."""
        super().paintEvent(event)
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        rows = range(max(0, first), (last if last >= 0 else self._runs.rowCount() - 1) + 1)
        headings = [(row, group) for row in rows if (group := self._runs.heading(row)) is not None]
        if not headings:
            return
        painter = QPainter(self.viewport())
        for row, group in headings:
            rect = self.viewport().rect()
            rect.setTop(self.rowViewportPosition(row))
            rect.setHeight(self.rowHeight(row))
            current = row == self.currentIndex().row() and self.hasFocus()
            paint_heading(painter, self, rect, group, current=current)
        painter.end()

    # Selection

    def selected(self) -> tuple[RunSummary, ...]:
        """The selected runs from top to bottom."""
        # not `selectedRows`, which looks at every column of every row
        ranges = self.selectionModel().selection()
        parts = [ranges.at(place) for place in range(ranges.count())]
        rows = {row for part in parts for row in range(part.top(), part.bottom() + 1)}
        return tuple(run for row in sorted(rows) if (run := self._runs.run(row)) is not None)

    def current(self) -> RunSummary | None:
        """The run of the row that was touched last, when it is selected; otherwise the first selected one."""
        index = self.selectionModel().currentIndex()
        if index.isValid() and self.selectionModel().isRowSelected(index.row(), index.parent()):
            return self._runs.run(index.row())
        selected = self.selected()
        return selected[0] if selected else None

    def select(self, folders: tuple[Path, ...]) -> bool:
        """Select exactly the runs in these folders that are shown, scroll to the first; False when there is none."""
        rows = self._mark(folders)
        if rows:
            first = self._runs.index(rows[0], 0)
            self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.scrollTo(first)
        return bool(rows)

    def _mark(self, folders: Iterable[Path]) -> list[int]:
        """Select exactly the rows of these folders; returns them in the order of `folders`."""
        rows = [row for folder in folders if (row := self._runs.row_of(folder)) >= 0]
        selection = QItemSelection()
        for first, last in _runs_of(sorted(rows)):
            selection.select(self._runs.index(first, 0), self._runs.index(last, 0))
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)
        return rows

    @Slot()
    def _keep_selection(self) -> None:
        row = self.currentIndex().row()
        run, group = self._runs.run(row), self._runs.heading(row)
        current = group.slug if group is not None else None if run is None else run.folder
        folders = tuple(run.folder for run in self.selected())
        self._restorable = (folders, current, self.verticalScrollBar().value())

    @Slot()
    def _restore_selection(self) -> None:
        folders, current, scroll = self._restorable
        row = self._runs.heading_row(current) if isinstance(current, str) else -1
        if isinstance(current, Path):
            row = self._runs.row_of(current)
        self.restoring = True
        self._mark(folders)
        if row >= 0:
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(self._runs.index(row, 0), flags.NoUpdate)
        if self._runs.stays:
            self.verticalScrollBar().setValue(scroll)
        elif row >= 0:
            self.scrollTo(self._runs.index(row, 0))
        else:
            self.scrollToTop()
        self.restoring = False
        self.selection_restored.emit()


def _runs_of(rows: list[int]) -> list[tuple[int, int]]:
    """Neighbouring rows (sorted) joined to ranges: first and last of each."""
    ranges: list[tuple[int, int]] = []
    for row in rows:
        if ranges and ranges[-1][1] == row - 1:
            ranges[-1] = (ranges[-1][0], row)
        else:
            ranges.append((row, row))
    return ranges
