"""The list of a choice among entries: each with its title, and below it what it is for and when it pays."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QComboBox, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from core.recipe import FieldSpec
from skinkd_gui.training.wizard.texts import choice_help
from skinkd_gui.widgets.fitting import in_text

_WIDTH = 590  # pixels at 100 % of text
_WIDEST = 900
_MARGIN = 6
_ABOUT_ROLE = Qt.ItemDataRole.AccessibleDescriptionRole

Index = QModelIndex | QPersistentModelIndex


class EntryDelegate(QStyledItemDelegate):
    """Draws an entry in two parts: its title, and a smaller text in as many lines as it takes."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's."""
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected:
            painter.fillRect(option.rect, option.palette.highlight())
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        painter.setPen(option.palette.color(role))
        inner = option.rect.adjusted(_MARGIN, _MARGIN // 2, -_MARGIN, -_MARGIN // 2)
        titles = QFontMetrics(_bold(option.font))
        painter.setFont(_bold(option.font))
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop, index.data(Qt.ItemDataRole.DisplayRole))
        painter.setFont(option.font)
        painter.drawText(inner.adjusted(0, titles.lineSpacing(), 0, 0), Qt.TextFlag.TextWordWrap, _about(index))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Qt's."""
        metrics = QFontMetrics(option.font)
        lines = metrics.boundingRect(
            QRect(0, 0, _width() - 2 * _MARGIN, 10_000), Qt.TextFlag.TextWordWrap, _about(index)
        )
        return QSize(0, QFontMetrics(_bold(option.font)).lineSpacing() + lines.height() + _MARGIN)


def show_as_entries(combo: QComboBox, spec: FieldSpec) -> None:
    """Let the list of a combo box say of each of the field's entries what it is for."""
    for place, entry in enumerate(spec.entries):
        combo.setItemData(place, choice_help(spec, entry.name), _ABOUT_ROLE)
    combo.setItemDelegate(EntryDelegate(combo))
    combo.view().setMinimumWidth(_width())
    combo.setMaxVisibleItems(len(spec.entries))


def _width() -> int:
    return min(in_text(_WIDTH), _WIDEST)


def _about(index: Index) -> str:
    return str(index.data(_ABOUT_ROLE) or "")


def _bold(font: QFont) -> QFont:
    found = QFont(font)
    found.setBold(True)
    return found
