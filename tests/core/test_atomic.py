"""A file is whole, or as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import atomic


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
