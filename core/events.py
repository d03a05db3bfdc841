"""What a long job reports while it works, and how it is asked to pause or stop.

Core takes two plain things from whoever drives it: `emit(event)` and a `CancelToken`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.errors import Cancelled


class Phase(StrEnum):
    """What a job is busy with; the value is shown to the user."""

    READING = "Reading the data set"
    CHECKING = "Checking the images"
    NEAR_COPIES = "Looking for near-copies"
    DECODING = "Decoding the images"
    LOADING = "Loading the models"
    TEACHER = "Asking the teacher"
    FEATURES = "Computing features"
    TRAINING = "Training"
    VALIDATING = "Validating"
    TESTING = "Testing"
    CALIBRATING = "Calibrating"
    SAVING = "Saving"
    EXPORTING = "Writing the network for other programs"
    QUANTISING = "Trying each layer with 8 bits"
    TIMING = "Measuring the speed"
    CLASSIFYING = "Classifying"
    COMPARING = "Looking at the training images"
    REPORTING = "Making the report"


class Level(StrEnum):
    """How much a notice matters."""

    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True)
class Event:
    """The base of everything a job reports."""


@dataclass(frozen=True)
class Progress(Event):
    """`done` of `total` items (images, batches) of a phase; `total` 0 means unknown. Rates are per second."""

    phase: Phase
    done: int
    total: int
    per_second: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Notice(Event):
    """Something the user must be told and that does not end the job (a fallback, a class without samples)."""

    text: str
    level: Level = Level.INFO


@dataclass(frozen=True)
class LossParts:
    """Mean losses over the images since the last report; `distillation` is None without a teacher.

    `total` = alpha * distillation + (1 - alpha) * classification (paper, figure 4).
    """

    total: float
    classification: float
    distillation: float | None = None


@dataclass(frozen=True)
class BatchFinished(Event):
    """A training step, reported a few times a second. Counts start at 1; `seconds_left` is for all epochs."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: LossParts
    images_per_second: float
    seconds_left: float | None = None


@dataclass(frozen=True)
class EpochRecord:
    """One row of history.csv. Fractions in 0..1; `epoch` starts at 1; `best` marks a new best epoch. `recipe` is the
    hash of the recipe it was trained under (`core.training.legs.hashes_of_epoch`), "" where none was recorded.
    `averaged`: the validation scores are those of the running average of the weights, which did better than they."""

    epoch: int
    train_loss: LossParts
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    validation_weighted_f1: float
    validation_balanced_accuracy: float
    learning_rate: float
    seconds: float
    images_per_second: float
    best: bool
    recipe: str = ""
    averaged: bool = False


@dataclass(frozen=True)
class EpochFinished(Event):
    """An epoch with its validation; `patience_left` epochs may pass without a new best (None: no early stop)."""

    record: EpochRecord
    epochs: int
    patience_left: int | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class RunStarted(Event):
    """A run folder exists and the run is being worked on."""

    folder: Path
    name: str


@dataclass(frozen=True)
class MemoryReleased(Event):
    """A run let its models and arrays go: a good moment to collect garbage and call `core.allocator.give_back`.

    Core itself never runs Python's collector: in which thread that may be is for whoever drives it to know.
    """


Emit = Callable[[Event], None]


def ignore(event: Event) -> None:
    """An `Emit` for callers that do not want to know."""


class CancelToken:
    """The side of a job: it may only look. Safe from any thread."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._going = threading.Event()
        self._going.set()

    @property
    def cancelled(self) -> bool:
        """Whether the job was asked to stop."""
        return self._cancelled.is_set()

    @property
    def paused(self) -> bool:
        """Whether the job was asked to wait."""
        return not self._going.is_set()

    def check(self) -> None:
        """Wait while paused; raise `Cancelled` when asked to stop. Called once per batch or image."""
        self._going.wait()
        if self.cancelled:
            raise Cancelled


class TellingToken(CancelToken):
    """Another token's eyes and ears that also tell when its job begins and ends to wait."""

    def __init__(self, token: CancelToken, waiting: Callable[[bool], None]) -> None:
        """`waiting(True)` is called before the job waits and `waiting(False)` after, in the thread that waits first."""
        super().__init__()
        self._token = token
        self._cancelled, self._going = token._cancelled, token._going
        self._waiting = waiting
        self._telling = threading.Lock()

    def check(self) -> None:
        """Wait while paused, and tell so; raise `Cancelled` when asked to stop."""
        if self.paused and not self.cancelled and self._telling.acquire(blocking=False):
            try:
                self._waiting(True)
                self._going.wait()
                self._waiting(False)
            finally:
                self._telling.release()
        self._token.check()


class CancelSource:
    """The side of the user: asks the job that holds `token` to pause, go on or stop. Safe from any thread."""

    def __init__(self, token: CancelToken | None = None) -> None:
        """With a `token`, another source of the same wishes."""
        self.token = token or CancelToken()

    def pause(self) -> None:
        """Ask the job to wait at its next check."""
        self.token._going.clear()

    def resume(self) -> None:
        """Let a waiting job go on."""
        self.token._going.set()

    def cancel(self) -> None:
        """Ask the job to stop at its next check, waiting or not."""
        self.token._cancelled.set()
        self.token._going.set()
