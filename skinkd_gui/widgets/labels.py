"""Labels with a role that the style sheet knows."""

from __future__ import annotations

import html
import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

_LONG_WORD = re.compile(r"[^\s\u200b]{24}(?=[^\s\u200b]{4})")


def make_label(
    text: str = "",
    role: str = "",
    parent: QWidget | None = None,
    *,
    wrap: bool = False,
    wide: bool = False,
    name: str = "",
    buddy: QWidget | None = None,
) -> QLabel:
    """A label of plain text; roles are title, heading, value, strong, muted and small (see resources/styles). `name` is
    its objectName, `buddy` the field that its underlined letter leads to. A text that is `wide` goes on below too, and
    does not make its window as high as it would be in a narrow one: it gets what it needs at the width that it has."""
    label = QLabel(text, parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if buddy is not None:
        label.setBuddy(buddy)
    if role:
        label.setProperty("role", role)
    if wide:
        label.setMinimumHeight(1)
    if wrap or wide:
        label.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        label.setSizePolicy(policy)
    return label


def breakable(text: str) -> str:
    """The text with places to break in words (names of runs, paths) that are too long for a line of any label.

    Without them a wrapped label is as wide as its longest word, and so is the window around it.
    """
    return _LONG_WORD.sub("\\g<0>\u200b", text)


def plain_tip(text: str) -> str:
    """A text as a tool tip shows it word by word, also where a stranger's words look like mark-up."""
    return f"<p style='white-space: pre-wrap'>{html.escape(text)}</p>" if "<" in text else text


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget another role and have it drawn anew."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
