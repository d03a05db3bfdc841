"""The data set that is open: read, its pictures opened and compared, a run asked, exported; each in a job."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from core.data.choices import NO_CHOICES, ChoiceNeededError, Choices
from core.data.corrections import corrections_note
from core.data.types import DataSet
from core.errors import SkinKDError
from core.runs.status import RunSummary
from skinkd_gui.data.corrections_editor import CorrectionsEditor
from skinkd_gui.data.entries import PictureEntry, entries_of, marked
from skinkd_gui.data.opening import (
    LabelFindings,
    OpenedData,
    ask_run,
    check_data,
    export_cleaned,
    least_alike,
    open_data,
)
from skinkd_gui.data.recents import remember_data
from skinkd_gui.workers.job import JobEnd
from skinkd_gui.workers.job_slot import JobSlot


class DataSession(QObject):
    """Holds what is known of the pictures, as `entries`, and says when more is."""

    read = Signal(object)  # OpenedData; its pictures are opened next
    choice_needed = Signal(object)  # Choice: the data leave something open
    changed = Signal()  # `entries`, or what is to be said of them
    asked = Signal(object)  # LabelFindings of a run that was chosen
    begun = Signal(str)  # work of which progress is told
    progressed = Signal(object)  # core.events.Event
    rested = Signal(object)  # JobEnd of such work
    ready = Signal()  # the pictures were opened, or that was stopped: they can be compared
    exported = Signal(object)  # CleanedTable
    failed = Signal(object)  # SkinKDError

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.corrections = CorrectionsEditor(self)
        self.corrections.changed.connect(self._on_corrected)
        self.opened: OpenedData | None = None
        self.entries: tuple[PictureEntry, ...] = ()
        self._dataset: DataSet | None = None  # with what was found in the pictures, once they were opened
        self._findings: LabelFindings | None = None
        self._unusual: dict[str, float] | None = None
        self._choices = NO_CHOICES
        self._reading = JobSlot(self, succeeded=self._on_read, failed=self._on_read_failed)
        told, ended = self.progressed, self.rested
        self._checking = JobSlot(
            self, reported=told, succeeded=self._on_checked, failed=self.failed, ended=self._on_check_ended
        )
        self._comparing = JobSlot(self, reported=told, succeeded=self._on_compared, failed=self.failed, ended=ended)
        self._asking = JobSlot(self, succeeded=self._on_asked, failed=self.failed)
        self._exporting = JobSlot(self, succeeded=self.exported, failed=self.failed)

    @property
    def busy(self) -> bool:
        """Whether anything is being read, opened, compared, asked or written."""
        jobs = (self._reading, self._checking, self._comparing, self._asking, self._exporting)
        return any(job.running for job in jobs)

    @property
    def compared(self) -> bool:
        """Whether the pictures that are least like the rest are known."""
        return self._unusual is not None

    @property
    def note(self) -> str:
        """What the corrections do, in sentences; empty without any."""
        note = corrections_note(self.corrections.corrections, "The next run uses your corrections")
        return " ".join(text for text in (note, self._findings.scores if self._findings else "") if text)

    def open(self, path: Path, runs_root: Path, run: Path | None = None, choices: Choices = NO_CHOICES) -> None:
        """Read a folder or table, as the run in the folder `run` did where one is named."""
        for job in (self._checking, self._comparing, self._asking, self._reading):
            job.drop()
        self.opened = self._dataset = self._findings = self._unusual = None
        self.entries = ()
        self.corrections.close()
        self._choices = choices
        self._reading.start(partial(open_data, path, runs_root, run, choices))

    @property
    def choices(self) -> Choices:
        """What was decided of what the data leave open."""
        return self._choices

    def ask(self, run: RunSummary | None) -> None:
        """Find out what a run makes of the labels; None: no run counts."""
        self._asking.drop()
        self._findings = None
        if run is not None and self._dataset is not None:
            self._asking.start(partial(ask_run, run, self._dataset))
        self._renew()

    def compare(self) -> None:
        """Find the pictures least like the rest, unless that is known or under way; after the pictures were opened."""
        waits = self._checking.running or self._comparing.running
        if self._dataset is not None and not self.compared and not waits:
            self.begun.emit("Comparing the pictures")
            self._comparing.start(partial(least_alike, self._dataset))

    def export(self, file: Path) -> None:
        """Write the data set as a run would use it."""
        if self.opened is not None:
            self._exporting.start(partial(export_cleaned, file, self.opened.dataset, self.corrections.corrections))

    @Slot()
    def stop(self) -> None:
        """Open and compare no more pictures."""
        for job in (self._checking, self._comparing):
            job.cancel()

    @Slot(object)
    def _on_read(self, opened: OpenedData) -> None:
        remember_data(opened.path)
        self.opened, self._dataset = opened, opened.dataset
        self.corrections.open(opened.corrections_file, opened.corrections)
        self.begun.emit("Opening the pictures")
        self._checking.start(partial(check_data, opened.dataset))
        self._renew()
        self.read.emit(opened)

    @Slot(object)
    def _on_read_failed(self, error: SkinKDError) -> None:
        self.failed.emit(error)
        if isinstance(error, ChoiceNeededError):
            self.choice_needed.emit(error.choice)

    @Slot(object)
    def _on_checked(self, dataset: DataSet) -> None:
        self._dataset = dataset
        self._renew()

    @Slot(object)
    def _on_check_ended(self, end: JobEnd) -> None:
        self.rested.emit(end)
        self.ready.emit()

    @Slot(object)
    def _on_compared(self, unusual: dict[str, float]) -> None:
        self._unusual = unusual
        self._renew()

    @Slot(object)
    def _on_asked(self, findings: LabelFindings) -> None:
        first, self._findings = self._findings is None, findings
        self.corrections.run_name = findings.run.folder.name
        self._renew()
        if first:
            self.asked.emit(findings)

    @Slot()
    def _on_corrected(self) -> None:
        self._mark()
        if self._findings is not None and self._dataset is not None:  # its scores by the corrected labels
            self._asking.start_next(partial(ask_run, self._findings.run, self._dataset))

    def _renew(self) -> None:
        if self.opened is not None and self._dataset is not None:
            self.entries = entries_of(self._dataset, self.opened.unlabelled, self._findings, self._unusual or {})
        self._mark()

    def _mark(self) -> None:
        self.entries = marked(self.entries, self.corrections.corrections)
        self.changed.emit()
