"""A small read-only table of texts, with the values behind them for export."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from core.reporting.style import shorten

_LONGEST_TITLE = 18


class PlainTable(QTableWidget):
    """Shows rows of texts; the first column is on the left, the others are numbers on the right. Ctrl+C copies."""

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

    def fill(self, header: Sequence[str], rows: Sequence[Sequence[str]], *, text_columns: int = 1) -> None:
        """Replace everything; the first `text_columns` columns are words, the others numbers."""
        self.clear()
        self.setColumnCount(len(header))
        self.setRowCount(len(rows))
        for column, title in enumerate(header):
            item = QTableWidgetItem(shorten(title, _LONGEST_TITLE))
            item.setToolTip(title)
            item.setTextAlignment(_alignment(column < text_columns))
            self.setHorizontalHeaderItem(column, item)
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(_alignment(column < text_columns))
                item.setToolTip(text)
                self.setItem(row, column, item)
        self.resizeColumnsToContents()
        self.resizeRowsToContents()
        if header:
            self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            self.horizontalHeader().setMinimumSectionSize(60)

    def embolden(self, row: int, column: int) -> None:
        """Make one cell stand out."""
        item = self.item(row, column)
        if item is not None:
            font = item.font()
            font.setBold(True)
            item.setFont(font)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the selected cells as text that spreadsheets take."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QApplication.clipboard().setText(self._selected_text())
            return
        super().keyPressEvent(event)

    def _selected_text(self) -> str:
        lines: dict[int, list[str]] = {}
        for index in sorted(self.selectedIndexes(), key=lambda found: (found.row(), found.column())):
            lines.setdefault(index.row(), []).append(str(index.data() or ""))
        return "\n".join("\t".join(cells) for cells in lines.values())


def _alignment(left: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
