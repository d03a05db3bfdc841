"""Eight class probabilities as bars, in plain words, always in the same order: the malignant group first.

With a second answer both models' bars stand beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from core.data.types import CLASS_CODES
from core.inference.results import MALIGNANT, PRECANCEROUS, Classification, class_name
from resources.classes import class_descriptions
from skinkd_gui.classify.cells import percent
from skinkd_gui.widgets.theme import colours, theme

_GAP = 10.0
_SHORTEST, _USUAL = 36, 84  # of a bar
_BENIGN = tuple(code for code in CLASS_CODES if code not in MALIGNANT + PRECANCEROUS)
_MALIGNANT_ROW, _BENIGN_ROW = "malignant", "benign"

ORDER = MALIGNANT + PRECANCEROUS + _BENIGN
"""The classes from top to bottom."""

ROWS = (_MALIGNANT_ROW, *MALIGNANT, *PRECANCEROUS, _BENIGN_ROW, *_BENIGN)
"""All lines: the headings of the groups, and the classes."""


@dataclass(frozen=True)
class _Column:
    """One model's answer: its name, its probabilities by class, and the class it names."""

    name: str
    values: dict[str, float]
    code: str | None
    dimmed: bool = False


class ProbabilityBars(QWidget):
    """One line per class: name, bar, percent. The diagnosis is bold. A click or the arrow keys choose a class."""

    selected = Signal(str)  # the class code of the line that was chosen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyBars")
        self.setAccessibleName("Probability of each class")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._columns: tuple[_Column, ...] = (_Column("", {}, None),)
        self._chosen = ""
        theme().changed.connect(self._restyle)

    # --- what is shown ---

    def show_result(self, result: Classification | None, *, dimmed: bool = False) -> None:
        """Show the probabilities of one result, or empty bars; `dimmed` ones mean nothing."""
        self.show_results((("", result, dimmed),))

    def show_results(self, results: Sequence[tuple[str, Classification | None, bool]]) -> None:
        """Show the results of one or two models: each with the model's name, and whether it means nothing."""
        self._columns = tuple(_column(*result) for result in results)
        self.setAccessibleDescription(self._spoken())
        self.updateGeometry()
        self.update()

    def choose(self, code: str) -> None:
        """Mark the line of a class, of none with an empty code; tells nobody."""
        self._chosen = code
        self.update()

    def _spoken(self) -> str:
        said = []
        for column in self._columns:
            values = column.values
            words = [f"{_label(row)} {percent(_value(row, values))}" for row in ROWS if _value(row, values) is not None]
            if words:
                said.append(f"{column.name}: {', '.join(words)}" if column.name else ", ".join(words))
        return ". ".join(said) or "No result"

    # --- mouse and keys ---

    def event(self, event: QEvent) -> bool:
        """Explain the class under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            row = self._row_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), _tip(row), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the class under the mouse."""
        row = self._row_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and row in ORDER:
            self._choose(row)
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the next or the previous class."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        place = ORDER.index(self._chosen) + step if self._chosen in ORDER else 0
        self._choose(ORDER[min(max(place, 0), len(ORDER) - 1)])

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """No more."""
        self.update()
        super().focusOutEvent(event)

    def _choose(self, code: str) -> None:
        self.choose(code)
        self.selected.emit(code)

    def _row_at(self, point: QPointF) -> str:
        number = int((point.y() - self._top()) // self._line())
        return ROWS[number] if 0 <= number < len(ROWS) else ""

    # --- geometry ---

    def sizeHint(self) -> QSize:
        """Room for every line at the current size of type."""
        return QSize(self._width(_USUAL), round(self._top() + self._line() * len(ROWS)) + 1)

    def minimumSizeHint(self) -> QSize:
        """As high as the hint; bars may get short."""
        return QSize(self._width(_SHORTEST), self.sizeHint().height())

    def _width(self, bar: int) -> int:
        return round(self._names_width() + len(self._columns) * (bar + self._percent_width() + 2 * _GAP)) + 4

    def _line(self) -> float:
        return QFontMetricsF(self.font()).height() * 1.32

    def _top(self) -> float:
        """Where the lines begin: below the names of the models, where there are two."""
        return self._line() if len(self._columns) > 1 else 0.0

    def _names_width(self) -> float:
        metrics = QFontMetricsF(self._font(bold=True))
        return max(metrics.horizontalAdvance(_label(code)) for code in ROWS) + 2 * _GAP

    def _percent_width(self) -> float:
        return QFontMetricsF(self._font(bold=True)).horizontalAdvance("> 99.9 %")

    def _font(self, *, bold: bool) -> QFont:
        font = QFont(self.font())
        font.setBold(bold)
        return font

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names, bars and numbers."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        names, numbers = self._names_width(), self._percent_width()
        room = (self.width() - names - 2) / len(self._columns)
        length = max(0.0, room - numbers - 2 * _GAP)
        for number, row in enumerate(ROWS):
            line = QRectF(0, self._top() + number * self._line(), self.width() - 1, self._line())
            self._paint_name(painter, line, row)
            for place, column in enumerate(self._columns):
                bar = QRectF(names + place * room, line.y() + 0.28 * line.height(), length, 0.44 * line.height())
                self._paint_value(painter, bar, row, column)
        if len(self._columns) > 1:
            self._paint_titles(painter, names, room)
        painter.end()

    def _paint_name(self, painter: QPainter, line: QRectF, row: str) -> None:
        heading = row not in ORDER
        if row == self._chosen:
            painter.setPen(QPen(QColor(colours().accent if self.hasFocus() else colours().line), 1))
            painter.setBrush(QColor(colours().alternate))
            painter.drawRoundedRect(line.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setFont(self._font(bold=heading or any(row == column.code for column in self._columns)))
        painter.setPen(self._ink())
        indent = 0.0 if heading else _GAP
        painter.drawText(line.adjusted(4 + indent, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, _label(row))

    def _paint_value(self, painter: QPainter, bar: QRectF, row: str, column: _Column) -> None:
        heading = row not in ORDER
        value = _value(row, column.values)
        if not heading:
            _draw_bar(painter, bar, value or 0.0, _colour(row, dimmed=column.dimmed))
        painter.setFont(self._font(bold=heading or row == column.code))
        painter.setPen(self._ink(column))
        place = QRectF(bar.right() + _GAP, bar.y() - bar.height(), self._percent_width(), 3 * bar.height())
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(place, right, percent(value))

    def _paint_titles(self, painter: QPainter, names: float, room: float) -> None:
        painter.setFont(self._font(bold=True))
        metrics = QFontMetricsF(self._font(bold=True))
        for place, column in enumerate(self._columns):
            box = QRectF(names + place * room, 0, room - _GAP, self._line())
            text = metrics.elidedText(column.name, Qt.TextElideMode.ElideMiddle, box.width())
            painter.setPen(self._ink(column))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _ink(self, *columns: _Column) -> QColor:
        """The colour of text on some columns, on all of them where none is named."""
        columns = columns or self._columns
        if not any(column.values for column in columns):
            return QColor(colours().disabled)
        return QColor(colours().muted if all(column.dimmed for column in columns) else colours().text)

    @Slot()
    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()


def _column(name: str, result: Classification | None, dimmed: bool) -> _Column:
    if result is None or result.probabilities is None:
        return _Column(name, {}, None, dimmed)
    return _Column(name, dict(zip(result.classes, result.probabilities, strict=True)), result.code, dimmed)


def _colour(code: str, *, dimmed: bool) -> QColor:
    if dimmed:
        return QColor(colours().disabled)
    if code in MALIGNANT:
        return QColor(colours().error)
    return QColor(colours().warning if code in PRECANCEROUS else colours().accent)


def _value(row: str, values: dict[str, float]) -> float | None:
    """The probability of a class or of a group; None without a result."""
    if row in ORDER:
        return values.get(row)
    group = MALIGNANT if row == _MALIGNANT_ROW else _BENIGN
    return min(1.0, sum(values.get(code, 0.0) for code in group)) if values else None


def _label(row: str) -> str:
    if row == _MALIGNANT_ROW:
        return "Malignant together"
    if row == _BENIGN_ROW:
        return "Benign together"
    return f"{class_name(row)} (precancerous)" if row in PRECANCEROUS else class_name(row)


def _tip(row: str) -> str:
    if row == _MALIGNANT_ROW:
        return "Melanoma, basal cell carcinoma and squamous cell carcinoma; the precancerous class is not counted."
    if row == _BENIGN_ROW:
        return "The four harmless classes"
    described = class_descriptions().get(row)
    return (
        f"<p><b>{described.name}</b> ({described.group}). {described.summary} {described.text}</p>" if described else ""
    )


def _draw_bar(painter: QPainter, bar: QRectF, value: float, colour: QColor) -> None:
    radius = bar.height() / 2
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
