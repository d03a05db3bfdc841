"""Telling that a run has ended to a user who looks at something else."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from skinkd_gui.widgets.helper import Helper
from skinkd_gui.widgets.theme import application_icon

_GATHER_MILLISECONDS = 300
_SHOWN_MILLISECONDS = 15_000


class Notifier(Helper[QWidget]):
    """Marks the window in the task bar, and shows a message of the system where it has a place for such.

    Nothing while the window is in use. The icon beside the clock, which such messages come from, is there only from a
    message until the user is back. Lives in the GUI thread.
    """

    clicked = Signal()  # the user clicked a message

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.enabled = True
        """Whether the system's messages are wanted; the mark in the task bar always is."""
        self._texts: list[str] = []
        self._gather = QTimer(self, singleShot=True, interval=_GATHER_MILLISECONDS)
        self._gather.timeout.connect(self._show)
        self._icon: QSystemTrayIcon | None = None
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.applicationStateChanged.connect(self._on_state)

    def tell(self, text: str) -> None:
        """Tell it, unless the window is in use. What happens at the same moment is told together."""
        if QApplication.activeWindow() is None:
            self._texts.append(text)
            self._gather.start()

    def shut_down(self) -> None:
        """Take the icon away."""
        self._gather.stop()
        if self._icon is not None:
            self._icon.hide()

    @Slot()
    def _show(self) -> None:
        texts, self._texts = self._texts, []
        QApplication.alert(self.owner)
        if self.enabled and QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            text = texts[0] if len(texts) == 1 else f"{len(texts)} runs have ended. {texts[-1]}"
            icon = self._shown_icon()
            icon.showMessage("SkinKD", text, icon.icon(), _SHOWN_MILLISECONDS)

    def _shown_icon(self) -> QSystemTrayIcon:
        if self._icon is None:
            self._icon = QSystemTrayIcon(application_icon(), self, toolTip="SkinKD")
            self._icon.messageClicked.connect(self.clicked)
            self._icon.activated.connect(self.clicked)
        self._icon.show()
        return self._icon

    @Slot(Qt.ApplicationState)
    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive and self._icon is not None:
            self._icon.hide()
