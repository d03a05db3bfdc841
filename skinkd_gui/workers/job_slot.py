"""A place for one job at a time, owned by the object whose work it is, and the end of all jobs below a widget."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QMetaMethod, QObject, Signal, SignalInstance, Slot

from skinkd_gui.workers.job import Job, JobFailure, JobResult, Work, unheard_failures

_SHUT_DOWN_MILLISECONDS = 20_000

Receiver = Callable[..., Any] | SignalInstance
"""A @Slot method or a signal."""


class JobSlot(QObject):
    """Runs one job at a time for its owner, and ends with it.

    The signals carry what the present job says, in the GUI thread; of a job that was replaced or dropped nothing is
    heard any more, and one that was cancelled only ends. A failure is shown by the window where `failed` has no
    receiver.
    """

    reported = Signal(object)  # core.events.Event
    succeeded = Signal(object)  # what the work returned
    failed = Signal(object)  # SkinKDError
    ended = Signal(object)  # JobEnd: exactly once for each job that was not replaced, after the others

    def __init__(
        self,
        owner: QObject,
        *,
        reported: Receiver | None = None,
        succeeded: Receiver | None = None,
        failed: Receiver | None = None,
        ended: Receiver | None = None,
    ) -> None:
        """The arguments are connected to the signals of their names."""
        super().__init__(owner)
        self._job: Job | None = None
        self._dropped: list[Job] = []  # cancelled, still ending
        self._next: Work | None = None
        self._closed = False
        receivers = ((self.reported, reported), (self.succeeded, succeeded), (self.failed, failed), (self.ended, ended))
        for signal, receiver in receivers:
            if receiver is not None:
                signal.connect(receiver)

    @property
    def running(self) -> bool:
        """Whether a job was started whose end was not told yet."""
        return self._job is not None

    @property
    def waiting(self) -> bool:
        """Whether `start_next` will start a job when the present one has ended."""
        return self._next is not None

    def start(self, work: Work) -> None:
        """Begin a job in place of the present one, which is dropped. Does nothing after `shut_down_jobs`."""
        self.drop()
        if self._closed:
            return
        self._job = job = Job(work, self)
        job.reported.connect(self.reported)
        job.succeeded.connect(self._pass_success)
        job.failed.connect(self._pass_failure)
        job.ended.connect(self._pass_end)
        job.start()

    def start_next(self, work: Work) -> None:
        """Begin a job as soon as the present one has ended; of several that are asked for meanwhile, only the last."""
        if self._job is None:
            self.start(work)
        else:
            self._next = work

    def pause(self) -> None:
        """Ask the present job to wait at its next check."""
        if self._job is not None:
            self._job.pause()

    def resume(self) -> None:
        """Let a waiting job go on."""
        if self._job is not None:
            self._job.resume()

    @Slot()
    def cancel(self) -> None:
        """Ask the present job to stop, and start no next one; `ended` follows."""
        self._next = None
        if self._job is not None:
            self._job.cancel()

    @Slot()
    def drop(self) -> None:
        """Stop the present job and hear no more of it."""
        self._next = None
        if self._job is None:
            return
        job, self._job = self._job, None
        for signal in (job.reported, job.succeeded, job.failed, job.ended):
            signal.disconnect()
        job.failed.connect(self._ignore)
        job.ended.connect(self._forget)
        self._dropped.append(job)
        job.cancel()

    def close(self) -> None:
        """Drop the present job and start nothing more."""
        self._closed = True
        self.drop()

    def stop(self, milliseconds: int = _SHUT_DOWN_MILLISECONDS) -> bool:
        """Cancel and wait for the threads; False when one did not end in time. `ended` follows, unless dropped."""
        self.cancel()
        deadline = time.monotonic() + milliseconds / 1000
        jobs = [job for job in (self._job, *self._dropped) if job is not None]
        stopped = [job.shut_down(max(1, int((deadline - time.monotonic()) * 1000))) for job in jobs]
        return all(stopped)

    @Slot(object)
    def _pass_success(self, result: JobResult) -> None:
        self.succeeded.emit(result.value)

    @Slot(object)
    def _pass_failure(self, failure: JobFailure) -> None:
        if failure.expected and not self.isSignalConnected(QMetaMethod.fromSignal(self.failed)):
            unheard_failures().happened.emit(failure.error)
        self.failed.emit(failure.error)

    @Slot(object)
    def _pass_end(self, end: object) -> None:
        self._job = None
        self.ended.emit(end)
        if self._next is not None and self._job is None:
            work, self._next = self._next, None
            self.start(work)

    @Slot(object)
    def _ignore(self, failure: object) -> None:
        """An expected failure of a dropped job interests nobody; the window shows the others."""

    @Slot(object)
    def _forget(self, _end: object) -> None:
        self._dropped = [job for job in self._dropped if job.running]


def shut_down_jobs(owner: QObject, milliseconds: int = _SHUT_DOWN_MILLISECONDS) -> bool:
    """End for good, unheard, what an object and all below it have at work; False when something did not end in time."""
    slots = owner.findChildren(JobSlot)
    for slot in slots:
        slot.close()
    deadline = time.monotonic() + milliseconds / 1000
    stopped = [slot.stop(max(1, int((deadline - time.monotonic()) * 1000))) for slot in slots]
    return all(stopped)
