"""The last resort: an error that nobody expected is logged and shown, and the window lives on."""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
import traceback
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, Slot
from PySide6.QtWidgets import QWidget

from core.errors import SkinKDError
from skinkd_gui.widgets.error_dialog import ErrorDialog, is_shown, show_error
from skinkd_gui.workers.job import unheard_failures

_QUIET_SECONDS = 30.0

_log = logging.getLogger(__name__)
_qt_log = logging.getLogger("qt")
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class CrashReporter(QObject):
    """Takes over `sys.excepthook` and `threading.excepthook`, and hears of jobs that failed by a bug. Lives in the
    GUI thread."""

    _happened = Signal(object)  # SkinKDError, from whatever thread

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window: QWidget | None = None
        self._dialog: ErrorDialog | None = None
        self._last = ("", 0.0)  # what was shown last, and until when
        self._happened.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def set_window(self, window: QWidget) -> None:
        """The window to show errors over."""
        self._window = window

    def install(self) -> None:
        """Become the hooks."""
        sys.excepthook = self.handle
        threading.excepthook = self._handle_thread
        unheard_failures().happened.connect(self._show)

    def handle(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None, where: str = ""
    ) -> None:
        """Log an error and, unless the user interrupted, show it. Safe from any thread."""
        if issubclass(kind, KeyboardInterrupt):
            return
        _log.critical("unexpected error%s", where, exc_info=(kind, error, trace))
        if isinstance(error, SkinKDError):
            self._happened.emit(error)
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        summary = (
            "SkinKD met an error that it did not expect. You can go on working; finished work is on disk. "
            "If it happens again, please report it with the details."
        )
        self._happened.emit(SkinKDError("Unexpected error", summary, details))

    def _handle_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            where = f" in thread {arguments.thread.name}" if arguments.thread else ""
            self.handle(arguments.exc_type, arguments.exc_value, arguments.exc_traceback, where)

    @Slot(object)
    def _show(self, error: SkinKDError) -> None:
        # One dialog is enough, and not the same again at once: an error in a timer would never let the user go. The log
        # has all.
        text, until = self._last
        again = text == _text(error) and time.monotonic() - until < _QUIET_SECONDS
        closed = self._window is not None and not self._window.isVisible()
        if self._dialog is not None or again or closed or is_shown(error):
            return
        self._last = (_text(error), math.inf)
        self._dialog = show_error(self._window, error)
        self._dialog.finished.connect(self._forget)

    @Slot()
    def _forget(self) -> None:
        self._dialog = None
        self._last = (self._last[0], time.monotonic())


def _text(error: SkinKDError) -> str:
    return f"{error.title}\n{error.summary}\n{error.details}"


def log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Qt's own messages go into the log."""
    _qt_log.log(_QT_LEVELS.get(kind, logging.WARNING), "%s", message)
