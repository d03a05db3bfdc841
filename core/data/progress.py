"""Progress at a rate that a window can draw, and work in threads that can be paused and cancelled."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

from core.events import CancelToken, Emit, Phase, Progress

Item = TypeVar("Item")
Result = TypeVar("Result")

_SECONDS_BETWEEN = 0.1


class ProgressMeter:
    """Reports `Progress` of one phase at most ten times a second, and always its first and last."""

    def __init__(self, phase: Phase, total: int, emit: Emit) -> None:
        self._phase = phase
        self._total = total
        self._emit = emit
        self._started = time.monotonic()
        self._last = self._started
        self._done = 0
        emit(Progress(phase, 0, total))

    def step(self) -> None:
        """One more item is done."""
        self._done += 1
        now = time.monotonic()
        if now - self._last < _SECONDS_BETWEEN and self._done < self._total:
            return
        self._last = now
        rate = self._done / max(now - self._started, 1e-6)
        self._emit(Progress(self._phase, self._done, self._total, rate, (self._total - self._done) / rate))


def thread_count(wanted: int) -> int:
    """The number of threads for a wish of `wanted`; 0 means every core."""
    return wanted if wanted > 0 else os.cpu_count() or 1


def map_in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], *, threads: int, token: CancelToken
) -> Generator[Result, None, None]:
    """Results in the order of `items`, computed in threads a few items ahead.

    Only a few results exist at any time. Raises `Cancelled` between two items; what is not begun is dropped.
    Errors of `function` come out here. A caller that may stop early closes the generator, which ends the threads.
    """
    workers = thread_count(threads)
    with ThreadPoolExecutor(workers, thread_name_prefix="skinkd-images") as pool:
        yield from map_in_pool(pool, function, items, ahead=workers * 4, token=token)


def map_in_pool(
    pool: Executor, function: Callable[[Item], Result], items: Sequence[Item], *, ahead: int, token: CancelToken
) -> Generator[Result, None, None]:
    """As `map_in_threads`, in the threads of `pool`, with at most `ahead` results that nobody has taken yet."""
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            token.check()
            waiting.append(pool.submit(function, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            token.check()
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
