"""A file is whole, or as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import atomic

from .power_cuts import Disk, disk, needs_proc  # noqa: F401


def test_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "Läsion.txt"
    atomic.write_text(path, "a long first text\n")
    atomic.write_text(path, "é\r\n")
    assert path.read_bytes() == b"\xc3\xa9\r\n"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_half() -> None:
        with atomic.replacing(path) as temporary:
            temporary.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@needs_proc
def test_the_content_is_on_the_disk_before_the_name_and_then_the_name(
    tmp_path: Path,
    disk: Disk,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, before = tmp_path / "file", []
    rename = Path.replace

    def renamed(temporary: Path, target: Path) -> Path:
        before.append(disk.kept(temporary))
        return rename(temporary, target)

    monkeypatch.setattr(Path, "replace", renamed)
    atomic.write_text(path, "new")
    assert before == [b"new"]
    assert disk.knows(path)


_KILLED = """
import os, signal, sys
import os
import subprocess
import sys
import time
from pathlib import Path
from core import atomic
folder = Path(sys.argv[1])
with atomic.temporary_folder(folder) as work, atomic.replacing(folder / "file") as temporary:
    (work / "part").write_text("half")
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
"""


def test_what_a_killed_program_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False, timeout=60).returncode
    assert len(list(tmp_path.iterdir())) == 2
    others = ("file.tmp", ".hidden", ".x.tmp", f".own.{os.getpid()}-00000000.tmp", ".older-version.77.tmp")
    for name in others:
        (tmp_path / name).write_text("kept")
    with atomic.replacing(tmp_path / "mine") as temporary:
        temporary.write_text("being written")
        assert atomic.remove_leftovers([tmp_path, tmp_path / "is not there"]) == 2
    assert {path.name for path in tmp_path.iterdir()} == {*others, "mine"}


def test_what_another_computer_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    old, young = tmp_path / ".a.77-00000000.tmp", tmp_path / ".b.77-00000000.tmp"
    for path in (old, young):
        path.write_text("half")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    assert atomic.remove_leftovers([tmp_path]) == 1
    assert list(tmp_path.iterdir()) == [young]
