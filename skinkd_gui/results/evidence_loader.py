"""Reads what the panels show from the folders of several runs, in a job; a newer request replaces an older one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from core.events import CancelToken, Emit, Progress
from core.runs.status import RunSummary
from skinkd_gui.results.findings import Findings, FindingsStore
from skinkd_gui.workers.job_slot import JobSlot


class EvidenceLoader(QObject):
    """One reading at a time counts; the others are cancelled and end on their own."""

    progressed = Signal(object)  # Progress, in runs
    loaded = Signal(object)  # Findings of the newest request
    failed = Signal(object)  # SkinKDError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = FindingsStore()
        self._reading = JobSlot(self, reported=self._pass_progress, succeeded=self.loaded, failed=self.failed)

    @property
    def busy(self) -> bool:
        """Whether the newest request is still being read."""
        return self._reading.running

    def load(self, runs: Sequence[RunSummary], baseline: Path | None) -> None:
        """Read these runs, and how they compare with the run in the folder `baseline` (None: with none)."""
        wanted, store = tuple(runs), self._store

        def work(emit: Emit, token: CancelToken) -> Findings:
            import core.reporting.figures  # noqa: F401  (its first import takes a second: not in the GUI thread)

            return store.find(wanted, baseline, emit, token)

        self._reading.start(work)

    def forget(self) -> None:
        """Give up what is being read."""
        self._reading.drop()

    @Slot(object)
    def _pass_progress(self, event: object) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(event)
