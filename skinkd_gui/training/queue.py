"""The queue of trainings: one job after the other; an error or a stop ends only the run it happens in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.errors import SkinKDError
from core.events import Event, RunStarted
from core.runs.status import RunSummary
from skinkd_gui.training.progress import PlanMade
from skinkd_gui.training.work import Conditions, QueuedRun, with_threads, work_for
from skinkd_gui.workers.job import Job, JobEnd, JobFailure, JobResult, Work

if TYPE_CHECKING:
    from core.recipe import Recipe

MakeWork = Callable[[QueuedRun, Conditions], Work]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class QueueState:
    """The queue as it stands. `held`: the user stopped a run, so the waiting ones do not start by themselves."""

    current: QueuedRun | None
    waiting: tuple[QueuedRun, ...]
    paused: bool
    stopping: bool
    held: bool


@dataclass(frozen=True)
class RunFailure:
    """A run that ended by an error. `folder` is None when it failed before it had one."""

    run: QueuedRun
    folder: Path | None
    error: SkinKDError


@dataclass(frozen=True)
class RunStopped:
    """A run that the user stopped. It can be resumed when it has a `folder`; `waits` tells that it already waits for
    that in the queue, because a run that follows needs it."""

    run: QueuedRun
    folder: Path | None
    waits: bool = False


class TrainingQueue(QObject):
    """Executes runs one after the other, each in a `Job`. Lives in the GUI thread."""

    changed = Signal(object)  # QueueState, after every change
    reported = Signal(object)  # core.events.Event of the current run, at most about ten times a second
    run_finished = Signal(object)  # core.runs.status.RunSummary, one for each finished run
    run_stopped = Signal(object)  # RunStopped
    failed = Signal(object)  # RunFailure; the queue goes on with the next run

    def __init__(self, conditions: Conditions, make_work: MakeWork = work_for, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._conditions = conditions
        self._make_work = make_work
        self._waiting: list[QueuedRun] = []
        self._current: QueuedRun | None = None
        self._folder: Path | None = None  # of the run at work, and its name
        self._folder_name = ""
        self._planned = self._begun = 0  # runs of the current entry
        self._job: Job | None = None
        self._paused = self._stopping = self._held = self._closing = False

    @property
    def state(self) -> QueueState:
        """The queue as it stands."""
        return QueueState(self._current, tuple(self._waiting), self._paused, self._stopping, self._held)

    @property
    def busy(self) -> bool:
        """Whether a run is being executed."""
        return self._job is not None

    def configure(self, conditions: Conditions) -> None:
        """Change how the next runs are executed."""
        self._conditions = conditions

    def under_conditions(self, recipe: Recipe) -> Recipe:
        """The recipe as the queue would execute it here, for what is written down before it is queued."""
        return with_threads(recipe, self._conditions.threads_left)

    def restore(self, runs: Sequence[QueuedRun]) -> None:
        """Put back runs that waited when the window was closed; they wait for `start_waiting`."""
        if runs:
            self._waiting.extend(runs)
            self._held = True
            self._tell()

    def add(self, recipe: Recipe, name: str = "") -> None:
        """Put a new run at the end; it starts at once when nothing works."""
        from core.runs.folder import default_name

        self._append(QueuedRun(name.strip() or default_name(recipe), recipe))

    def add_resume(self, folder: Path, name: str = "") -> None:
        """Go on with an unfinished run: at once when nothing works, otherwise after the runs that wait.

        A folder that is in the queue already is not added again.
        """
        known = [self._current, *self._waiting] if self._current else self._waiting
        if all(run is None or run.folder != folder for run in known) and self._folder != folder:
            run = QueuedRun(name or folder.name, folder=folder)
            if self.busy:
                self._append(run)
            else:  # the user pointed at this one; after a stop the others go on waiting for `start_waiting`
                self._begin(run)
                self._tell()

    def add_study(self, folder: Path, name: str) -> None:
        """Begin or go on with a study, after the runs that wait; one that is queued already is not added again."""
        known = [self._current, *self._waiting] if self._current else self._waiting
        if all(run is None or run.study != folder for run in known):
            self._append(QueuedRun(name, study=folder))

    def remove(self, index: int) -> None:
        """Take a waiting run out."""
        del self._waiting[index]
        self._tell()

    def move(self, index: int, by: int) -> None:
        """Let a waiting run start earlier (negative `by`) or later."""
        run = self._waiting.pop(index)
        self._waiting.insert(min(max(index + by, 0), len(self._waiting)), run)
        self._tell()

    def pause(self) -> None:
        """Let the current run wait, from its next batch on."""
        self._set_paused(True)

    def resume(self) -> None:
        """Let the current run go on."""
        self._set_paused(False)

    @Slot()
    def toggle_pause(self) -> None:
        """Let the current run wait, or go on."""
        self._set_paused(not self.state.paused)

    @Slot()
    def stop_current(self) -> None:
        """Stop the current run within a batch; it can be resumed. The waiting runs then wait for `start_waiting`."""
        if self._job is not None and not self._stopping:
            self._stopping = True
            self._held = bool(self._waiting)
            self._paused = False
            self._job.cancel()
            self._tell()

    @Slot()
    def start_waiting(self) -> None:
        """Go on with the waiting runs after a stop."""
        self._held = False
        self._start_next()
        self._tell()

    def close(self) -> None:
        """Stop the current run and start nothing any more."""
        self._closing = True
        self.stop_current()

    def _append(self, run: QueuedRun) -> None:
        self._waiting.append(run)
        if not self.busy:
            self._held = False
        self._start_next()
        self._tell()

    def _set_paused(self, paused: bool) -> None:
        if self._job is None or self._stopping or paused == self._paused:
            return
        self._paused = paused
        if paused:
            self._job.pause()
        else:
            self._job.resume()
        self._tell()

    def _start_next(self) -> None:
        if self._job is not None or self._held or self._closing or not self._waiting:
            return
        self._begin(self._waiting.pop(0))

    def _begin(self, run: QueuedRun) -> None:
        self._current, self._folder = run, None
        self._planned, self._begun = 1, 0
        _log.info("starting %s", self._current.name)
        job = Job(self._make_work(self._current, self._conditions), self)
        job.reported.connect(self._on_reported)
        job.succeeded.connect(self._on_succeeded)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_ended)
        self._job = job
        job.start()

    @Slot(object)
    def _on_reported(self, event: Event) -> None:
        if isinstance(event, PlanMade):
            self._planned = len(event.names)
        elif isinstance(event, RunStarted):
            self._begun += event.folder != self._folder
            self._folder, self._folder_name = event.folder, event.name
        self.reported.emit(event)

    @Slot(object)
    def _on_succeeded(self, result: JobResult) -> None:
        summaries: tuple[RunSummary, ...] = result.value
        for summary in summaries:
            self.run_finished.emit(summary)

    @Slot(object)
    def _on_failed(self, failure: JobFailure) -> None:
        if self._current is not None:
            self.failed.emit(RunFailure(self._current, self._folder, failure.error))

    @Slot(object)
    def _on_ended(self, end: JobEnd) -> None:
        run, folder = self._current, self._folder
        if self._job is not None:
            self._job.deleteLater()
        self._job = self._current = self._folder = None
        self._paused = self._stopping = False
        if end.cancelled and run is not None:
            waits = self._put_back(run, folder)
            self.run_stopped.emit(RunStopped(run, folder, waits))
        self._start_next()
        self._tell()

    def _put_back(self, run: QueuedRun, folder: Path | None) -> bool:
        """Keep what a stop would lose: the rest of a study; a teacher stopped before its student, and the student."""
        if run.study is not None:
            self._waiting.insert(0, run)
            self._held = True
            return True
        if folder is None or self._begun >= self._planned:
            return False
        self._waiting[:0] = [QueuedRun(self._folder_name, folder=folder), run]
        self._held = True
        return True

    def _tell(self) -> None:
        self.changed.emit(self.state)
