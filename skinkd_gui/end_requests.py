"""The system asks the program to end: signals, the terminal's end, the user's logout.

Each is told to the window at once, which writes what is at work down and closes. The queue is on disk anyway: who is
ended without being asked (kill -9, a power cut, a display server that dies) loses no more than the batches since the
last checkpoint.
"""

from __future__ import annotations

import logging
import signal
import socket

from PySide6.QtCore import QObject, QSocketNotifier, Signal, Slot

_log = logging.getLogger(__name__)

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last two are not on every system
_LONGEST = 64


class EndRequests(QObject):
    """Turns the signals that ask a program to end into one of Qt. Lives in the GUI thread, once in a program.

    Python would run a signal's handler only when the window next has something to do in Python. A signal that the
    program was started to ignore (nohup) goes on being ignored.
    """

    asked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        self._notifier = QSocketNotifier(self._reading.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signal)
        signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        for number in _numbers():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _note)

    @Slot()
    def _on_signal(self) -> None:
        try:
            numbers = self._reading.recv(_LONGEST)
        except BlockingIOError:
            return
        if set(numbers) & set(_numbers()):
            _log.info("asked to end by %s", ", ".join(signal.Signals(number).name for number in numbers))
            self.asked.emit()

    def close(self) -> None:
        """Hear no more; the signals are ignored from now on, for the program is ending."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(-1)
        self._reading.close()
        self._writing.close()


def _numbers() -> tuple[signal.Signals, ...]:
    return tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


def _note(number: int, frame: object) -> None:
    """That there is a handler makes Python write the signal's number for the notifier."""
