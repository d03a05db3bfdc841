"""Equal cells in as many columns as the width has space for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from skinkd_gui.widgets.fitting import is_left_out


class FittingGrid(QWidget):
    """Cells from left to right, or with `downwards` from top to bottom; hidden ones leave no gap."""

    def __init__(
        self,
        cells: Sequence[QWidget],
        most: int,
        parent: QWidget | None = None,
        *,
        gap: int = 12,
        downwards: bool = False,
    ) -> None:
        """`most`: columns, however wide it is; `gap` between them in pixels."""
        super().__init__(parent)
        self._cells, self._most, self._gap, self._downwards = tuple(cells), most, gap, downwards
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(gap)
        self._grid.setVerticalSpacing(min(gap, 6) if downwards else gap)
        self._arranged: tuple[int, tuple[QWidget, ...]] = (0, ())
        self.arrange()

    def minimumSizeHint(self) -> QSize:
        """One column."""
        return QSize(self._widest(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the cells for the new width."""
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """Arrange the cells, after some were shown or hidden."""
        shown = tuple(cell for cell in self._cells if not is_left_out(cell))
        fits = (self.width() + self._gap) // (self._widest() + self._gap)
        columns = max(1, min(self._most, fits, len(shown)))
        if (columns, shown) == self._arranged:
            return
        for cell in self._cells:
            self._grid.removeWidget(cell)
        rows = -(-len(shown) // columns)
        for number, cell in enumerate(shown):
            row, column = (number % rows, number // rows) if self._downwards else divmod(number, columns)
            self._grid.addWidget(cell, row, column)
        for column in range(self._most):
            self._grid.setColumnStretch(column, int(column < columns))
        self._arranged = (columns, shown)
        self.updateGeometry()

    def _widest(self) -> int:
        return max((cell.minimumSizeHint().width() for cell in self._cells if not is_left_out(cell)), default=0)
