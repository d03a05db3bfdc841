"""Pausing and stopping a job by its token."""

from __future__ import annotations

import threading

import pytest

from core.errors import Cancelled
from core.events import CancelSource


def test_a_cancelled_token_raises() -> None:
    source = CancelSource()
    source.token.check()
    source.cancel()
    with pytest.raises(Cancelled):
        source.token.check()


def test_a_paused_job_waits_until_it_is_resumed() -> None:
    source = CancelSource()
    source.pause()
    passed = threading.Event()

    def work() -> None:
        source.token.check()
        passed.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert not passed.wait(0.1)
    source.resume()
    assert passed.wait(5)
    thread.join()


def test_cancelling_wakes_a_paused_job() -> None:
    source = CancelSource()
    source.pause()
    ended: list[str] = []

    def work() -> None:
        try:
            source.token.check()
        except Cancelled:
            ended.append("cancelled")

    thread = threading.Thread(target=work)
    thread.start()
    source.cancel()
    thread.join(5)
    assert ended == ["cancelled"]
