"""Locks between real processes: the holder is named, a killed one blocks nobody, another computer's is respected."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import SkinKDError
from core.events import CancelSource, Event, Notice
from core.locks import Holder, Lock, facts_file, holding, read_holder, waiting_for

_HOLDER = """
import sys
from pathlib import Path
from core.locks import Lock
sys.argv[0] = "skinkd-cli"
assert Lock(Path(sys.argv[1])).acquire()
sys.stdout.write("held\\n")
sys.stdout.flush()
sys.stdin.read()
"""


@contextmanager
def another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait(30)
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.lock"


def refused(holder: str) -> SkinKDError:
    return SkinKDError("Busy", holder)


def left_by(path: Path, computer: str, seconds_ago: float) -> None:
    facts = facts_file(path)
    values = {"program": "skinkd", "process": 77, "computer": computer, "since": "2026-03-31T10:00:00+00:00"}
    facts.write_text(json.dumps(values))
    then = time.time() - seconds_ago
    os.utime(facts, (then, then))


def test_who_is_refused_learns_who_holds_it_and_a_killed_holder_blocks_nobody(path: Path) -> None:
    with another_process(path) as other:
        lock = Lock(path)
        assert lock.held_by_another()
        assert not lock.acquire()
        with pytest.raises(SkinKDError) as caught, holding(path, refused):
            pass
        assert caught.value.summary.startswith(f"skinkd-cli, process {other.pid} on the computer {platform.node()}")
        assert ", since 20" in caught.value.summary
        os.kill(other.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        other.wait(30)
        assert read_holder(path) is not None  # its facts are left behind
        assert not lock.held_by_another()
        assert lock.acquire()
        assert (held := lock.holder) is not None
        assert held.process == os.getpid()
        lock.release()


def test_who_waits_is_told_once_who_holds_it_and_goes_on_when_the_holder_is_killed(path: Path) -> None:
    told: list[Event] = []
    with another_process(path) as other:

        def emit(event: Event) -> None:
            told.append(event)
            threading.Timer(0.5, other.kill).start()

        with waiting_for(path, "Waiting.", emit, CancelSource().token):
            assert other.wait(30) != 0
    (notice,) = told
    assert isinstance(notice, Notice)
    assert notice.text.startswith(f"Waiting. It is held by skinkd-cli, process {other.pid} on the computer")


@pytest.mark.parametrize(
    ("computer", "seconds_ago", "taken"),
    [
        ("another", 5, False),
        ("another", 900, True),
        ("another", -900, True),
        (platform.node(), 5, True),
    ],
)
def test_facts_left_on_a_drive_that_passes_no_locks_on(
    path: Path, computer: str, seconds_ago: float, taken: bool
) -> None:
    left_by(path, computer, seconds_ago)
    lock = Lock(path)
    path.touch()
    assert lock.held_by_another() is not taken
    assert lock.acquire() is taken
    if not taken:
        named = "process 77 on the computer another, since 2026-03-31"
        with pytest.raises(SkinKDError, match=named), holding(path, refused):
            pass
        assert read_holder(path) == Holder("skinkd", 77, "another", "2026-03-31T10:00:00+00:00")
    lock.release()


def test_a_held_lock_gives_signs_of_life(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.locks._SECONDS_BETWEEN_SIGNS", 0.02)
    with holding(path, refused):
        os.utime(facts_file(path), (1, 1))
        deadline = time.monotonic() + 10
        while facts_file(path).stat().st_mtime < 1e6 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert facts_file(path).stat().st_mtime > 1e6
    assert not facts_file(path).exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts.write_text("[" * 5000),
        lambda facts: facts.write_bytes(b"\xff\x00"),
        lambda facts: facts.write_text(
            '{"program": "\\u001b[2J", "process": 1, "computer": "", "since": "2026-03-31"}'
        ),
        lambda facts: facts.write_text('{"program": "x", "process": "y", "computer": "", "since": "never"}'),
        lambda facts: facts.mkdir(),
    ],
)
def test_facts_that_make_no_sense_name_nobody(path: Path, change: Callable[[Path], None]) -> None:
    change(facts_file(path))
    assert read_holder(path) is None
    with holding(path, refused), pytest.raises(SkinKDError, match="Busy"), holding(path, refused):
        pass


def test_threads_of_one_program_exclude_each_other(path: Path) -> None:
    with holding(path, refused), pytest.raises(SkinKDError, match="this program itself"), holding(path, refused):
        pass
    assert not Lock(path).held_by_another()
