"""Small parts, each made in one piece: buttons, thin progress bars, timers that wait a moment, dialogs that go when
they are closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt, QTimer, SignalInstance
from PySide6.QtWidgets import QProgressBar, QPushButton, QWidget

from skinkd_gui.widgets.fitting import FittingDialog
from skinkd_gui.widgets.layouts import named

Receiver = Callable[..., Any] | SignalInstance
"""A @Slot method or a signal."""


def make_button(
    text: str,
    name: str,
    parent: QWidget | None = None,
    clicked: Receiver | None = None,
    *,
    accessible: str = "",
    tip: str = "",
    primary: bool = False,
) -> QPushButton:
    """A button; without another `accessible` name its text is read out. In a dialog, Enter presses it only where it is
    made the default."""
    button = named(
        QPushButton(text, parent, autoDefault=False), name, accessible or text.replace("&", "").rstrip(".…"), tip
    )
    if primary:
        button.setProperty("primary", True)
    if clicked is not None:
        button.clicked.connect(clicked)
    return button


def slim_bar(name: str, accessible: str, parent: QWidget | None = None, most: int = 0) -> QProgressBar:
    """A thin bar without a text, from 0 to `most`; 0: busy without an end in sight."""
    bar = named(QProgressBar(parent, minimum=0, maximum=most, textVisible=False), name, accessible)
    bar.setProperty("slim", True)
    return bar


def delay(owner: QObject, receiver: Receiver, milliseconds: int = 0) -> QTimer:
    """A timer that calls once, so long after its newest `start`; 0: as soon as no event waits."""
    timer = QTimer(owner, singleShot=True, interval=milliseconds)
    timer.timeout.connect(receiver)
    return timer


class PassingDialog(FittingDialog):
    """A dialog that is deleted when it is closed; call `open`."""

    def __init__(self, parent: QWidget | None, name: str, title: str, size: QSize | None = None) -> None:
        """`size`: at 100 % of text; it grows with the text, as far as the screen allows."""
        super().__init__(parent, size)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
