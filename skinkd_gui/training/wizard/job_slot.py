"""A place for one job at a time: starting another one cancels the one before and forgets what it still says."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Signal, Slot

from skinkd_gui.workers.job import Job, Work


class JobSlot(QObject):
    """Runs the latest of several jobs.

    Signals carry what the latest job says, as in `Job`: `reported(Event)`, `succeeded(JobResult)`,
    `failed(JobFailure)`, `ended(JobEnd)`; a job that was replaced stays silent, one that was cancelled only ends.
    """

    reported = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._retired: list[Job] = []

    @property
    def running(self) -> bool:
        """Whether the latest job is at work and was not cancelled."""
        return self._job is not None

    def start(self, work: Work) -> None:
        """Begin a job in place of the present one."""
        self._retire()
        job = Job(work, self)
        job.reported.connect(self._on_reported)
        job.succeeded.connect(self._on_succeeded)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_ended)
        self._job = job
        job.start()

    def cancel(self) -> None:
        """Ask the present job to stop; `ended` follows."""
        if self._job is not None:
            self._job.cancel()

    def drop(self) -> None:
        """Stop the present job and hear no more of it."""
        self._retire()

    def shut_down(self, milliseconds: int = 20_000) -> bool:
        """Cancel everything and wait for the threads; False when one did not end in time."""
        self._retire()
        deadline = time.monotonic() + milliseconds / 1000
        left = [job for job in self._retired if not job.shut_down(max(1, int((deadline - time.monotonic()) * 1000)))]
        self._retired = left
        return not left

    def _retire(self) -> None:
        if self._job is None:
            return
        job, self._job = self._job, None
        for signal in (job.reported, job.succeeded, job.failed, job.ended):
            signal.disconnect()
        job.ended.connect(self._forget)
        self._retired.append(job)
        job.cancel()

    @Slot(object)
    def _on_reported(self, event: object) -> None:
        self.reported.emit(event)

    @Slot(object)
    def _on_succeeded(self, result: object) -> None:
        self.succeeded.emit(result)

    @Slot(object)
    def _on_failed(self, failure: object) -> None:
        self.failed.emit(failure)

    @Slot(object)
    def _on_ended(self, end: object) -> None:
        self._job = None
        self.ended.emit(end)

    @Slot(object)
    def _forget(self, _end: object) -> None:
        self._retired = [job for job in self._retired if job.running]
