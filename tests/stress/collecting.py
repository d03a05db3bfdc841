"""A pytest plugin: Python's collector as a foreign library could have it run, while the tests of the window do.

`python -m pytest -p tests.stress.collecting --collecting=thread tests/gui/...`

thread     a thread calls gc.collect() every two milliseconds, or half of the time where a pass takes longer; what
           survives a long one (the modules of PyTorch, imported within a test) is frozen, as the window does
automatic  automatic collection with threshold 1, in whichever thread allocates

Neither may crash the process, make it hang, or let Qt complain.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator

import pytest

_SECONDS = 0.002
_LONG_SECONDS = 0.05
_stop = threading.Event()
_passes = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """How to collect."""
    parser.addoption("--collecting", choices=("thread", "automatic"), required=True)
    parser.addoption("--rounds", type=int, default=1, help="how often all tests are done, one round after the other")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to collect."""
    gc.callbacks.append(_count)
    if session.config.getoption("--collecting") == "thread":
        threading.Thread(target=_collect, name="collecting", daemon=True).start()


@pytest.fixture
def round_number(request: pytest.FixtureRequest) -> int:
    """Of the round that a test belongs to."""
    return int(request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test once a round."""
    rounds = metafunc.config.getoption("--rounds")
    if rounds > 1:
        metafunc.fixturenames.append("round_number")
        metafunc.parametrize("round_number", range(rounds), indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Leave out what was there before a test: looking at every module's objects each time would be the whole time."""
    gc.freeze()
    if item.config.getoption("--collecting") == "automatic":
        gc.set_threshold(1, 1, 1)
        gc.enable()
    return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Collect no more."""
    _stop.set()
    gc.callbacks.remove(_count)
    gc.set_threshold(700, 10, 10)
    gc.unfreeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was done."""
    terminalreporter.write_line(f"{_passes:,} passes of the collector in process {os.getpid()}")


def _collect() -> None:
    took = 0.0
    while not _stop.wait(max(_SECONDS, took)):  # otherwise a test that imports PyTorch would come to nothing else
        begin = time.monotonic()
        gc.collect()
        took = time.monotonic() - begin
        if took > _LONG_SECONDS:
            gc.freeze()


def _count(phase: str, facts: dict[str, int]) -> None:
    global _passes
    _passes += phase == "start"
