"""Class probabilities as bars, in plain words, always in the same order: the malignant group first.

With a second answer both models' bars stand beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
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

from core.classes import Malignancy
from core.inference.results import Classification
from core.quantities import probability
from skinkd_gui.classify.bar_lines import Line, lines_of
from skinkd_gui.widgets.theme import colours, theme

_GAP = 10.0
_SHORTEST, _USUAL = 36, 84  # of a bar


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
        self._lines: tuple[Line, ...] = ()
        self._chosen = ""
        theme().changed.connect(self._restyle)

    # --- what is shown ---

    def show_result(self, result: Classification | None, *, dimmed: bool = False) -> None:
        """Show the probabilities of one result, or empty bars; `dimmed` ones mean nothing."""
        self.show_results((("", result, dimmed),))

    def show_results(self, results: Sequence[tuple[str, Classification | None, bool]]) -> None:
        """Show the results of one or two models: each with the model's name, and whether it means nothing."""
        self._columns = tuple(_column(*result) for result in results)
        answered = [result for _, result, _ in results if result is not None]
        if answered:  # without an answer the lines stay, empty
            self._lines = lines_of(answered)
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
            words = [f"{line.label} {probability(line.value(values))}" for line in self._lines if values]
            if words:
                said.append(f"{column.name}: {', '.join(words)}" if column.name else ", ".join(words))
        return ". ".join(said) or "No result"

    # --- mouse and keys ---

    def event(self, event: QEvent) -> bool:
        """Explain the class under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            line = self._line_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), line.tip if line else "", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the class under the mouse."""
        line = self._line_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and line is not None and not line.heading:
            self._choose(line.code)
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the next or the previous class."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        order = [line.code for line in self._lines if not line.heading]
        if order:
            place = order.index(self._chosen) + step if self._chosen in order else 0
            self._choose(order[min(max(place, 0), len(order) - 1)])

    def _choose(self, code: str) -> None:
        self.choose(code)
        self.selected.emit(code)

    def _line_at(self, point: QPointF) -> Line | None:
        number = int((point.y() - self._top()) // self._line())
        return self._lines[number] if 0 <= number < len(self._lines) else None

    # --- geometry ---

    def sizeHint(self) -> QSize:
        """Room for every line at the current size of type."""
        return QSize(self._width(_USUAL), round(self._top() + self._line() * len(self._lines)) + 1)

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
        return max((metrics.horizontalAdvance(line.label) for line in self._lines), default=0.0) + 2 * _GAP

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
        for number, line in enumerate(self._lines):
            box = QRectF(0, self._top() + number * self._line(), self.width() - 1, self._line())
            self._paint_name(painter, box, line)
            for place, column in enumerate(self._columns):
                bar = QRectF(names + place * room, box.y() + 0.28 * box.height(), length, 0.44 * box.height())
                self._paint_value(painter, bar, line, column)
        if len(self._columns) > 1:
            self._paint_titles(painter, names, room)
        painter.end()

    def _paint_name(self, painter: QPainter, box: QRectF, line: Line) -> None:
        if line.code == self._chosen and not line.heading:
            painter.setPen(QPen(QColor(colours().accent if self.hasFocus() else colours().line), 1))
            painter.setBrush(QColor(colours().alternate))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setFont(self._font(bold=line.heading or any(line.code == column.code for column in self._columns)))
        painter.setPen(self._ink())
        indent = 0.0 if line.heading else _GAP
        painter.drawText(box.adjusted(4 + indent, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, line.label)

    def _paint_value(self, painter: QPainter, bar: QRectF, line: Line, column: _Column) -> None:
        value = line.value(column.values)
        if not line.heading:
            _draw_bar(painter, bar, value or 0.0, _colour(line.group, dimmed=column.dimmed))
        painter.setFont(self._font(bold=line.heading or line.code == column.code))
        painter.setPen(self._ink(column))
        place = QRectF(bar.right() + _GAP, bar.y() - bar.height(), self._percent_width(), 3 * bar.height())
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(place, right, probability(value))

    def _paint_titles(self, painter: QPainter, names: float, available: float) -> None:
        painter.setFont(self._font(bold=True))
        metrics = QFontMetricsF(self._font(bold=True))
        for place, column in enumerate(self._columns):
            box = QRectF(names + place * available, 0, available - _GAP, self._line())
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
    return _Column(name, dict(zip(result.classes.codes, result.probabilities, strict=True)), result.code, dimmed)


def _colour(group: Malignancy, *, dimmed: bool) -> QColor:
    if dimmed:
        return QColor(colours().disabled)
    serious = {Malignancy.MALIGNANT: colours().error, Malignancy.PRECANCEROUS: colours().warning}
    return QColor(serious.get(group, colours().accent))


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
