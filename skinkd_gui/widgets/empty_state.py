"""What a place shows while it has nothing to show: why, and what to do next."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, Gap, column_of, row_of
from skinkd_gui.widgets.parts import Receiver, make_button
from skinkd_gui.widgets.theme import coloured_icon, colours, theme


class EmptyState(QWidget):
    """A picture, a title, a few sentences and buttons, in the middle of the space."""

    def __init__(self, icon_name: str, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self._picture = QLabel(self, alignment=Qt.AlignmentFlag.AlignHCenter)
        self._title = make_label(title, "title", self, wrap=True)
        self._text = make_label(text, "muted", self, wrap=True)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(12)
        self._buttons.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        middle = QWidget(self, maximumWidth=680)
        column_of(self._picture, self._title, self._text, Gap(6), self._buttons, on=middle, spacing=14)
        column_of(2, row_of(STRETCH, (middle, 8), STRETCH), 3, on=self)
        theme().changed.connect(self._restyle)
        self._restyle()

    def set_text(self, title: str, text: str) -> None:
        """Say something else."""
        self._title.setText(title)
        self._text.setText(text)

    def add_button(
        self, text: str, name: str, clicked: Receiver | None = None, *, primary: bool = False
    ) -> QPushButton:
        """A button with an object name, to the right of the others."""
        button = make_button(text, name, self, clicked, primary=primary)
        self._buttons.addWidget(button)
        return button

    def insert_first(self, button: QPushButton) -> None:
        """Put a button to the left of the others, wherever it was before."""
        if self._buttons.indexOf(button) < 0:
            self._buttons.insertWidget(0, button)

    @Slot()
    def _restyle(self) -> None:
        self._picture.setPixmap(coloured_icon(self._icon_name, colours().accent).pixmap(QSize(64, 64)))
