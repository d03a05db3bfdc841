from __future__ import annotations

import threading
import time

import pytest

from core.errors import Cancelled
from core.events import CancelSource, CancelToken
from core.progress import map_in_threads


def test_results_come_in_order_and_few_at_a_time() -> None:
    begun: list[int] = []

    def slow_first(item: int) -> int:
        begun.append(item)
        time.sleep(0.02 if item == 0 else 0)
        return item * 10

    results = map_in_threads(slow_first, list(range(100)), threads=2, token=CancelToken())
    assert next(results) == 0
    assert len(begun) <= 8
    assert list(results) == [item * 10 for item in range(1, 100)]


def test_cancel_drops_what_is_not_begun() -> None:
    source = CancelSource()
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 10:
            source.cancel()
        return item

    with pytest.raises(Cancelled):
        list(map_in_threads(work, list(range(1000)), threads=2, token=source.token))
    assert len(begun) < 30


def test_errors_come_out_and_threads_end() -> None:
    def work(item: int) -> int:
        if item == 5:
            raise KeyError(item)
        return item

    before = threading.active_count()
    with pytest.raises(KeyError):
        list(map_in_threads(work, list(range(50)), threads=3, token=CancelToken()))
    assert threading.active_count() == before
