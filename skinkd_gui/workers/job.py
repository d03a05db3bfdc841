"""Work off the GUI thread: a function of (emit, token) runs in a QThread and speaks through signals.

Connect the signals only to @Slot methods of QObjects that live in the GUI thread. The work may report as often as it
likes: reports wait in a mailbox that the GUI thread empties about ten times a second.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QMetaMethod, QObject, QThread, QTimer, Signal, Slot

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken, Emit, MemoryReleased
from core.machine_errors import explained
from skinkd_gui.workers.mailbox import Mailbox

Work = Callable[[Emit, CancelToken], Any]

_MAILBOX_MILLISECONDS = 100

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


class UnheardFailures(QObject):
    """Failures that a view must not keep to itself: those nobody expected, and those of jobs that nobody listens to.

    Emitted after the job's own `failed`. Lives in the GUI thread.
    """

    happened = Signal(object)  # SkinKDError


@cache
def unheard_failures() -> UnheardFailures:
    """The one of this program. Call it first in the GUI thread."""
    return UnheardFailures()


class ReleasedMemory(QObject):
    """Jobs that let go of much memory, as core's `MemoryReleased` tells. Lives in the GUI thread."""

    happened = Signal()


@cache
def released_memory() -> ReleasedMemory:
    """The one of this program. Call it first in the GUI thread."""
    return ReleasedMemory()


class _Worker(QObject):
    """Runs the work in its thread; owns no widget."""

    succeeded = Signal(object)  # JobResult
    failed = Signal(object)  # JobFailure
    ended = Signal(object)  # JobEnd, always, last

    def __init__(self, work: Work, emit: Emit, token: CancelToken) -> None:
        super().__init__()
        self.work = work
        self._emit = emit
        self._token = token

    @Slot()
    def run(self) -> None:
        cancelled = False
        try:
            self.succeeded.emit(JobResult(self.work(self._emit, self._token)))
        except Cancelled:
            cancelled = True
        except SkinKDError as error:
            _drop_frames(error)
            self.failed.emit(JobFailure(error, expected=True))
        except BaseException as error:  # also a library's SystemExit: whatever ends a job is told
            if (told := explained(error)) is not None:
                _log.warning("%s", told.title, exc_info=True)
                self.failed.emit(JobFailure(told, expected=True))
                return
            _log.exception("unexpected error in a worker")
            summary = "SkinKD met an error that it did not expect. Your finished work is safe; the log has the details."
            wrapped = SkinKDError("Unexpected error", summary, _told(error))
            self.failed.emit(JobFailure(wrapped, expected=False))
        finally:
            self.ended.emit(JobEnd(cancelled))
            self.thread().quit()


class Job(QObject):
    """One piece of work and its thread. Lives in the GUI thread, from `start` until the thread has ended, and then
    deletes itself. It is no child of its owner: when that is deleted, the job is cancelled and ends unheard."""

    reported = Signal(object)  # core.events.Event, in order; of frequent progress only the newest
    succeeded = Signal(object)  # JobResult
    failed = Signal(object)  # JobFailure
    ended = Signal(object)  # JobEnd: fires exactly once, after the others

    def __init__(self, work: Work, owner: QObject | None = None) -> None:
        super().__init__()
        self._alone = False
        if owner is not None:
            owner.destroyed.connect(self._lose_owner)
        self._source = CancelSource()
        self._mailbox = Mailbox()
        self._mail_timer = QTimer(self, interval=_MAILBOX_MILLISECONDS)
        self._mail_timer.timeout.connect(self._deliver)
        self._thread = QThread()
        self._worker = _Worker(work, self._mailbox.post, self._source.token)
        self._worker.moveToThread(self._thread)
        self._thread.started.connect(self._worker.run)
        self._worker.succeeded.connect(self._pass_success)
        self._worker.failed.connect(self._pass_failure)
        self._worker.ended.connect(self._pass_end)

    def start(self) -> None:
        """Begin; call once."""
        _unfinished.add(self)
        self._mail_timer.start()
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread is still at work."""
        return shiboken6.isValid(self._thread) and self._thread.isRunning()

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
        if not shiboken6.isValid(self._thread):
            return True
        self._thread.quit()
        return bool(self._thread.wait(milliseconds))

    @Slot()
    def _lose_owner(self) -> None:
        self._alone = True
        self.cancel()

    @Slot()
    def _deliver(self) -> None:
        for event in self._mailbox.drain():
            if isinstance(event, MemoryReleased):
                released_memory().happened.emit()
            else:
                self.reported.emit(event)

    @Slot(object)
    def _pass_success(self, result: object) -> None:
        self._deliver()
        self.succeeded.emit(result)

    @Slot(object)
    def _pass_failure(self, failure: object) -> None:
        self._deliver()
        heard = self.isSignalConnected(QMetaMethod.fromSignal(self.failed))
        self.failed.emit(failure)
        if isinstance(failure, JobFailure) and not (self._alone or (failure.expected and heard)):
            unheard_failures().happened.emit(failure.error)

    @Slot(object)
    def _pass_end(self, end: object) -> None:
        self._thread.wait()
        self._mail_timer.stop()
        self._deliver()
        _spend(self, self._worker.work)
        del self._worker.work
        for part in (self._worker, self._thread):  # not when some collector finds them
            shiboken6.delete(part)
        _unfinished.discard(self)
        self.deleteLater()
        self.ended.emit(end)


def _told(error: BaseException) -> str:
    """What happened and where, in a line; the log has the whole story."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}, line {frame.lineno}, in {frame.name})"


def _drop_frames(error: BaseException) -> None:
    """Forget where an expected error came from: a dialog that shows it would keep all that the work had at hand, models
    and widgets too."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is not None and id(current) not in seen:
            seen.add(id(current))
            current.__traceback__ = None
            waiting += (current.__cause__, current.__context__)


def _spend(job: Job, work: Work) -> None:
    """Drop an ended job and its work when none of its slots runs.

    The work often is a method of the job's owner and the last that keeps it: were it dropped with the job, the owner
    would die in the middle of the job's end.
    """
    _spent.extend((job, work))
    QTimer.singleShot(0, _spent.clear)


_spent: list[Job | Work] = []
_unfinished: set[Job] = set()  # a QThread that is dropped while it runs aborts the process


def running_jobs() -> tuple[Job, ...]:
    """The jobs whose threads are at work, wherever they were started; also those whose owner is gone."""
    return tuple(job for job in _unfinished if job.running)


def shut_down_all(milliseconds: int = 20_000) -> bool:
    """Cancel all jobs and wait for their threads, together at most this long; False when some went on."""
    jobs = running_jobs()
    for job in jobs:
        job.cancel()
    deadline = time.monotonic() + milliseconds / 1000
    stopped = [job.shut_down(max(1, int((deadline - time.monotonic()) * 1000))) for job in jobs]
    return all(stopped)
