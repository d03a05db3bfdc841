"""What is known of the run that works, collected from its events; knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.events import (
    BatchFinished,
    EpochFinished,
    EpochRecord,
    Event,
    LossParts,
    Notice,
    Phase,
    Progress,
    RunStarted,
)

if TYPE_CHECKING:
    from core.runs.planning import Plan

PHASE_HELP = {
    Phase.READING: "Reading the tables that say what each image shows.",
    Phase.CHECKING: "Opening every image once to find damaged and doubled ones.",
    Phase.NEAR_COPIES: "Finding pictures that are nearly the same, so that they stay on one side of the test.",
    Phase.DECODING: "Bringing every image to the size that the model sees. This happens once per data set and size.",
    Phase.LOADING: "Building the models and loading their starting weights.",
    Phase.TEACHER: "The teacher looks at every image; its answers are kept and used again.",
    Phase.FEATURES: "The network looks at every image once; its last layer then learns from what it saw.",
    Phase.TRAINING: "The model learns from the training images.",
    Phase.VALIDATING: "Scoring the model on images that it does not learn from.",
    Phase.TESTING: "Scoring the best epoch on the test images, which nothing was chosen by.",
    Phase.CALIBRATING: "Measuring how sure the model may be, and what its training images look like.",
    Phase.SAVING: "Writing the model and its results.",
    Phase.CLASSIFYING: "Classifying.",
    Phase.COMPARING: "Looking at the training images once, to find those that are like a picture.",
    Phase.EXPORTING: "Writing the network in a form that other programs read.",
    Phase.QUANTISING: "Trying which layers do as well with 8 bits.",
    Phase.TIMING: "Measuring how long one image takes.",
    Phase.REPORTING: "Drawing the figures and writing the page.",
}
"""One sentence per phase: what happens and why."""

_SPANS = {
    Phase.LOADING: (0.0, 0.02),
    Phase.READING: (0.02, 0.03),
    Phase.CHECKING: (0.03, 0.05),
    Phase.DECODING: (0.05, 0.09),
    Phase.TEACHER: (0.09, 0.15),
    Phase.TESTING: (0.97, 0.98),
    Phase.CALIBRATING: (0.98, 0.99),
    Phase.SAVING: (0.99, 1.0),
}
_TRAINING_BEGIN, _TRAINING_END = 0.15, 0.97
_VALIDATION_SHARE = 0.1  # of an epoch


@dataclass(frozen=True)
class PlanMade(Event):
    """The names of the runs that one request stands for (a teacher and a student, say), in their order."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class PlanNoted(Event):
    """The plan of the entry at work, as it was just written down: the folder of its next run is in it."""

    plan: Plan


class RunProgress:
    """Feed it every event of a job; it always tells the newest state. Unknown values are None."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.plan: tuple[str, ...] = ()
        self.index = 0  # of the plan's run at work
        self.notices: list[Notice] = []
        self._forget_run()

    def _forget_run(self) -> None:
        self.folder: Path | None = None
        self.phase: Phase | None = None
        self.progress: Progress | None = None
        self.batch: BatchFinished | None = None
        self.epochs = 0
        self.history: list[EpochRecord] = []
        self.patience_left: int | None = None
        self.seconds_left: float | None = None
        self._fraction = 0.0

    def feed(self, event: Event) -> None:
        """Take an event into account."""
        if isinstance(event, PlanMade):
            self.plan = event.names
        elif isinstance(event, RunStarted):
            self._start_run(event)
        elif isinstance(event, Notice):
            self.notices.append(event)
        elif isinstance(event, Progress):
            self._feed_progress(event)
        elif isinstance(event, BatchFinished):
            self._feed_batch(event)
        elif isinstance(event, EpochFinished):
            self._feed_epoch(event)

    def recall(self, history: Sequence[EpochRecord]) -> None:
        """Take over the epochs of an earlier session of the same run."""
        self.history = list(history)

    @property
    def fraction(self) -> float:
        """How much of all runs of the plan is done, 0..1; never falls. Early stopping makes it jump."""
        runs = max(len(self.plan), 1)
        return min(1.0, (min(self.index, runs - 1) + self._fraction) / runs)

    @property
    def phase_fraction(self) -> float | None:
        """How much of the present phase (an epoch, while training) is done; None when nobody knows."""
        if self.phase is Phase.TRAINING and self.batch is not None:
            return self.batch.batch / max(self.batch.batches, 1)
        if self.progress is None or self.progress.total <= 0:
            return None
        return min(1.0, self.progress.done / self.progress.total)

    @property
    def loss(self) -> LossParts | None:
        """The newest training losses."""
        if self.batch is not None and self.batch.epoch > self.epochs_done:
            return self.batch.loss
        return self.history[-1].train_loss if self.history else None

    @property
    def epochs_done(self) -> int:
        """The number of the newest whole epoch. Batches are told of seldom, so it may be past the newest batch."""
        return self.history[-1].epoch if self.history else 0

    @property
    def best(self) -> EpochRecord | None:
        """The best epoch so far."""
        return next((record for record in reversed(self.history) if record.best), None)

    def _start_run(self, event: RunStarted) -> None:
        another = self.folder is not None and self.folder != event.folder
        if another:
            self.index += 1
        self._forget_run()
        self.folder, self.name = event.folder, event.name

    def _feed_progress(self, event: Progress) -> None:
        self.phase, self.progress = event.phase, event
        part = self.phase_fraction or 0.0
        if event.phase is Phase.VALIDATING:
            done = len(self.history) + 1 - _VALIDATION_SHARE * (1 - part)
            self._advance_training(done)
        elif event.phase in _SPANS and not (event.phase is Phase.SAVING and self._within_training):
            begin, end = _SPANS[event.phase]
            self._advance(begin + (end - begin) * part)

    def _feed_batch(self, event: BatchFinished) -> None:
        self.phase, self.batch, self.progress = Phase.TRAINING, event, None
        self.epochs = event.epochs
        self.seconds_left = event.seconds_left
        part = event.batch / max(event.batches, 1)
        self._advance_training(event.epoch - 1 + part * (1 - _VALIDATION_SHARE))

    def _feed_epoch(self, event: EpochFinished) -> None:
        self.history = [record for record in self.history if record.epoch < event.record.epoch] + [event.record]
        self.epochs, self.patience_left = event.epochs, event.patience_left
        self.seconds_left = event.seconds_left
        self._advance_training(event.record.epoch)

    @property
    def _within_training(self) -> bool:
        """Whether epochs are still to come, so that saving means a checkpoint and not the end."""
        return bool(self.epochs) and len(self.history) < self.epochs and self._fraction < _TRAINING_END

    def _advance_training(self, epochs_done: float) -> None:
        if self.epochs:
            share = min(epochs_done / self.epochs, 1.0)
            self._advance(_TRAINING_BEGIN + (_TRAINING_END - _TRAINING_BEGIN) * share)

    def _advance(self, fraction: float) -> None:
        self._fraction = max(self._fraction, min(fraction, 1.0))
