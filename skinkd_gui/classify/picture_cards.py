"""Cards in a list view: a picture, and lines of words below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from skinkd_gui.widgets.theme import colours

_MARGIN = 8
_GAP = 2


@dataclass(frozen=True)
class CardLine:
    """A line of words; `head` is shortened where both are too long, `tail` never."""

    head: str
    colour: QColor
    tail: str = ""
    bold: bool = False


class CardSource(Protocol):
    """What a model must tell of its rows."""

    def file(self, row: int) -> Path | None:
        """The picture's file, where it is known."""

    def thumbnail(self, row: int) -> QPixmap | None:
        """The picture; None while it is loaded, and a null pixmap for one that can not be shown."""


class PictureCards(QStyledItemDelegate):
    """Paints cards of one size; asks the model for a picture only when its card is painted.

    Who inherits says what stands on a card.
    """

    def __init__(self, model: CardSource, thumbnail: QSize, parent: QListView) -> None:
        super().__init__(parent)
        self._source = model
        self._thumbnail = thumbnail
        self.pictures = True

    def line_count(self) -> int:
        """How many lines of words every card has."""
        raise NotImplementedError

    def lines(self, row: int, palette: QPalette) -> Sequence[CardLine]:
        """The words of a card."""
        raise NotImplementedError

    def card_size(self, font: QFont) -> QSize:
        """The size of every card in this type."""
        height = self.line_count() * (QFontMetrics(font).height() + _GAP) + 2 * _MARGIN
        picture = self._thumbnail.height() + 6 if self.pictures else 0
        return QSize(self._thumbnail.width() + 2 * _MARGIN, height + picture)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """The same for all."""
        return self.card_size(option.font)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw one card."""
        rect: QRect = option.rect.adjusted(3, 3, -3, -3)
        palette, font = option.palette, option.font
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QColor(colours().accent if selected else colours().line))
        painter.setBrush(QColor(colours().alternate if selected else colours().base))
        painter.drawRoundedRect(rect, 6, 6)
        if selected:
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 5, 5)
        inner = rect.adjusted(_MARGIN - 3, _MARGIN - 3, 3 - _MARGIN, 3 - _MARGIN)
        if self.pictures:
            area = QRect(inner.left(), inner.top(), inner.width(), self._thumbnail.height())
            self._paint_picture(painter, area, index.row(), palette)
            inner.setTop(area.bottom() + 6)
        self._paint_words(painter, inner, self.lines(index.row(), palette), font)
        painter.restore()

    def _paint_picture(self, painter: QPainter, area: QRect, row: int, palette: QPalette) -> None:
        picture = self._source.thumbnail(row)
        if picture is None or picture.isNull():
            painter.setPen(palette.placeholderText().color())
            known = self._source.file(row) is not None
            text = "" if known and picture is None else "Can not be shown" if known else "No picture"
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
            return
        size = picture.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(area.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(target, picture)

    def _paint_words(self, painter: QPainter, target: QRect, lines: Sequence[CardLine], font: QFont) -> None:
        metrics = QFontMetrics(font)
        bold = QFont(font)
        bold.setBold(True)
        top = target.top()
        for line in lines:
            width = target.width() - metrics.horizontalAdvance(line.tail)
            text = metrics.elidedText(line.head, Qt.TextElideMode.ElideMiddle, width) + line.tail
            painter.setPen(line.colour)
            painter.setFont(bold if line.bold else font)
            painter.drawText(QRect(target.left(), top, target.width(), metrics.height()), 0, text)
            top += metrics.height() + _GAP


def lay_out_cards(view: QListView) -> None:
    """Show a list as cards beside and below each other, laid out in portions."""
    view.setViewMode(QListView.ViewMode.IconMode)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.setMovement(QListView.Movement.Static)
    view.setLayoutMode(QListView.LayoutMode.Batched)
    view.setBatchSize(400)
    view.setUniformItemSizes(True)
    view.setSpacing(2)
    view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
