"""A small read-only table of results, with buttons that copy and save it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QHeaderView,
    QMenu,
    QSizePolicy,
    QSpacerItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from core.reporting.short_text import shorten
from core.reporting.table import ResultsTable
from skinkd_gui.results.exporting import save_table_as
from skinkd_gui.widgets.flow_layout import FlowLayout, flow_of
from skinkd_gui.widgets.labels import make_label, plain_tip
from skinkd_gui.widgets.layouts import as_list, column_of, row_of
from skinkd_gui.widgets.parts import make_button

_LONGEST_TITLE = 24
_WIDEST = 44  # characters
_WIDEST_OF_MANY = 30
_FEW_COLUMNS = 4
_EMPTY = ResultsTable("")


class PlainTable(QTableWidget):
    """Shows a table of results; words are on the left, numbers on the right. Ctrl+C copies the selected cells."""

    opened = Signal(int)  # a row was double-clicked, or Enter was pressed on it

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        as_list(self)
        self.setVerticalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        self._natural: list[int] = []
        self._stretched = 0
        self.cellDoubleClicked.connect(self._open_row)

    def set_stretched(self, column: int) -> None:
        """Let this column, of long texts that break into lines, take the width that the others leave."""
        self._stretched = column
        self.setWordWrap(True)

    def fill(self, table: ResultsTable) -> None:
        """Replace everything."""
        self.clear()
        self.setColumnCount(len(table.columns))
        self.setRowCount(len(table.rows))
        for number, column in enumerate(table.columns):
            item = QTableWidgetItem(shorten(column.heading, _LONGEST_TITLE))
            item.setToolTip(plain_tip(column.tip or column.heading))
            item.setTextAlignment(_alignment(column.words))
            self.setHorizontalHeaderItem(number, item)
        for row, texts in enumerate(table.texts):
            for number, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(_alignment(table.columns[number].words))
                item.setToolTip(plain_tip(text))
                self.setItem(row, number, item)
        for row, number in table.bold:
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
        """Let one column, the first unless another is set, take the width that the others leave."""
        super().resizeEvent(event)
        self._stretch()

    def _stretch(self) -> None:
        if self._natural:
            column = min(self._stretched, len(self._natural) - 1)
            others = sum(self._natural) - self._natural[column]
            self.setColumnWidth(column, max(self._natural[column], self.viewport().width() - others))
            if self.wordWrap():
                self.resizeRowsToContents()

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
        self.shown = _EMPTY
        self._stem = name
        self.table = PlainTable(f"{name}Table", accessible, self)
        self._heading = make_label(heading, "heading", self, wrap=True)
        self._copy = make_button("Copy table", f"{name}CopyTable", self)
        self._copy.setMenu(self._build_menu(name))
        self._save = make_button(
            "Save table...", f"{name}SaveTable", self, tip="Save as CSV, Markdown or LaTeX", clicked=self._save_as
        )
        self._note = make_label("", "small", self, wide=True)
        self._controls = flow_of(self._copy, self._save, parent=self)
        row = row_of((self._heading, 1), self._controls)
        column = column_of(row, (self.table, 1), self._note, on=self, margins=0)
        column.addItem(QSpacerItem(0, 0, vData=QSizePolicy.Policy.Expanding))  # in place of a table that is hidden
        self.set_table(_EMPTY, name)

    def add_control(self, widget: QWidget) -> None:
        """Put a widget beside the buttons."""
        layout = self._controls.layout()
        if isinstance(layout, FlowLayout):
            layout.insert_before_last(widget)

    def set_heading(self, text: str) -> None:
        """Say what the table shows."""
        self._heading.setText(text)

    def set_table(self, table: ResultsTable, stem: str, hint: str = "") -> None:
        """Show a table, proposed for saving as `stem`; its notes stand below it, after what can be done with it."""
        self.shown, self._stem = table, stem
        self.table.fill(table)
        self.table.setVisible(bool(table.columns))
        notes = [*([hint] if hint and table.rows else []), *table.notes]
        self._note.setText(" ".join(notes))
        self._note.setVisible(bool(notes))
        for button in (self._copy, self._save):
            button.setEnabled(bool(table.rows))

    def _build_menu(self, name: str) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName(f"{name}CopyMenu")
        kinds = (("Copy as CSV", self.copy_csv), ("Copy as Markdown", self.copy_markdown),
                 ("Copy as LaTeX", self.copy_latex))  # fmt: skip
        for text, slot in kinds:
            menu.addAction(text, slot)
        return menu

    @Slot()
    def copy_csv(self) -> None:
        """Put the values on the clipboard."""
        QApplication.clipboard().setText(self.shown.to_csv())

    @Slot()
    def copy_markdown(self) -> None:
        """Put the texts on the clipboard, for notes."""
        QApplication.clipboard().setText(self.shown.to_markdown())

    @Slot()
    def copy_latex(self) -> None:
        """Put the texts on the clipboard, for papers."""
        QApplication.clipboard().setText(self.shown.to_latex())

    @Slot()
    def _save_as(self) -> None:
        save_table_as(self, self.shown, self._stem)


def _alignment(left: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
