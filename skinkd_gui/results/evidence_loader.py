"""Reads what the panels show from the folders of several runs, in a job; a newer request replaces an older one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from core.events import CancelToken, Emit, Progress
from core.runs.status import RunSummary
from skinkd_gui.results.findings import Findings, FindingsStore
from skinkd_gui.workers.job import Job, JobFailure, JobResult


class EvidenceLoader(QObject):
    """One reading at a time counts; the others are cancelled and end on their own."""

    progressed = Signal(object)  # Progress, in runs
    loaded = Signal(object)  # Findings of the newest request
    failed = Signal(object)  # SkinKDError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = FindingsStore()
        self._job: Job | None = None
        self._left: list[Job] = []  # cancelled, still ending
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether the newest request is still being read."""
        return self._job is not None

    def load(self, runs: Sequence[RunSummary], baseline: Path | None) -> None:
        """Read these runs, and how they compare with the run in the folder `baseline` (None: with none)."""
        self.forget()
        if self._closed:  # a selection may still arrive while the window closes
            return
        wanted, store = tuple(runs), self._store

        def work(emit: Emit, token: CancelToken) -> Findings:
            import core.reporting.figures  # noqa: F401  (its first import takes a second: not in the GUI thread)

            return store.find(wanted, baseline, emit, token)

        self._job = Job(work)
        self._job.reported.connect(self._pass_progress)
        self._job.succeeded.connect(self._take)
        self._job.failed.connect(self._fail)
        self._job.ended.connect(self._ended)
        self._job.start()

    def forget(self) -> None:
        """Give up what is being read."""
        if self._job is not None:
            self._job.cancel()
            self._left.append(self._job)
            self._job = None

    def shut_down(self) -> None:
        """Give up, wait for the threads, and read nothing more."""
        self._closed = True
        self.forget()
        for job in self._left:
            job.shut_down()

    @Slot(object)
    def _pass_progress(self, event: object) -> None:
        if self.sender() is self._job and isinstance(event, Progress):
            self.progressed.emit(event)

    @Slot(object)
    def _take(self, result: JobResult) -> None:
        if self.sender() is self._job:
            self.loaded.emit(result.value)

    @Slot(object)
    def _fail(self, failure: JobFailure) -> None:
        if self.sender() is self._job:
            self.failed.emit(failure.error)

    @Slot(object)
    def _ended(self, end: object) -> None:
        self._left = [job for job in self._left if job.running]
        if self.sender() is self._job:
            self._job = None
