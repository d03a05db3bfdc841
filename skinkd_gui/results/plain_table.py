"""A small read-only table of results, with buttons that copy and save it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from core.errors import SkinKDError
from core.reporting.short_text import shorten
from skinkd_gui.results.exporting import TEXT_TABLE_FILTERS, ask_for_file
from skinkd_gui.results.figure_panel import make_button
from skinkd_gui.results.grid import Grid
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import make_label, plain_tip
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of

_LONGEST_TITLE = 22
_WIDEST = 44  # characters
_WIDEST_OF_MANY = 30
_FEW_COLUMNS = 4
_EMPTY = Grid("")


class PlainTable(QTableWidget):
    """Shows a grid; words are on the left, numbers on the right. Ctrl+C copies the selected cells."""

    opened = Signal(int)  # a row was double-clicked, or Enter was pressed on it

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self._natural: list[int] = []
        self.cellDoubleClicked.connect(self._open_row)

    def fill(self, grid: Grid) -> None:
        """Replace everything."""
        self.clear()
        self.setColumnCount(len(grid.columns))
        self.setRowCount(len(grid.rows))
        for number, column in enumerate(grid.columns):
            item = QTableWidgetItem(shorten(column.title, _LONGEST_TITLE))
            item.setToolTip(plain_tip(column.tip or column.title))
            item.setTextAlignment(_alignment(column.words))
            self.setHorizontalHeaderItem(number, item)
        for row, cells in enumerate(grid.rows):
            for number, cell in enumerate(cells):
                item = QTableWidgetItem(cell.text)
                item.setTextAlignment(_alignment(grid.columns[number].words))
                item.setToolTip(plain_tip(cell.text))
                self.setItem(row, number, item)
        for row, number in grid.bold:
            self._embolden(row, number)
        self._fit()

    def _fit(self) -> None:
        self.resizeColumnsToContents()
        self.resizeRowsToContents()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(50)
        characters = _WIDEST if self.columnCount() <= _FEW_COLUMNS else _WIDEST_OF_MANY
        widest = self.fontMetrics().averageCharWidth() * characters
        for column in range(self.columnCount()):
            self.setColumnWidth(column, min(widest, self.columnWidth(column)))
        self._natural = [self.columnWidth(column) for column in range(self.columnCount())]
        self._stretch()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the first column take the room that the others leave."""
        super().resizeEvent(event)
        self._stretch()

    def _stretch(self) -> None:
        if self._natural:
            self.setColumnWidth(0, max(self._natural[0], self.viewport().width() - sum(self._natural[1:])))

    def show_all_rows(self) -> None:
        """Be as high as the rows need, so that only what is around the table scrolls."""
        rows = sum(self.rowHeight(row) for row in range(self.rowCount()))
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows + bar + 2 * self.frameWidth())

    def _embolden(self, row: int, column: int) -> None:
        item = self.item(row, column)
        if item is not None:
            font = item.font()
            font.setBold(True)
            item.setFont(font)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the selected cells as text that spreadsheets take; open the row with Enter."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QApplication.clipboard().setText(self._selected_text())
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentRow() >= 0:
            self.opened.emit(self.currentRow())
            return
        super().keyPressEvent(event)

    @Slot(int, int)
    def _open_row(self, row: int, column: int) -> None:
        self.opened.emit(row)

    def _selected_text(self) -> str:
        lines: dict[int, list[str]] = {}
        for index in sorted(self.selectedIndexes(), key=lambda cell: (cell.row(), cell.column())):
            lines.setdefault(index.row(), []).append(str(index.data() or ""))
        return "\n".join("\t".join(cells) for cells in lines.values())


class TablePanel(QWidget):
    """A table under its heading, with "Copy table" (CSV, Markdown, LaTeX) and "Save table...".

    `name` begins the object names: nameTable, nameCopyTable, nameSaveTable.
    """

    def __init__(self, heading: str, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = _EMPTY
        self._stem = name
        self.table = PlainTable(f"{name}Table", accessible, self)
        self._heading = make_label(heading, "heading", self)
        self._copy = make_button("Copy table", f"{name}CopyTable", self)
        self._copy.setMenu(self._build_menu(name))
        self._save = make_button("Save table...", f"{name}SaveTable", self)
        self._save.setToolTip("Save as CSV, Markdown or LaTeX")
        self._save.clicked.connect(self._save_as)
        self._note = make_label("", "small", self, wrap=True)
        self._row = row_of(self._heading, STRETCH, self._copy, self._save)
        column_of(self._row, (self.table, 1), self._note, on=self, margins=0)
        self.set_grid(_EMPTY, name)

    def add_control(self, widget: QWidget) -> None:
        """Put a widget in front of the buttons."""
        self._row.insertWidget(self._row.count() - 2, widget)

    def set_heading(self, text: str) -> None:
        """Say what the table shows."""
        self._heading.setText(text)

    def set_grid(self, grid: Grid, stem: str) -> None:
        """Show a grid, proposed for saving as `stem`; its notes stand below it."""
        self.grid, self._stem = grid, stem
        self.table.fill(grid)
        self._note.setText(" ".join(grid.notes))
        self._note.setVisible(bool(grid.notes))
        for button in (self._copy, self._save):
            button.setEnabled(bool(grid.rows))

    def _build_menu(self, name: str) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName(f"{name}CopyMenu")
        kinds = (("Copy as CSV", self.copy_csv), ("Copy as Markdown", self.copy_markdown),
                 ("Copy as LaTeX", self.copy_latex))  # fmt: skip
        for text, slot in kinds:
            action = QAction(text, menu)
            action.triggered.connect(slot)
            menu.addAction(action)
        return menu

    @Slot()
    def copy_csv(self) -> None:
        """Put the values on the clipboard."""
        QApplication.clipboard().setText(self.grid.to_csv())

    @Slot()
    def copy_markdown(self) -> None:
        """Put the texts on the clipboard, for notes."""
        QApplication.clipboard().setText(self.grid.table().to_markdown())

    @Slot()
    def copy_latex(self) -> None:
        """Put the texts on the clipboard, for papers."""
        QApplication.clipboard().setText(self.grid.table().to_latex())

    @Slot()
    def _save_as(self) -> None:
        path = ask_for_file(self, "Save table", self._stem, TEXT_TABLE_FILTERS)
        if path is None:
            return
        try:
            _write(self.grid, path)
        except SkinKDError as error:
            show_error(self, error)


def _write(grid: Grid, path: Path) -> None:
    from core.reporting.saving import save_table

    if path.suffix.lower() == ".csv":
        save_table(grid.field_names, grid.field_rows, path)
        return
    text = grid.table().to_latex() if path.suffix.lower() == ".tex" else grid.table().to_markdown()
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SkinKDError("The file can not be written", f"{path} was not written.", str(error)) from error


def _alignment(left: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
