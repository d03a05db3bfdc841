from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.cli import main as program
from core.cli.main import run
from core.errors import DiskFullError
from core.machine_errors import Remedies, explained


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("std::bad_alloc"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("can't start new thread"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_memory_that_ran_out_is_said_in_words(error: Exception) -> None:
    told = explained(error, Remedies(memory="Do this."))
    assert told is not None
    assert told.title == "The computer has not enough memory"
    assert told.summary.startswith("Do this.")
    assert told.details


def test_a_cause_counts_and_what_is_no_lack_does_not() -> None:
    outer = ImportError("numpy did not load")
    outer.__cause__ = MemoryError()
    assert explained(outer) is not None
    full = explained(OSError(errno.ENOSPC, "No space left on device"))
    assert full is not None
    assert full.title == "The disk is full"
    for other in (RuntimeError("shapes differ"), FileNotFoundError(errno.ENOENT, "gone"), ValueError("bad_alloc")):
        assert explained(other) is None


def test_a_database_on_a_full_disk_says_so(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "small.sqlite3")) as database:
        database.execute("pragma max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as caught:
            database.execute("create table facts (text)")
    assert isinstance(explained(caught.value), DiskFullError)
    assert explained(sqlite3.OperationalError("database is locked")) is None


def test_a_command_without_memory_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def hungry(**_: object) -> None:
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr(program, "app", hungry)
    assert run(["runs"]) == 1
    said = capsys.readouterr().err
    assert "not enough memory" in said
    assert "Close other programs" in said
    assert "Unexpected" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_limit_below_what_torch_takes_is_said_before_anything_ends() -> None:
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30));"
        "sys.argv = ['skinkd-cli', '--version']; from core.cli.main import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "3.0 GiB of memory only (ulimit -v)" in result.stderr


def test_whatever_fails_under_such_a_limit_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: object) -> None:
        raise SyntaxError("expected ':'")  # Python's own answer to memory that ran out while it read a module

    monkeypatch.setattr(program, "app", broken)
    monkeypatch.setattr("core.machine_errors.memory_limit", lambda: 3 << 30)
    assert run(["runs"]) == 1
    assert "3.0 GiB of memory only (ulimit -v)" in capsys.readouterr().err
