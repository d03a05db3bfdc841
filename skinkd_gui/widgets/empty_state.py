"""What a place shows while it has nothing to show: why, and what to do next."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QPushButton, QWidget

from skinkd_gui.widgets.fitting import Scrolled, ScrolledBody, follow_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, Gap, column_of, row_of
from skinkd_gui.widgets.parts import Receiver, make_button
from skinkd_gui.widgets.theme import coloured_icon, colours, theme

_WIDEST = 680  # pixels at 100 % of text
_MARGINS = 48


class EmptyState(Scrolled):
    """A picture, a title, a few sentences and buttons, in the middle of the space; they scroll where it is small."""

    def __init__(self, icon_name: str, title: str, text: str, parent: QWidget | None = None) -> None:
        body = ScrolledBody()
        super().__init__(body, "", parent)
        self._icon_name = icon_name
        self._picture = QLabel(body, alignment=Qt.AlignmentFlag.AlignHCenter)
        self._title = make_label(title, "title", body, wrap=True)
        self._text = make_label(text, "muted", body, wrap=True)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._buttons.setSpacing(12)
        self._buttons.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._middle = middle = QWidget(body)
        follow_text(middle, "setMaximumWidth", _WIDEST)
        column_of(self._picture, self._title, self._text, Gap(6), self._buttons, on=middle, spacing=14)
        column_of(2, row_of(STRETCH, (middle, 8), STRETCH), 3, on=body)
        theme().changed.connect(self._restyle)
        self._restyle()

    def minimumSizeHint(self) -> QSize:
        """The widest button: where there is no space for all beside each other they stand below each other."""
        return QSize(max(self._widths(), default=0) + _MARGINS, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Turn the buttons."""
        super().resizeEvent(event)
        widths = self._widths()
        fits = sum(widths) + self._buttons.spacing() * len(widths) + _MARGINS <= self.width()
        self._buttons.setDirection(
            QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom,
        )

    def _widths(self) -> list[int]:
        # Not the layout's items: a wrapper of one would outlive it when its button is moved, and be taken for another.
        buttons = self._middle.findChildren(QPushButton, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return [button.minimumSizeHint().width() for button in buttons]

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
