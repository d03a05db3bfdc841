"""How fast a training goes and how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from core.training.plan import EpochPlan

_REPORT_SECONDS = 0.25


class Meter:
    """Measures an epoch: seconds at work (pauses left out), what happened since the last report, the time left."""

    def __init__(self, plan: EpochPlan) -> None:
        self._plan = plan
        self._reported = float("-inf")
        self.validation_seconds = 0.0

    def start(self, seconds: float) -> None:
        """Begin, or go on with, an epoch that took `seconds` so far."""
        self._begin = time.monotonic() - seconds

    def mark(self, batch: int, sums: NDArray[np.float64]) -> None:
        """Begin measuring speed at this position; `sums` (5,) are those of `Learner.read_sums` there."""
        self._first = (batch, time.monotonic())
        self._last = (time.monotonic(), sums)

    @property
    def seconds(self) -> float:
        """Seconds of work on this epoch."""
        return time.monotonic() - self._begin

    @property
    def due(self) -> bool:
        """Whether the last report is long enough ago."""
        return time.monotonic() - self._reported >= _REPORT_SECONDS

    def measure(
        self, epoch: int, batch: int, sums: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], float, float | None]:
        """The sums (5,) since the last report, images per second since then, and seconds left for all epochs."""
        now = time.monotonic()
        before, known = self._last
        part = sums - known
        first, begin = self._first
        per_batch = (now - begin) / max(batch - first, 1)
        batches_left = self._plan.total - self._plan.before(epoch) - batch
        left = per_batch * batches_left + self.validation_seconds * (self._plan.epochs - epoch + 1)
        self._reported, self._last = now, (now, sums)
        return part, float(part[4]) / max(now - before, 1e-9), left

    def left_after(self, epoch: int, seconds: float) -> float:
        """Seconds left for all epochs after this one, which took `seconds` with its validation."""
        per_batch = max(seconds - self.validation_seconds, 0.0) / self._plan.batches(epoch)
        batches_left = self._plan.total - self._plan.before(epoch + 1)
        return per_batch * batches_left + self.validation_seconds * (self._plan.epochs - epoch)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let the time inside the block not count."""
        begin = time.monotonic()
        try:
            yield
        finally:
            lost = time.monotonic() - begin
            self._begin += lost
            self._first = (self._first[0], self._first[1] + lost)
            self._last = (self._last[0] + lost, self._last[1])
