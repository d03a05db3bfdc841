"""Files that are either whole or as they were: written to a temporary name, flushed to the disk, renamed."""

from __future__ import annotations

import logging
import os
import platform
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.visible_text import writable

_log = logging.getLogger(__name__)

HERE = f"{zlib.crc32(platform.node().encode()):08x}"
"""This computer, in the names of temporary files: a process number means nothing on another one."""

_TEMPORARY = re.compile(r"\..+\.(?P<process>\d{1,9})(?:-(?P<computer>[0-9a-f]{8}))?\.tmp")
_FORGOTTEN_SECONDS = 24 * 3600.0


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; what was written to it replaces `path` when the block ends well.

    After an error `path` is as it was and the temporary file is gone. A program that is killed leaves it behind:
    `remove_leftovers` is for that. Once the block has ended, also a power cut takes nothing back.
    """
    temporary = path.with_name(f".{path.name}.{_own_mark()}")
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, so that a new, renamed or removed file outlasts a power cut. Windows and
    some drives have no way to do that: there nothing happens."""
    if os.name == "nt":
        return
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def write_text(path: Path, text: str) -> None:
    """Replace `path` by `text` (UTF-8, line ends as given), whole or not at all. Bytes of names that are no UTF-8 are
    written as escapes; in JSON and TOML, which have other escapes, whoever writes takes care of them before."""
    with replacing(path) as temporary:
        temporary.write_text(writable(text), encoding="utf-8", newline="")


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A folder inside `parent` that is gone after the block, however it ends; `remove_leftovers` knows its name too."""
    with tempfile.TemporaryDirectory(dir=parent, prefix=".work-", suffix=f".{_own_mark()}") as folder:
        yield Path(folder)


def remove_leftovers(folders: Iterable[Path]) -> int:
    """Remove what programs that were killed have left of `replacing` and `temporary_folder` directly in these folders;
    returns how many there were.

    It is left over when its process has ended; what another computer wrote, when it is older than a day. Folders and
    files that can not be looked at or removed are passed over.
    """
    removed = 0
    for folder in folders:
        with suppress(OSError):
            removed += sum(_remove(path) for path in folder.iterdir() if _is_left_over(path))
    if removed:
        _log.info("removed %d temporary files that a killed program had left", removed)
    return removed


def _own_mark() -> str:
    return f"{os.getpid()}-{HERE}.tmp"


def _is_left_over(path: Path) -> bool:
    match = _TEMPORARY.fullmatch(path.name)
    if match is None:
        return False
    import psutil

    if match["computer"] == HERE and not psutil.pid_exists(int(match["process"])):
        return True
    return time.time() - path.lstat().st_mtime > _FORGOTTEN_SECONDS


def _remove(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return not path.exists()
