"""The models that can be chosen: finished runs, newest first, and files that were opened. Read off the GUI thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from core.events import CancelToken, Emit
from skinkd_gui.classify.classify_worker import ModelChoice, list_models, open_model
from skinkd_gui.workers.job import Job, JobFailure, JobResult


class ModelCatalog(QObject):
    """One catalogue for all choosers of the tab."""

    listed = Signal()  # the finished runs were read (again)
    opened = Signal(object)  # ModelChoice of a file or folder that was opened
    failed = Signal(object)  # SkinKDError of either

    def __init__(self, runs_root: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs_root = runs_root
        self._runs: tuple[ModelChoice, ...] = ()
        self._opened: list[ModelChoice] = []
        self._listing: Job | None = None
        self._again = False
        self._opening: list[Job] = []

    @property
    def choices(self) -> tuple[ModelChoice, ...]:
        """Opened files first, then the finished runs, newest first."""
        listed = {choice.source for choice in self._runs}
        return (*(choice for choice in self._opened if choice.source not in listed), *self._runs)

    @property
    def runs_root(self) -> Path:
        """The folder of runs."""
        return self._runs_root

    @property
    def busy(self) -> bool:
        """Whether runs or files are being read."""
        return self._listing is not None or bool(self._opening)

    def find(self, source: Path) -> ModelChoice | None:
        """The choice of a run folder or file, None where it is not listed."""
        return next((choice for choice in self.choices if choice.source == source), None)

    def refresh(self) -> None:
        """Read the runs again; `listed` tells when that is done."""
        if self._listing is not None:
            self._again = True
            return
        self._listing = Job(self._list, self)
        self._listing.succeeded.connect(self._take)
        self._listing.failed.connect(self._fail)
        self._listing.ended.connect(self._end_listing)
        self._listing.start()

    def set_runs_root(self, runs_root: Path) -> None:
        """List the runs of another folder."""
        self._runs_root = runs_root
        self.refresh()

    def open(self, source: Path) -> None:
        """Read a run folder or model file that is not listed; `opened` or `failed` tells how it went."""
        job = Job(partial(_open, source), self)
        self._opening.append(job)
        job.succeeded.connect(self._take_opened)
        job.failed.connect(self._fail)
        job.ended.connect(self._end_opening)
        job.start()

    def shut_down(self) -> None:
        """Stop reading."""
        for job in (self._listing, *self._opening):
            if job is not None:
                job.shut_down()

    def _list(self, emit: Emit, token: CancelToken) -> tuple[tuple[ModelChoice, ...], list[ModelChoice]]:
        gone = [choice for choice in tuple(self._opened) if not choice.source.exists()]
        return list_models(self._runs_root, emit, token), gone

    @Slot(object)
    def _take(self, result: JobResult) -> None:
        self._runs, gone = result.value
        self._opened = [choice for choice in self._opened if choice not in gone]

    @Slot(object)
    def _take_opened(self, result: JobResult) -> None:
        choice: ModelChoice = result.value
        self._opened = [choice, *(kept for kept in self._opened if kept.source != choice.source)]
        self.opened.emit(choice)

    @Slot(object)
    def _fail(self, failure: JobFailure) -> None:
        self.failed.emit(failure.error)

    @Slot(object)
    def _end_listing(self, end: object) -> None:
        self._listing = None
        self.listed.emit()
        if self._again:
            self._again = False
            self.refresh()

    @Slot(object)
    def _end_opening(self, end: object) -> None:
        job = self.sender()
        if isinstance(job, Job):
            self._opening.remove(job)


def _open(source: Path, emit: Emit, token: CancelToken) -> ModelChoice:
    return open_model(source)
