"""Eight class probabilities as bars, in plain words, always in the same order: malignant classes first."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.data.types import CLASS_CODES
from core.inference.results import MALIGNANT, PRECANCEROUS, Classification, class_group, class_name
from skinkd_gui.classify.cells import percent
from skinkd_gui.widgets.theme import colours, theme

_GAP = 10.0
_BENIGN = tuple(code for code in CLASS_CODES if code not in MALIGNANT + PRECANCEROUS)
ORDER = MALIGNANT + PRECANCEROUS + _BENIGN


class ProbabilityBars(QWidget):
    """One line per class: name and group, bar, percent. The diagnosis is bold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyBars")
        self.setAccessibleName("Probability of each class")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._values: dict[str, float] = {}
        self._code: str | None = None
        theme().changed.connect(self._restyle)

    def show_result(self, result: Classification | None) -> None:
        """Show the probabilities of a result, or empty bars."""
        known = result is not None and result.probabilities is not None
        self._code = result.code if result is not None else None
        self._values = dict(zip(result.classes, result.probabilities or (), strict=True)) if result and known else {}
        spoken = ", ".join(f"{_name(code)} {percent(self._values[code])}" for code in ORDER if code in self._values)
        self.setAccessibleDescription(spoken or "No result")
        self.update()

    def sizeHint(self) -> QSize:
        """Room for every line at the current size of type."""
        names = max(QFontMetricsF(self._font(bold=True)).horizontalAdvance(_name(code)) for code in ORDER)
        return QSize(round(names + self._percent_width() + 2 * _GAP + 120), round(self._line() * len(ORDER)))

    def minimumSizeHint(self) -> QSize:
        """As high as the hint; bars may get short."""
        hint = self.sizeHint()
        return QSize(hint.width() - 80, hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names, bars and numbers."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line, metrics = self._line(), QFontMetricsF(self._font(bold=True))
        names = max(metrics.horizontalAdvance(_name(code)) for code in ORDER) + _GAP
        numbers = self._percent_width() + _GAP
        length = max(0.0, self.width() - names - numbers)
        for number, code in enumerate(ORDER):
            top, value = number * line, self._values.get(code)
            painter.setFont(self._font(bold=code == self._code))
            painter.setPen(QColor(colours().text if self._values else colours().disabled))
            painter.drawText(QRectF(0, top, names, line), Qt.AlignmentFlag.AlignVCenter, _name(code))
            bar = QRectF(names, top + 0.28 * line, length, 0.44 * line)
            _draw_bar(painter, bar, value or 0.0, _colour(code))
            place = QRectF(names + length + _GAP, top, numbers - _GAP, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, percent(value))
        painter.end()

    def _line(self) -> float:
        return QFontMetricsF(self.font()).height() * 1.35

    def _percent_width(self) -> float:
        return QFontMetricsF(self._font(bold=True)).horizontalAdvance("> 99.9 %")

    def _font(self, *, bold: bool) -> QFont:
        font = QFont(self.font())
        font.setBold(bold)
        return font

    @Slot()
    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()


def _name(code: str) -> str:
    group = class_group(code)
    return f"{class_name(code)} ({group})" if group else class_name(code)


def _colour(code: str) -> QColor:
    if code in MALIGNANT:
        return QColor(colours().error)
    return QColor(colours().warning if code in PRECANCEROUS else colours().accent)


def _draw_bar(painter: QPainter, bar: QRectF, value: float, colour: QColor) -> None:
    radius = bar.height() / 2
    pen = painter.pen()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours().track))
    painter.drawRoundedRect(bar, radius, radius)
    if value > 0:  # clipped to the track's round ends, so that its length is the value even when it is small
        track = QPainterPath()
        track.addRoundedRect(bar, radius, radius)
        painter.save()
        painter.setClipPath(track)
        painter.fillRect(QRectF(bar.x(), bar.y(), bar.width() * value, bar.height()), colour)
        painter.restore()
    painter.setPen(pen)
