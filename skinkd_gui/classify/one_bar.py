"""The row above an image that is shown large: back to the list, and on to the next."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from core.visible_text import visible
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import row_of
from skinkd_gui.widgets.parts import make_button


class OneBar(QWidget):
    """Hidden while the list is shown, or while there is only one image."""

    back = Signal()
    moved = Signal(int)  # rows to go: -1 or 1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyOneBar")
        self.list_button = make_button("Back to the &list", "classifyBackButton", self, self.back, tip="Escape")
        self.previous = make_button("Previous", "classifyPreviousButton", self, tip="Alt+Left")
        self.next = make_button("Next", "classifyNextButton", self, tip="Alt+Right")
        for button, step, key in ((self.previous, -1, "Alt+Left"), (self.next, 1, "Alt+Right")):
            button.setShortcut(QKeySequence(key))
            button.setProperty("step", step)
            button.clicked.connect(self._move)
        self._where = make_label("", "muted", self, name="classifyWhere")
        row_of(self.list_button, self.previous, self.next, (self._where, 1), on=self, margins=0)

    def show_position(self, row: int, count: int, name: str) -> None:
        """The image in the `row` of `count` shown."""
        self.previous.setEnabled(row > 0)
        self.next.setEnabled(row < count - 1)
        self._where.setText(breakable(f"{row + 1:,} of {count:,}: {visible(name)}"))

    @Slot()
    def _move(self) -> None:
        button = self.sender()
        self.moved.emit(button.property("step") if button is not None else 0)
