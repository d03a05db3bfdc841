"""The queue of trainings: one job after the other; an error or a stop ends only the run it happens in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.errors import SkinKDError
from core.events import Event, RunStarted
from core.runs.status import RunSummary
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.progress import PlanNoted
from skinkd_gui.training.work import Conditions, with_threads, work_for
from skinkd_gui.workers.job import JobEnd, Work
from skinkd_gui.workers.job_slot import JobSlot

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

    @property
    def entries(self) -> tuple[QueuedRun, ...]:
        """All that is not done yet, the one at work first."""
        return self.waiting if self.current is None else (self.current, *self.waiting)

    @property
    def can_start(self) -> bool:
        """Whether runs wait that do not start by themselves: the user stopped one, or they had an error."""
        return self.current is None and bool(self.waiting)


@dataclass(frozen=True)
class RunFailure:
    """A run that ended by an error. `folder` is None when it failed before it had one."""

    run: QueuedRun
    folder: Path | None
    error: SkinKDError


@dataclass(frozen=True)
class RunStopped:
    """A run that the user stopped. It can be resumed when it has a `folder`; `waits` tells that its entry goes on
    waiting in the queue, because more than this run is to come of it."""

    run: QueuedRun
    folder: Path | None
    waits: bool = False


class TrainingQueue(QObject):
    """Executes runs one after the other, each in a job. Lives in the GUI thread."""

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
        self._folder: Path | None = None  # of the run at work
        self._problem = ""  # of the current entry
        self._working = JobSlot(
            self,
            reported=self._on_reported,
            succeeded=self._on_succeeded,
            failed=self._on_failed,
            ended=self._on_ended,
        )
        self._paused = self._stopping = self._held = self._closing = False
        self._leaving = False  # the current entry stays in the queue, whatever of it is done

    @property
    def state(self) -> QueueState:
        """The queue as it stands."""
        return QueueState(self._current, tuple(self._waiting), self._paused, self._stopping, self._held)

    @property
    def busy(self) -> bool:
        """Whether a run is being executed."""
        return self._current is not None

    def configure(self, conditions: Conditions) -> None:
        """Change how the next runs are executed."""
        self._conditions = conditions

    def under_conditions(self, recipe: Recipe) -> Recipe:
        """The recipe as the queue would execute it here, for what is written down before it is queued."""
        return with_threads(recipe, self._conditions.threads_left)

    def restore(self, runs: Sequence[QueuedRun]) -> None:
        """Put back what was not done when the window ended; it waits for `start_waiting`."""
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

        A folder that is in the queue already is not added again: where it waits, its entry is begun.
        """
        if folder == self._folder or (self._current is not None and folder in self._current.folders):
            return
        waiting = next((run for run in self._waiting if folder in run.folders), None)
        if not self.busy:  # the user pointed at this one; after a stop the others go on waiting for `start_waiting`
            if waiting is not None:
                self._waiting.remove(waiting)
            self._begin(waiting or QueuedRun(name or folder.name, folder=folder))
        elif waiting is None:
            self._append(QueuedRun(name or folder.name, folder=folder))

    def add_study(self, folder: Path, name: str) -> None:
        """Begin or go on with a study, after the runs that wait; one that is queued already is not added again."""
        if all(run.study != folder for run in self.state.entries):
            self._append(QueuedRun(name, study=folder))

    def remove(self, run: QueuedRun) -> None:
        """Take a waiting run out. Raises `SkinKDError` where it waits no longer."""
        self._take_out(run)
        self._tell()

    def move(self, run: QueuedRun, index: int) -> None:
        """Let a waiting run start as the one of this index. Raises `SkinKDError` where it waits no longer."""
        self._waiting.insert(index, self._take_out(run))
        self._tell()

    def put_back(self, run: QueuedRun, index: int) -> None:
        """Let a run wait again that was taken out. Raises `SkinKDError` where it is in the queue already."""
        for entry in self.state.entries:
            if entry.id == run.id or (run.folder is not None and run.folder in entry.folders):
                raise SkinKDError("The run is in the queue already", f"{run.name} was put into the queue meanwhile.")
        self._waiting.insert(index, run)
        self._tell()
        self._start_next()

    def _take_out(self, run: QueuedRun) -> QueuedRun:
        for index, waiting in enumerate(self._waiting):
            if waiting.id == run.id:
                return self._waiting.pop(index)
        raise SkinKDError("The run waits no longer", f"{run.name} was begun or taken out of the queue meanwhile.")

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
        if self.busy and not self._stopping:
            self._stopping = True
            self._held = bool(self._waiting)
            self._paused = False
            self._working.cancel()
            self._tell()

    def suspend(self, milliseconds: int) -> bool:
        """Stop the current run as the session ends, and wait for it; its entry stays first in the queue. False when it
        did not end in time."""
        self._leaving = True
        self.stop_current()
        return self._working.stop(milliseconds)

    @Slot()
    def start_waiting(self) -> None:
        """Go on with the waiting runs after a stop, also with those that had an error."""
        self._held = False
        self._waiting = [replace(run, problem="") if run.problem else run for run in self._waiting]
        self._start_next()
        self._tell()

    def close(self) -> None:
        """Stop the current run, whose entry stays first in the queue, and start nothing any more."""
        self._closing = self._leaving = True
        self.stop_current()

    def _append(self, run: QueuedRun) -> None:
        self._waiting.append(run)
        if not self.busy:
            self._held = False
        self._tell()  # it is written down before it begins
        self._start_next()

    def _set_paused(self, paused: bool) -> None:
        if not self.busy or self._stopping or paused == self._paused:
            return
        self._paused = paused
        if paused:
            self._working.pause()
        else:
            self._working.resume()
        self._tell()

    def _start_next(self) -> None:
        if self.busy or self._held or self._closing:
            return
        ready = next((run for run in self._waiting if not run.problem), None)
        if ready is not None:
            self._waiting.remove(ready)
            self._begin(ready)

    def _begin(self, run: QueuedRun) -> None:
        self._current, self._folder = replace(run, begun=True, problem=""), None
        self._problem, self._leaving = "", False
        _log.info("starting %s", run.name)
        self._tell()  # what is begun is written down before it works
        self._working.start(self._make_work(self._current, self._conditions))

    @Slot(object)
    def _on_reported(self, event: Event) -> None:
        if isinstance(event, PlanNoted) and self._current is not None:
            self._current = replace(self._current, plan=event.plan)
            self._tell()
        elif isinstance(event, RunStarted):
            self._folder = event.folder
        self.reported.emit(event)

    @Slot(object)
    def _on_succeeded(self, summaries: tuple[RunSummary, ...]) -> None:
        for summary in summaries:
            self.run_finished.emit(summary)

    @Slot(object)
    def _on_failed(self, error: SkinKDError) -> None:
        if self._current is not None:
            self._problem = f"{error.title}: {error.summary}"
            self.failed.emit(RunFailure(self._current, self._folder, error))

    @Slot(object)
    def _on_ended(self, end: JobEnd) -> None:
        run, folder, leaving = self._current, self._folder, self._leaving
        self._current = self._folder = None
        self._paused = self._stopping = self._leaving = False
        if run is not None and (end.cancelled or self._problem):
            stays = (end.cancelled and leaving) or not run.in_run_folders
            if stays:
                self._waiting.insert(0, replace(run, problem=self._problem))
            if end.cancelled:
                self._held = self._held or stays
                self.run_stopped.emit(RunStopped(run, folder, stays))
        self._tell()
        self._start_next()

    def _tell(self) -> None:
        self.changed.emit(self.state)
