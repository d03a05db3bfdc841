"""The computer stays awake during work; where that can not be had it is said once."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from core import awake
from core.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("active", [True, False])
def test_sleep_is_kept_off_and_said_once_where_it_can_not_be(active: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[bool] = []

    @contextmanager
    def running(on_fail: str) -> Iterator[SimpleNamespace]:
        assert on_fail == "pass"
        at_work.append(True)
        yield SimpleNamespace(active=active, active_method=None)
        at_work.pop()

    monkeypatch.setattr("wakepy.keep.running", running)
    monkeypatch.setattr(awake, "_told", False)
    told: list[Event] = []
    for _ in range(3):
        with awake.keep_awake(told.append):
            assert at_work == [True]
        assert at_work == []
    assert len(told) == (0 if active else 1)
