"""The SHA-256 of files, by which models and images are known wherever they lie."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import SkinKDError


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """What is read of a file in the block, in several steps, is of one content: raises `SkinKDError` when the file was
    replaced or written to meanwhile. One that is not there is the block's own affair."""
    before = _stamp(path)
    yield
    if _stamp(path) != before:
        raise SkinKDError(
            "The file was changed while it was read", f"{path} is another one now than it was a moment ago. Try again."
        )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


_ENDS = 65_536  # bytes


def fingerprint(path: Path) -> str:
    """SHA-256, in hex, of a file's length and of its first and last 64 KiB: tells pictures apart and what was changed
    in one, without reading all of a large one. It is no proof against somebody who forges. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        digest = hashlib.sha256(str(size).encode() + b"\n" + file.read(_ENDS))
        file.seek(max(_ENDS, size - _ENDS))
        digest.update(file.read(_ENDS))
    return digest.hexdigest()
