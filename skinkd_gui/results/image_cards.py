"""How a test image is drawn in a list: picture, what the runs said, the truth, the name."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from core.quantities import probability
from skinkd_gui.results.cases import Case, CasePrediction
from skinkd_gui.results.images_model import THUMBNAIL, CaseImagesModel
from skinkd_gui.widgets.theme import colours

_MARGIN = 8
_GAP = 2


class CardDelegate(QStyledItemDelegate):
    """Paints cards of one size; asks the model for a picture only when its card is painted."""

    def __init__(self, model: CaseImagesModel, parent: QListView) -> None:
        super().__init__(parent)
        self._model = model
        self.pictures = True

    def card_size(self, font: QFont) -> QSize:
        """The size of every card in this type."""
        lines = 2 + len(self._model.list.runs)
        height = lines * (QFontMetrics(font).height() + _GAP) + 2 * _MARGIN
        return QSize(THUMBNAIL.width() + 2 * _MARGIN, height + (THUMBNAIL.height() + 6 if self.pictures else 0))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """The same for all."""
        return self.card_size(option.font)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw one card."""
        rect: QRect = option.rect.adjusted(3, 3, -3, -3)
        state = option.state
        palette, font = option.palette, option.font
        painter.save()
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.setPen(QColor(colours().accent if selected else colours().line))
        painter.setBrush(QColor(colours().alternate if selected else colours().base))
        painter.drawRoundedRect(rect, 6, 6)
        if selected:
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 5, 5)
        inner = rect.adjusted(_MARGIN - 3, _MARGIN - 3, 3 - _MARGIN, 3 - _MARGIN)
        if self.pictures:
            place = QRect(inner.left(), inner.top(), inner.width(), THUMBNAIL.height())
            self._paint_picture(painter, place, index.row(), palette)
            inner.setTop(place.bottom() + 6)
        self._paint_words(painter, inner, self._model.case(index.row()), font, palette)
        painter.restore()

    def _paint_picture(self, painter: QPainter, area: QRect, row: int, palette: QPalette) -> None:
        picture = self._model.thumbnail(row)
        if picture is None or picture.isNull():
            painter.setPen(palette.placeholderText().color())
            known = self._model.file(row) is not None
            text = "" if known and picture is None else "Can not be shown" if known else "No picture"
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
            return
        size = picture.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(area.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(target, picture)

    def _paint_words(self, painter: QPainter, target: QRect, case: Case, font: QFont, palette: QPalette) -> None:
        metrics = QFontMetrics(font)
        bold = QFont(font)
        bold.setBold(True)
        lines = [(f"Truth: {case.truth}", palette.text().color(), bold)]
        runs = self._model.list.runs
        for run, prediction in zip(runs, case.predictions, strict=True):
            right = prediction.code == case.truth
            name = f"{run}: " if len(runs) > 1 else ""
            tail = _said(prediction, right)
            room = target.width() - metrics.horizontalAdvance(tail)
            text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room) + tail
            lines.append((text, QColor(colours().success if right else colours().warning), font))
        name_text = metrics.elidedText(case.name, Qt.TextElideMode.ElideMiddle, target.width())
        lines.append((name_text, palette.placeholderText().color(), font))
        top = target.top()
        for text, colour, type_ in lines:
            painter.setPen(colour)
            painter.setFont(type_)
            painter.drawText(QRect(target.left(), top, target.width(), metrics.height()), 0, text)
            top += metrics.height() + _GAP


def _said(prediction: CasePrediction, right: bool) -> str:
    return f"{'✓' if right else '✗'} {prediction.code} {probability(prediction.probability)}"
