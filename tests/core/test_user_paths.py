"""Paths that lead nowhere are said, not tripped over."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SkinKDError
from core.user_paths import full_path, is_folder


def test_folders_and_what_is_none(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert is_folder(tmp_path)
    for odd in ("absent", "x" * 300, "a\0b", "loop", "loop/x", "~nobody-of-this-name/x"):
        assert not is_folder(tmp_path / odd), odd
    assert not is_folder(Path("~nobody-of-this-name/x"))


def test_paths_that_can_be_none_are_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert full_path(tmp_path / "a" / ".." / "b") == tmp_path / "b"
    assert full_path("~nobody-of-this-name/x").name == "x"  # a folder of that name, which is not there
    with pytest.raises(SkinKDError, match="leads nowhere"):
        full_path("a\0b")
