"""A disk that keeps only what it was told to keep: what would be there after a power cut, to hold promises against.

Contents are kept when a file is flushed (`os.fsync`), names when their folder is. Linux alone lets a file that was
opened for writing be read again.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="what was flushed is read through /proc")


class Disk:
    """Watches every flush of this process, until the test ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._contents: dict[int, bytes] = {}
        self._names: dict[int, set[str]] = {}
        flush = os.fsync

        def watched(descriptor: int) -> None:
            flush(descriptor)
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                self._names[status.st_ino] = set(os.listdir(descriptor))
            else:
                self._contents[status.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

        monkeypatch.setattr(os, "fsync", watched)

    def kept(self, path: Path) -> bytes | None:
        """The content that a power cut now would leave of the file at `path`; None when nothing was flushed."""
        return self._contents.get(path.stat().st_ino)

    def knows(self, path: Path) -> bool:
        """Whether a power cut now would leave the name in its folder."""
        return path.name in self._names.get(path.parent.stat().st_ino, set())


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """For modules that import it."""
    return Disk(monkeypatch)
