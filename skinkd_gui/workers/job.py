"""Work off the GUI thread: a function of (report, token) runs in a QThread and speaks through signals.

Connect the signals only to @Slot methods of QObjects that live in the GUI thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken, Report

Work = Callable[[Report, CancelToken], Any]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobResult:
    """What the work returned."""

    value: Any


@dataclass(frozen=True)
class JobFailure:
    """The error that ended the work; `expected` is False for a bug (anything but a SkinKDError)."""

    error: SkinKDError
    expected: bool


@dataclass(frozen=True)
class JobEnd:
    """The last word of every job, however it ended."""

    cancelled: bool


class _Worker(QObject):
    """Runs the work in its thread; owns no widget."""

    reported = Signal(object)  # core.events.Event, as the work reports it
    succeeded = Signal(object)  # JobResult
    failed = Signal(object)  # JobFailure
    ended = Signal(object)  # JobEnd, always, last

    def __init__(self, work: Work, token: CancelToken) -> None:
        super().__init__()
        self._work = work
        self._token = token

    @Slot()
    def run(self) -> None:
        cancelled = False
        try:
            self.succeeded.emit(JobResult(self._work(self.reported.emit, self._token)))
        except Cancelled:
            cancelled = True
        except SkinKDError as error:
            self.failed.emit(JobFailure(error, expected=True))
        except Exception as error:
            _log.exception("unexpected error in a worker")
            summary = "SkinKD met an error that it did not expect. Your finished work is safe; the log has the details."
            wrapped = SkinKDError("Unexpected error", summary, f"{type(error).__name__}: {error}")
            self.failed.emit(JobFailure(wrapped, expected=False))
        finally:
            self.ended.emit(JobEnd(cancelled))
            self.thread().quit()


class Job(QObject):
    """One piece of work and its thread. Lives in the GUI thread; keep a reference until `ended` has fired."""

    reported = Signal(object)  # core.events.Event
    succeeded = Signal(object)  # JobResult
    failed = Signal(object)  # JobFailure
    ended = Signal(object)  # JobEnd: fires exactly once, after the others

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = CancelSource()
        self._thread = QThread()
        self._worker = _Worker(work, self._source.token)
        self._worker.moveToThread(self._thread)
        self._thread.started.connect(self._worker.run)
        self._worker.reported.connect(self._pass_event)
        self._worker.succeeded.connect(self._pass_success)
        self._worker.failed.connect(self._pass_failure)
        self._worker.ended.connect(self._pass_end)

    def start(self) -> None:
        """Begin; call once."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread is still at work."""
        return self._thread.isRunning()

    def pause(self) -> None:
        """Ask the work to wait at its next check."""
        self._source.pause()

    def resume(self) -> None:
        """Let waiting work go on."""
        self._source.resume()

    def cancel(self) -> None:
        """Ask the work to stop at its next check; returns at once."""
        self._source.cancel()

    def shut_down(self, milliseconds: int = 20_000) -> bool:
        """Cancel and wait for the thread to end; False when it did not in time."""
        self.cancel()
        self._thread.quit()
        return bool(self._thread.wait(milliseconds))

    @Slot(object)
    def _pass_event(self, event: object) -> None:
        self.reported.emit(event)

    @Slot(object)
    def _pass_success(self, result: object) -> None:
        self.succeeded.emit(result)

    @Slot(object)
    def _pass_failure(self, failure: object) -> None:
        self.failed.emit(failure)

    @Slot(object)
    def _pass_end(self, end: object) -> None:
        self._thread.wait()
        self.ended.emit(end)
