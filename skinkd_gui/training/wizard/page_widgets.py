"""Small pieces that every page of the wizard is made of: messages, notes, folds, boxes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, row_of
from skinkd_gui.widgets.theme import colours, theme


def help_label(text: str = "") -> QLabel:
    """A short explanation, in several lines where needed."""
    return make_label(text, "small", wrap=True)


class MessageLabel(QLabel):
    """Says what is wrong or needs attention, in a colour that stands out in light and dark; hidden when empty."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme().changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def show_message(self, text: str) -> None:
        """Show a message, or hide with an empty one."""
        self.setText(f"⚠ {sentence(text)}" if text else "")
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    @Slot()
    def _restyle(self) -> None:
        self.setStyleSheet(f"color: {colours().warning}; font-weight: 600;")


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop."""
    whole = text[:1].upper() + text[1:]
    return whole if not whole or whole[-1] in ".!?:" else whole + "."


class Box(QFrame):
    """A framed note with a column of widgets; roles are card, info, success, warning, error."""

    def __init__(self, role: str = "card", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", role)
        self.column = column_of(on=self, margins=(12, 8, 12, 8), spacing=6)

    def set_role(self, role: str) -> None:
        """Change the look."""
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)


class Note(Box):
    """A framed text; hidden when empty."""

    def __init__(self, role: str = "info", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(role, parent)
        self._label = make_label("", "", wrap=True)
        if name:
            self._label.setObjectName(name)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addWidget(self._label)
        self.hide()

    def text(self) -> str:
        """What it says."""
        return self._label.text()

    def show_text(self, text: str, role: str = "") -> None:
        """Show a text, or hide with an empty one."""
        if role:
            self.set_role(role)
        self._label.setText(text)
        self.setVisible(bool(text))


class _Fold(QObject):
    """Opens and closes a section with its button."""

    def __init__(self, button: QToolButton, section: QWidget) -> None:
        super().__init__(button)
        self._button, self._section = button, section
        button.toggled.connect(self._on_toggled)
        section.setVisible(False)

    @Slot(bool)
    def _on_toggled(self, opened: bool) -> None:
        self._section.setVisible(opened)
        self._button.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)


def section_toggle(text: str, section: QWidget, name: str) -> QToolButton:
    """A button that folds a section in and out; folded in at first."""
    button = QToolButton()
    button.setText(text)
    button.setCheckable(True)
    button.setAutoRaise(True)
    button.setArrowType(Qt.ArrowType.RightArrow)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setObjectName(name)
    button.setAccessibleName(text)
    _Fold(button, section)
    return button


def card(*widgets: QWidget, title: str = "") -> Box:
    """Widgets below each other on a card."""
    box = Box("card")
    box.column.setSpacing(8)
    if title:
        box.column.addWidget(make_label(title, "heading"))
    for widget in widgets:
        box.column.addWidget(widget)
    return box


def row(*widgets: QWidget, stretch: bool = True) -> QHBoxLayout:
    """Widgets side by side, to the left."""
    layout = row_of(*widgets, spacing=8)
    if stretch:
        layout.addStretch(1)
    return layout
