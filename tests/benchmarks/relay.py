"""Trainings that take turns by the epoch: each runs in a thread of its own and waits after every epoch."""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.errors import Cancelled
from core.events import CancelToken, EpochRecord
from core.training.compiling import Compilation


class Runner(CancelToken):
    """A training that goes on for one epoch at a time; its cancel token and its observer in one.

    `train` is called with the runner and must hand it to `core.training.loop.fit` as both.
    """

    def __init__(self, train: Callable[[Runner], object]) -> None:
        super().__init__()
        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._rate, self._ended = 0.0, False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(train,), daemon=True)
        self._thread.start()

    def epoch(self) -> float:
        """Let it train for an epoch: images per second, validation left out. Raises what the training raises."""
        self._go.release()
        self._done.acquire()
        if self._error is not None:
            raise RuntimeError("the training failed") from self._error
        return self._rate

    def end(self) -> None:
        """Stop the training where it waits."""
        self._ended = True
        self._go.release()
        self._thread.join()

    def epoch_finished(self, history: tuple[EpochRecord, ...]) -> None:
        """Wait for the next turn (called by the training)."""
        self._rate = history[-1].images_per_second
        self._done.release()
        self._go.acquire()

    def paused(self, waiting: bool) -> None:
        """Nothing pauses here."""

    def prepared(self, compilation: Compilation) -> None:
        """It is the first turn that prepares."""

    def check(self) -> None:
        """Called by the training before every batch."""
        if self._ended:
            raise Cancelled

    def _run(self, train: Callable[[Runner], object]) -> None:
        self._go.acquire()
        try:
            train(self)
        except Cancelled:
            pass
        except Exception as error:
            self._error = error
        self._done.release()
