"""Work on many items: its progress at a rate that a window can draw, and threads that keep the order of the items."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from core.events import CancelToken, Emit, Phase, Progress

Item = TypeVar("Item")
Result = TypeVar("Result")

_SECONDS_BETWEEN = 0.1


class ProgressMeter:
    """Reports `Progress` of one phase at most ten times a second, and always its first and last; `before` of the
    `total` items were done before, and do not count for the rate."""

    def __init__(self, phase: Phase, total: int, emit: Emit, before: int = 0) -> None:
        self._phase, self._total, self._emit = phase, total, emit
        self._before = self._done = before
        self._begin = self._last = time.monotonic()
        emit(Progress(phase, before, total))

    def add(self, items: int = 1) -> None:
        """So many more are done."""
        self._done += items
        now = time.monotonic()
        if now - self._last < _SECONDS_BETWEEN and self._done < self._total:
            return
        self._last = now
        rate = (self._done - self._before) / max(now - self._begin, 1e-6)
        self._emit(Progress(self._phase, self._done, self._total, rate, (self._total - self._done) / rate))


def thread_count(wanted: int) -> int:
    """The number of threads for a wish of `wanted`; 0 means every core."""
    return wanted if wanted > 0 else os.cpu_count() or 1


def in_order(
    pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Iterable[Item], most: int
) -> Generator[Result, None, None]:
    """Results in the order of `items`, computed by the pool, of which at most `most` are begun or wait to be taken.

    Errors of `function` come out here. Close the generator to end early: what is not begun is dropped.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def map_in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], *, threads: int, token: CancelToken
) -> Generator[Result, None, None]:
    """As `in_order`, with threads of its own and a few items ahead. Raises `Cancelled` between two items."""
    workers = thread_count(threads)
    token.check()
    with (
        ThreadPoolExecutor(workers, thread_name_prefix="skinkd-images") as pool,
        closing(in_order(pool, function, items, workers * 4)) as results,
    ):
        for result in results:
            token.check()
            yield result
