"""Rows of a form: a title, a field and words about it, beside each other or, in a narrow window, below each other."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from skinkd_gui.widgets.fitting import in_text, is_left_out

TITLE_WIDTH = 160  # pixels at 100 % of text, as those below
_NARROW = 640
_LINES = 3  # of the grid for each row of the form
_MIDDLE = Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, eq=False)
class FormRow:
    """`button` stands behind the field; without a title or a field the words have the whole width of the fields."""

    title: QWidget | None
    field: QWidget | None
    words: QWidget | None = None
    button: QWidget | None = None


class FormGrid(QWidget):
    """Takes rows with `add`; arranges them anew when it becomes narrow or wide."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[FormRow] = []
        self._narrow = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(0)  # which hidden rows would have too
        self._grid.setColumnStretch(3, 1)

    def add(self, row: FormRow) -> None:
        """Put a row below the others."""
        self._rows.append(row)
        self._lay_out(len(self._rows) - 1)

    def set_least_height(self, row: int, pixels: int) -> None:
        """How high a row is at least; 0 where it is hidden."""
        self._grid.setRowMinimumHeight(row * _LINES, pixels)

    def minimumSizeHint(self) -> QSize:
        """The widest field: titles and words can stand above and below."""
        fields = [row.field for row in self._rows if row.field is not None and not is_left_out(row.field)]
        widths = [field.minimumSizeHint().expandedTo(field.minimumSize()).width() for field in fields]
        return QSize(max(widths, default=0), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the rows for the new width."""
        super().resizeEvent(event)
        narrow = self.width() < in_text(_NARROW)
        if narrow is not self._narrow:
            self._narrow = narrow
            for row in range(len(self._rows)):
                self._lay_out(row)
            self.updateGeometry()

    def _lay_out(self, number: int) -> None:
        row, line = self._rows[number], number * _LINES
        for widget in (row.title, row.field, row.button, row.words):
            if widget is not None:
                self._grid.removeWidget(widget)
        if self._narrow:
            places = ((row.title, 0, 0, 2), (row.button, 0, 2, 1), (row.field, 1, 0, 4), (row.words, 2, 0, 4))
        else:
            alone = row.title is None and row.field is None
            words = (row.words, 0, 1, 3) if alone else (row.words, 0, 3, 1)
            places = ((row.title, 0, 0, 1), (row.field, 0, 1, 1), (row.button, 0, 2, 1), words)
        for widget, below, column, columns in places:
            if widget is row.words and widget is not None:
                self._grid.addWidget(widget, line + below, column, 1, columns)
            elif widget is not None:
                self._grid.addWidget(widget, line + below, column, 1, columns, _MIDDLE)
