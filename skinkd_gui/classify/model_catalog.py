"""The models that can be chosen: finished runs, newest first, and files that were opened. Read off the GUI thread."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.inference.results import DEMONSTRATION_NAME
from skinkd_gui.classify.classify_worker import ModelChoice, list_models, open_model
from skinkd_gui.settings.store import open_store
from skinkd_gui.widgets.runs_watch import RunsWatch
from skinkd_gui.workers.job_slot import JobSlot

_REMEMBERED = "classify/model"


def last_used() -> Path | None:
    """The run folder or model file that somebody chose last, None before anybody did."""
    stored = str(open_store().value(_REMEMBERED, ""))
    return Path(stored) if stored else None


def remember(choice: ModelChoice) -> None:
    """Begin with this model next time; never with the demonstration, which must not be taken for a real one."""
    if choice.source.name != DEMONSTRATION_NAME:
        open_store().setValue(_REMEMBERED, str(choice.source))


@dataclass(frozen=True)
class _Listed:
    """The finished runs; the opened files that are no more; and the model used last, where it is neither."""

    runs: tuple[ModelChoice, ...]
    gone: tuple[ModelChoice, ...]
    last: ModelChoice | None


class ModelCatalog(QObject):
    """One catalogue for all choosers of the tab."""

    listed = Signal()  # the finished runs were read (again)
    opened = Signal(object)  # ModelChoice of a file or folder that was opened
    failed = Signal(object)  # SkinKDError of either
    outdated = Signal()  # runs came, went or changed on the disk: `refresh` reads them

    def __init__(self, runs_root: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs_root = runs_root
        self._runs: tuple[ModelChoice, ...] = ()
        self._opened: list[ModelChoice] = []
        self._to_open: list[Path] = []
        self._watch = RunsWatch(self)
        self._watch.changed.connect(self.outdated)
        self._listing = JobSlot(self, succeeded=self._take, failed=self.failed, ended=self.listed)
        self._opening = JobSlot(self, succeeded=self._take_opened, failed=self.failed, ended=self._open_next)

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
        return self._listing.running or self._opening.running

    def find(self, source: Path) -> ModelChoice | None:
        """The choice of a run folder or file, None where it is not listed."""
        return next((choice for choice in self.choices if choice.source == source), None)

    def refresh(self) -> None:
        """Read the runs again, and a file outside of them that was used last; `listed` tells when that is done."""
        self._listing.start_next(partial(self._list, last_used()))

    def set_runs_root(self, runs_root: Path) -> None:
        """List the runs of another folder."""
        self._runs_root = runs_root
        self.refresh()

    def open(self, source: Path) -> None:
        """Read a run folder or model file that is not listed; `opened` or `failed` tells how it went."""
        self._to_open.append(source)
        self._open_next()

    @Slot()
    def _open_next(self) -> None:
        if self._to_open and not self._opening.running:
            self._opening.start(partial(_open, self._to_open.pop(0)))

    def _list(self, last: Path | None, emit: Emit, token: CancelToken) -> _Listed:
        runs, opened = list_models(self._runs_root, emit, token), tuple(self._opened)
        gone = tuple(choice for choice in opened if not choice.source.exists())
        found = None
        if last is not None and last.exists() and last not in {choice.source for choice in (*runs, *opened)}:
            with suppress(SkinKDError):  # nobody asked for it now: another model is the default then
                found = open_model(last)
        return _Listed(runs, gone, found)

    @Slot(object)
    def _take(self, listed: _Listed) -> None:
        self._runs = listed.runs
        self._watch.watch(self._runs_root, {choice.source for choice in listed.runs})
        self._opened = [choice for choice in self._opened if choice not in listed.gone]
        if listed.last is not None and self.find(listed.last.source) is None:
            self._opened.append(listed.last)

    @Slot(object)
    def _take_opened(self, choice: ModelChoice) -> None:
        self._opened = [choice, *(kept for kept in self._opened if kept.source != choice.source)]
        self.opened.emit(choice)


def _open(source: Path, emit: Emit, token: CancelToken) -> ModelChoice:
    return open_model(source)
