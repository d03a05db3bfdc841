"""Parts beside each other where there is room for them, below each other where there is not."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from skinkd_gui.widgets.fitting import is_left_out


class TurningRow(QWidget):
    """A row that becomes a column in a narrow window; it can be as narrow as the widest of its parts."""

    def __init__(
        self, *parts: QWidget, spacing: int = 12, fractions: Sequence[int] = (), parent: QWidget | None = None
    ) -> None:
        """`fractions` of the width; equal without."""
        super().__init__(parent)
        self._parts = parts
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(spacing)
        for part, share in zip(parts, fractions or (1,) * len(parts), strict=True):
            self._box.addWidget(part, share)

    def minimumSizeHint(self) -> QSize:
        """The widest part."""
        return QSize(max(self._widths(), default=0), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Turn where the parts do not fit beside each other."""
        super().resizeEvent(event)
        widths = self._widths()
        fits = sum(widths) + self._box.spacing() * max(0, len(widths) - 1) <= self.width()
        wanted = QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom
        if wanted is not self._box.direction():
            self._box.setDirection(wanted)
            self.updateGeometry()

    def _widths(self) -> list[int]:
        shown = [part for part in self._parts if not is_left_out(part)]
        return [part.minimumSizeHint().expandedTo(part.minimumSize()).width() for part in shown]
