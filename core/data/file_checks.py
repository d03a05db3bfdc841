"""What is known about image files from reading them: content digests, whether they can be decoded, how they look.

Kept under the cache folder by path, size and times of change, so that a second look only asks the file system.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, field
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.content import not_skin
from core.data.decoding import (
    DECODE_ERRORS,
    DECODER_VERSION,
    HeicError,
    decode_full,
    decode_preview,
    describe_failure,
    read_image,
)
from core.data.near_copies import SKETCH_VERSION, sketch
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase
from core.paths import cache_root, make_private
from core.progress import ProgressMeter, map_in_threads

_SAVE_SECONDS = 2.0
_VERSION = 100 * DECODER_VERSION + 10 * SKETCH_VERSION + 2
"""Of the table; what another version found out is found out again."""


class Depth(IntEnum):
    """How closely a file is looked at: its bytes, a quick decode that finds all damage, or every pixel of it."""

    BYTES = 0
    PREVIEW = 1
    PIXELS = 2


@dataclass(frozen=True)
class FileCheck:
    """`digest` of the file's bytes; `pixels` digest of the picture in full, None when it was not decoded in full.

    `size` names width and height of the picture and `preview` is a digest of its reduced version; empty when it was not
    decoded, and `preview` also where the format has no quick decode. `error` says why the file could not be read,
    `not_skin` why a picture shows no skin. `sketch` is what near-copies are found by.
    """

    digest: str
    pixels: str | None = None
    error: str = ""
    size: str = ""
    preview: str = ""
    not_skin: str = ""
    sketch: bytes = field(default=b"", repr=False)

    @property
    def depth(self) -> Depth:
        """How much is known: of a damaged file there is nothing more to know."""
        if self.pixels is not None or self.error:
            return Depth.PIXELS
        return Depth.PREVIEW if self.size else Depth.BYTES


@dataclass(frozen=True)
class _Task:
    path: Path
    stamp: str
    depth: Depth


def examine_files(
    paths: Sequence[Path],
    *,
    depth: Depth,
    phase: Phase,
    emit: Emit,
    token: CancelToken,
    threads: int = 0,
    cache: Path | None = None,
) -> list[FileCheck]:
    """A verdict for every file, in order; known ones cost a look at the file's size and time.

    What was found out before a cancel is kept.
    """
    checks: dict[Path, FileCheck] = {}
    with closing(_open(cache or cache_root())) as known:
        tasks: list[_Task] = []
        for path in dict.fromkeys(paths):
            verdict = _stored(known, path, depth)
            if isinstance(verdict, FileCheck):
                checks[path] = verdict
            else:
                tasks.append(verdict)
        _examine(tasks, checks, known, ProgressMeter(phase, len(tasks), emit), token, threads)
    return [checks[path] for path in paths]


def content_digest(content: bytes) -> str:
    """The digest of a file's bytes, as `FileCheck.digest` has it."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def forget_file(path: Path, cache: Path) -> None:
    """Have a file examined anew the next time, whatever its size and times say."""
    with closing(_open(cache)) as known, known:
        known.execute("DELETE FROM verdicts WHERE path = ?", (os.fsencode(path),))


def _examine(
    tasks: list[_Task],
    checks: dict[Path, FileCheck],
    known: sqlite3.Connection,
    meter: ProgressMeter,
    token: CancelToken,
    threads: int,
) -> None:
    fresh: list[tuple[_Task, FileCheck]] = []
    saved = time.monotonic()
    try:
        with closing(map_in_threads(_read, tasks, threads=threads, token=token)) as results:
            for task, verdict in zip(tasks, results, strict=True):
                checks[task.path] = verdict
                if verdict.digest:
                    fresh.append((task, verdict))
                if time.monotonic() - saved > _SAVE_SECONDS:
                    _save(known, fresh)
                    fresh.clear()
                    saved = time.monotonic()
                meter.add()
    finally:
        _save(known, fresh)


def _stored(known: sqlite3.Connection, path: Path, depth: Depth) -> FileCheck | _Task:
    try:
        status = path.stat()
    except OSError as error:
        return FileCheck("", None, describe_failure(error))
    # Files that are copied or unpacked bring their old time with them; the system's own (ctime) they can not.
    stamp = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    row = known.execute(
        "SELECT digest, pixels, error, picture, look, content, sketch FROM verdicts WHERE path = ? AND stamp = ?",
        (os.fsencode(path), stamp),
    ).fetchone()
    verdict = FileCheck(*row) if row else None
    if verdict is not None and verdict.depth >= depth:
        return verdict
    return _Task(path, stamp, depth)


def _read(task: _Task) -> FileCheck:
    try:
        content = read_image(task.path)
    except (OSError, MemoryError) as error:
        # Not remembered: the file may well be readable next time.
        return FileCheck("", None, describe_failure(error))
    digest = content_digest(content)
    if not content:
        return FileCheck(digest, None, "The file is empty.")
    if task.depth == Depth.BYTES:
        return FileCheck(digest)
    try:
        return _decoded(digest, content, task.depth)
    except (MemoryError, HeicError) as error:
        # Not remembered: there may be more memory, or a reader for it, next time.
        return FileCheck("", None, describe_failure(error))
    except DECODE_ERRORS as error:
        return FileCheck(digest, None, describe_failure(error))


def _decoded(digest: str, content: bytes, depth: Depth) -> FileCheck:
    seen = decode_preview(content, quick=True)
    size, odd = "{} x {}".format(*seen.size), not_skin(seen.pixels)
    drawn = sketch(seen.pixels)
    if not seen.reduced:
        return FileCheck(digest, _picture_digest(seen.pixels), "", size, not_skin=odd, sketch=drawn)
    pixels = _picture_digest(decode_full(content)) if depth == Depth.PIXELS else None
    return FileCheck(digest, pixels, "", size, _picture_digest(seen.pixels), odd, drawn)


def _picture_digest(pixels: NDArray[np.uint8]) -> str:
    picture = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
    picture.update(np.ascontiguousarray(pixels).data)
    return picture.hexdigest()


def _open(cache: Path) -> sqlite3.Connection:
    path = cache / "verdicts.sqlite3"
    try:
        make_private(cache)
        try:
            return _connect(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # Damaged; everything in it can be found out again.
            for file in (path, path.with_name(f"{path.name}-journal")):
                file.unlink(missing_ok=True)
            return _connect(path)
    except (OSError, sqlite3.Error) as error:
        raise SkinKDError(
            "The cache folder can not be used",
            f"{cache} must be a folder that SkinKD can write to. Set SKINKD_CACHE to another folder.",
            str(error),
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # names of images are nobody else's, also in a shared folder
    connection = sqlite3.connect(path, timeout=60)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != _VERSION:
            with connection:
                connection.execute("DROP TABLE IF EXISTS verdicts")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        with connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS verdicts (path BLOB PRIMARY KEY, stamp TEXT, "
                "digest TEXT, pixels TEXT, error TEXT, picture TEXT, look TEXT, content TEXT, sketch BLOB)"
            )
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _save(known: sqlite3.Connection, fresh: Iterable[tuple[_Task, FileCheck]]) -> None:
    rows = [(os.fsencode(task.path), task.stamp, *astuple(verdict)) for task, verdict in fresh]
    with known:
        known.executemany("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
