"""A framed message that stays where it belongs: information, success, warning or error, with buttons if wanted."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.labels import breakable, make_label, set_role
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of
from skinkd_gui.widgets.parts import Receiver, make_button
from skinkd_gui.widgets.theme import coloured_icon, colours, theme

_ICONS = {"info": "info", "success": "done", "warning": "warning", "error": "error"}


class Banner(QFrame):
    """One message of a kind (info, success, warning, error). Hidden until it has a text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = "info"
        self._picture = QLabel(self)
        self._text = make_label("", "", self, wide=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._row = row_of(
            (self._picture, 0, Qt.AlignmentFlag.AlignTop),
            (self._words(), 1),
            on=self,
            margins=(12, 8, 12, 8),
            spacing=10,
        )
        theme().changed.connect(self._restyle)
        self.hide()

    def _words(self) -> QVBoxLayout:
        """The text, beside the picture's middle where it is a single line."""
        return column_of(STRETCH, self._text, STRETCH)

    @property
    def text(self) -> str:
        """The message, empty while there is none."""
        return self.accessibleName()

    def show_message(self, text: str, kind: str = "info") -> None:
        """Say something, or hide with an empty text."""
        self._kind = kind
        self._text.setText(breakable(text))
        self.setAccessibleName(text)
        self._restyle()
        self.setVisible(bool(text))

    def add_button(self, text: str, name: str, clicked: Receiver | None = None) -> QPushButton:
        """A button at the right end."""
        button = make_button(text, name, self, clicked)
        self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return button

    @Slot()
    def _restyle(self) -> None:
        palette = colours()
        colour = {"success": palette.success, "warning": palette.warning, "error": palette.error}
        picture = coloured_icon(_ICONS[self._kind], colour.get(self._kind, palette.accent))
        side = in_text(20)
        self._picture.setPixmap(picture.pixmap(QSize(side, side)))
        self._picture.setFixedHeight(max(side, self._text.fontMetrics().lineSpacing()))  # beside the first line
        set_role(self, self._kind)
