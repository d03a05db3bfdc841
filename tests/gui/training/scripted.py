"""Stands in for core: runs whose events and ends a test decides."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.errors import SkinKDError
from core.events import BatchFinished, CancelToken, Emit, EpochFinished, EpochRecord, Event, LossParts, RunStarted
from core.recipe import Preset, preset
from core.runs.folder import RunFolder, complete_run
from core.runs.planning import PlannedRun
from core.runs.status import RunState, RunStatus, RunSummary
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.progress import PlanNoted
from skinkd_gui.training.work import Conditions
from skinkd_gui.workers.job import Work

RECIPE = preset(Preset.QUICK)


def epoch(number: int, *, best: bool = True, accuracy: float = 0.5) -> EpochRecord:
    """A finished epoch."""
    loss = LossParts(1.0, 0.8, 2.8)
    return EpochRecord(number, loss, 0.5, 0.9, accuracy, 0.45, 0.4, 1e-3, 10.0, 100.0, best)


def epoch_finished(number: int, epochs: int, **values: Any) -> EpochFinished:
    """Its event."""
    return EpochFinished(epoch(number, **values), epochs, patience_left=3, seconds_left=10.0 * (epochs - number))


def batch(number: int, epochs: int, batch_number: int, batches: int) -> BatchFinished:
    """A training step of an epoch."""
    return BatchFinished(number, epochs, batch_number, batches, LossParts(1.5, 1.0, 6.0), 123.0, seconds_left=65.0)


def make_run(run: QueuedRun, conditions: Conditions, emit: Emit) -> Path:
    """Give a new run its folder, as core does before anything else."""
    folder = run.folder or conditions.runs_root / run.name[:100]
    if run.recipe is not None:
        plan = (PlannedRun(run.recipe, run.name, folder=folder),)
        conditions.note(run.id, plan)
        emit(PlanNoted(plan))
        complete_run(RunFolder(folder), run.recipe, run.name)
    return folder


class Stage:
    """Makes the work of every queued run: it reports `events`, then waits for `finish` (or the user's stop)."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events = tuple(events)
        self.finish = threading.Event()
        self.at_work = threading.Event()
        self.names: list[str] = []

    def __call__(self, run: QueuedRun, conditions: Conditions) -> Work:
        def work(emit: Emit, token: CancelToken) -> tuple[RunSummary, ...]:
            self.names.append(run.name)
            folder = make_run(run, conditions, emit)
            emit(RunStarted(folder, run.name))
            for event in self.events:
                emit(event)
            if "bad" in run.name:
                raise SkinKDError("No images", "Choose another folder.", "looked in x")
            self.at_work.set()
            while not self.finish.wait(0.005):
                token.check()
            return (summary(folder, run.name),)

        return work


def summary(folder: Path, name: str, state: RunState = RunState.FINISHED, epoch_number: int = 2) -> RunSummary:
    """A run as lists show it, without scores."""
    status = RunStatus(
        state, name, "2026-03-31T10:00:00+00:00", "2026-03-31T11:00:00+00:00", epoch=epoch_number, epochs=5
    )
    return RunSummary(folder, status, RECIPE, None)
