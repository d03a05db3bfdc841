"""The files of a store of decoded images: how they are built, resumed, shared and recognised as damaged.

`<key>.u8` holds the pixels, record after record; `<key>.json` says what they are and is written last. While a store
is built, `<key>.part` grows and `<key>.rows` notes which rows are done.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.decoding import DECODE_ERRORS, DECODER_VERSION, decode_content, describe_failure, read_image
from core.data.file_checks import content_digest
from core.data.tables import write_atomically
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Notice, Phase, ignore
from core.locks import waiting_for
from core.paths import make_private
from core.progress import ProgressMeter, map_in_threads
from core.quantities import file_size

_FORMAT = 1
_NOTE_SECONDS = 2.0
"""What a crash may cost."""

_SPARE_BYTES = 200 * 1024 * 1024
_ROW = np.dtype([("done", "u1"), ("crc", "<u4")])

Rows = NDArray[np.void]


def store_bytes(count: int, size: int) -> int:
    """Bytes of a store of `count` images of `size` x `size` pixels."""
    return count * size * size * 3


@dataclass(frozen=True)
class Source:
    """An image of a store: its file and the digest of its bytes; `error` says why there is none to decode."""

    path: Path
    digest: str
    error: str = ""


class ImageChangedError(SkinKDError):
    """A file is no longer the one that was examined before."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            "An image changed while the images were being read",
            f"{path} is no longer the file that was checked before. {reason} Leave the images as they are and start "
            "again: this one is checked anew, and what is decoded already is kept.",
        )
        self.path = path


class StoreBuilder:
    """The files of one store, and how they come to be."""

    def __init__(self, folder: Path, sources: Sequence[Source], size: int) -> None:
        self.folder = folder
        self.sources = list(sources)
        self.digests = [source.digest for source in sources]
        self.size = size
        self.key = self._key(DECODER_VERSION)
        self.earlier_keys = tuple(self._key(version) for version in range(1, DECODER_VERSION))
        self.pixels = folder / f"{self.key}.u8"
        self.facts = folder / f"{self.key}.json"
        self.part = folder / f"{self.key}.part"
        self.rows_file = folder / f"{self.key}.rows"
        self.row_bytes = store_bytes(1, size)
        self.bytes = store_bytes(len(self.digests), size)

    def _key(self, decoder: int) -> str:
        content = json.dumps([_FORMAT, decoder, self.size, self.digests])
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def open(self, emit: Emit, token: CancelToken, threads: int) -> dict[int, str]:
        """Make sure that the store is there; returns its failed rows with their reasons.

        Raises `SkinKDError` when it can not be written, `Cancelled`.
        """
        told = "Another SkinKD is decoding the same images; waiting for it."
        try:
            make_private(self.folder)
            known = self._finished(verify=False)
            if known is not None:
                return known
            with waiting_for(self.folder / f"{self.key}.lock", told, emit, token):
                known = self._finished(verify=True, emit=emit)
                return self._build(emit, token, threads) if known is None else known
        except OSError as error:
            raise SkinKDError(
                "The decoded images can not be saved",
                f"{self.folder}: {error.strerror or error}. Free some space, or set SKINKD_CACHE to another folder.",
            ) from error

    def _finished(self, *, verify: bool, emit: Emit = ignore) -> dict[int, str] | None:
        """The failed rows of a finished store; None when there is none that can be trusted.

        A store that was written to after it was finished is trusted only when every row has its checksum.
        """
        facts = _read_facts(self.facts)
        if facts is None or not self.pixels.is_file():
            return None
        status = self.pixels.stat()
        if status.st_size == self.bytes and status.st_mtime_ns == facts["changed"]:
            return {int(index): str(reason) for index, reason in facts["failed"].items()}
        if not verify:
            return None
        if status.st_size == self.bytes and self._rows_match(facts["crc"]):
            self._write_facts(facts["crc"], {int(k): str(v) for k, v in facts["failed"].items()})
            return self._finished(verify=False)
        emit(Notice("The decoded images on disk are damaged; they are decoded again."))
        self.facts.unlink(missing_ok=True)
        self.pixels.unlink(missing_ok=True)
        return None

    def _rows_match(self, checksums: list[int]) -> bool:
        with self.pixels.open("rb") as file:
            return all(zlib.crc32(file.read(self.row_bytes)) == checksum for checksum in checksums)

    def _build(self, emit: Emit, token: CancelToken, threads: int) -> dict[int, str]:
        rows = self._unfinished_rows()
        failed = {index: source.error for index, source in enumerate(self.sources) if source.error}
        todo = [index for index in range(len(self.sources)) if index not in failed and not rows["done"][index]]
        self._check_space(len(todo))
        with self.part.open("r+b" if self.part.exists() else "w+b") as file:
            file.truncate(self.bytes)
            todo = self._copy_known(file, rows, todo, token)
            self._decode(file, rows, todo, failed, emit, token, threads)  # ends with all of it on the disk
            # What failed or is missing stays zeros, with the checksum of zeros.
            blank = zlib.crc32(bytes(self.row_bytes))
            for index in failed:
                rows["crc"][index] = blank
        self.part.replace(self.pixels)
        self._write_facts([int(crc) for crc in rows["crc"]], failed)
        self.rows_file.unlink(missing_ok=True)
        return failed

    def _unfinished_rows(self) -> Rows:
        """Which rows an interrupted build has finished; none when its files do not fit together."""
        count = len(self.digests)
        if self.pixels.is_file() and self.rows_file.is_file():
            # The last build was stopped between renaming the pixels and writing what they are.
            self.pixels.replace(self.part)
        if self.part.is_file() and self.rows_file.is_file() and self.part.stat().st_size == self.bytes:
            content = self.rows_file.read_bytes()
            if len(content) == count * _ROW.itemsize:
                return np.frombuffer(content, dtype=_ROW).copy()
        self.part.unlink(missing_ok=True)
        return np.zeros(count, dtype=_ROW)

    def _check_space(self, missing: int) -> None:
        needed = missing * self.row_bytes + _SPARE_BYTES
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise SkinKDError(
                "Not enough space for the decoded images",
                f"{self.folder} has {file_size(free)} free; {file_size(needed)} are needed for "
                f"{missing:,} images of {self.size} x {self.size} pixels. Free some space, choose a smaller image "
                "size, or set SKINKD_CACHE to a folder on a larger disk.",
            )

    def _copy_known(self, file: Any, rows: Rows, todo: list[int], token: CancelToken) -> list[int]:
        """Take rows of the same content from other stores of this size; returns what is left to decode."""
        wanted: dict[str, list[int]] = {}
        for index in todo:
            if self.digests[index]:
                wanted.setdefault(self.digests[index], []).append(index)
        for facts_file in sorted(self.folder.glob("*.json")):
            facts = _read_facts(facts_file)
            if not wanted or facts is None or facts["size"] != self.size or facts["decoder"] != DECODER_VERSION:
                continue
            source = facts_file.with_suffix(".u8")
            token.check()
            if source.is_file() and source.stat().st_size == len(facts["digests"]) * self.row_bytes:
                self._copy_rows(file, rows, wanted, source, facts)
        return [index for index in todo if not rows["done"][index]]

    def _copy_rows(
        self, file: Any, rows: Rows, wanted: dict[str, list[int]], source: Path, facts: dict[str, Any]
    ) -> None:
        with source.open("rb") as other:
            for position, digest in enumerate(facts["digests"]):
                if digest not in wanted or str(position) in facts["failed"]:
                    continue
                other.seek(position * self.row_bytes)
                pixels = other.read(self.row_bytes)
                if zlib.crc32(pixels) != facts["crc"][position]:
                    continue
                for index in wanted.pop(digest):
                    self._put(file, rows, index, pixels)

    def _decode(
        self,
        file: Any,
        rows: Rows,
        todo: list[int],
        failed: dict[int, str],
        emit: Emit,
        token: CancelToken,
        threads: int,
    ) -> None:
        meter = ProgressMeter(Phase.DECODING, len(todo), emit)
        sources = [self.sources[index] for index in todo]
        decode = partial(_decode_row, size=self.size)
        noted = time.monotonic()
        try:
            # A disk takes its time to say that it has everything; decoding goes on meanwhile.
            with (
                ThreadPoolExecutor(1, thread_name_prefix="skinkd-store") as disk,
                closing(map_in_threads(decode, sources, threads=threads, token=token)) as results,
            ):
                noting = disk.submit(self._note, file, rows.copy())
                for index, pixels in zip(todo, results, strict=True):
                    if isinstance(pixels, str):
                        failed[index] = pixels
                    else:
                        self._put(file, rows, index, pixels)
                    if time.monotonic() - noted > _NOTE_SECONDS and noting.done():
                        noting.result()
                        noting = disk.submit(self._note, file, rows.copy())
                        noted = time.monotonic()
                    meter.add()
        finally:
            self._note(file, rows)

    def _put(self, file: Any, rows: Rows, index: int, pixels: bytes) -> None:
        file.seek(index * self.row_bytes)
        file.write(pixels)
        rows["crc"][index] = zlib.crc32(pixels)
        rows["done"][index] = 1

    def _note(self, file: Any, rows: Rows) -> None:
        """Pixels first, then the note that they are there: a crash in between only costs work."""
        file.flush()
        os.fsync(file.fileno())
        write_atomically(self.rows_file, rows.tobytes())

    def _write_facts(self, checksums: list[int], failed: dict[int, str]) -> None:
        facts = {
            "format": _FORMAT,
            "decoder": DECODER_VERSION,
            "size": self.size,
            "changed": self.pixels.stat().st_mtime_ns,
            "failed": {str(index): reason for index, reason in sorted(failed.items())},
            "digests": self.digests,
            "crc": checksums,
        }
        write_atomically(self.facts, json.dumps(facts).encode())


def _decode_row(source: Source, size: int) -> bytes | str:
    """The pixels, or why these bytes have none: both stay true of the digest, whatever becomes of the file.

    Raises `ImageChangedError` when the file is no longer the one of the digest.
    """
    try:
        content = read_image(source.path)
    except OSError as error:
        raise ImageChangedError(source.path, describe_failure(error)) from error
    if content_digest(content) != source.digest:
        raise ImageChangedError(source.path, "It has another content.")
    try:
        return decode_content(content, size).tobytes()
    except MemoryError as error:
        raise SkinKDError(
            "There is not enough memory to decode the images",
            f"{source.path} is too large for it. Close other programs.",
        ) from error
    except DECODE_ERRORS as error:
        return describe_failure(error)


def _read_facts(path: Path) -> dict[str, Any] | None:
    """The facts of a finished store; None when there are none, or none of this format."""
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(facts, dict) or facts.get("format") != _FORMAT:
        return None
    complete = {"decoder", "size", "changed", "failed", "digests", "crc"} <= facts.keys()
    return facts if complete and len(facts["crc"]) == len(facts["digests"]) else None
