"""Draws the rows of the table of runs: the current row is framed as a whole, headings go over the whole width."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOption, QStyleOptionViewItem, QTableView

from skinkd_gui.results.arranging import StudyHeading
from skinkd_gui.widgets.theme import colours

_MARGIN = 5  # pixels
ARROW_WIDTH = 26  # pixels; a click here folds a heading


class RowDelegate(QStyledItemDelegate):
    """Cells without the frame of a single focused cell, which looks like a row that is not selected."""

    def __init__(self, table: QTableView) -> None:
        super().__init__(table)
        self._table = table

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """As usual, but no cell has the focus, and a study's runs leave out its name where space is short."""
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus
        _, colon, rest = option.text.partition(": ")
        if index.column() == 0 and colon:
            option.textElideMode = Qt.TextElideMode.ElideMiddle
            if option.fontMetrics.horizontalAdvance(option.text) > option.rect.width() - 2 * _MARGIN:
                option.text = f"…{rest}"

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The cell, with its part of the frame around the current row while the keyboard works on the table."""
        super().paint(painter, option, index)
        if index.row() == self._table.currentIndex().row() and self._table.hasFocus():
            rect: QRect = option.rect
            painter.save()
            painter.setPen(self._table.palette().color(QPalette.ColorRole.Text))
            painter.drawLine(rect.topLeft(), rect.topRight())
            painter.drawLine(rect.bottomLeft(), rect.bottomRight())
            painter.restore()


def paint_heading(painter: QPainter, table: QTableView, rect: QRect, group: StudyHeading, *, current: bool) -> None:
    """A study's heading over the whole width of the table."""
    palette = colours()
    painter.save()
    painter.fillRect(rect, table.palette().color(QPalette.ColorRole.Window))
    arrow = QStyleOption()
    arrow.initFrom(table)
    side = min(12, rect.height() - 6)
    arrow.rect = QRect(rect.left() + 8, rect.center().y() - side // 2, side, side)
    shape = (
        QStyle.PrimitiveElement.PE_IndicatorArrowRight
        if group.collapsed
        else QStyle.PrimitiveElement.PE_IndicatorArrowDown
    )
    table.style().drawPrimitive(shape, arrow, painter, table)
    font = table.font()
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(table.palette().color(QPalette.ColorRole.Text))
    words = rect.adjusted(ARROW_WIDTH + 2, 0, -8, 0)
    painter.drawText(
        words, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, _elided(painter, group.text, words)
    )
    painter.setPen(palette.line)
    painter.drawLine(rect.bottomLeft(), rect.bottomRight())
    if current:
        painter.setPen(palette.accent)
        painter.drawRect(rect.adjusted(0, 0, -1, -1))
    painter.restore()


def _elided(painter: QPainter, text: str, rect: QRect) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
