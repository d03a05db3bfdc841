"""An append-only record of what was classified, with which model and settings: by hash, without names or paths.

One JSON object per line, in a file that only its owner may read. A line cut off by a crash is skipped when reading.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from filelock import FileLock, Timeout

from core import __version__
from core.atomic import flush_folder, replacing
from core.data.tables import safe_cell
from core.digests import file_digest
from core.errors import SkinKDError
from core.paths import make_private, state_root

if TYPE_CHECKING:
    from core.inference.local_calibration import LocalCalibration
    from core.inference.results import Classification
    from core.models.info import ModelInfo

_SECONDS_TO_WAIT = 30.0


@dataclass(frozen=True)
class RecordEntry:
    """One classified image. It says nothing about where the image lay or what it was called.

    `time` is UTC in ISO 8601; `image` and `model` are SHA-256 of the files' bytes, in hex; `level` is that of the
    prediction set (None: no set was asked for); `verdict` is empty without one. `probabilities` are fractions by class
    code, calibrated with `temperature`; `code` is the largest's. `calibration` is the hash of the data of a calibration
    on the user's own images, empty for the model's own.
    """

    time: str
    image: str
    model: str
    architecture: str
    skinkd_version: str
    temperature: float
    level: float | None = None
    verdict: str = ""
    code: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    calibration: str = ""


def record_file() -> Path:
    """Where the record is kept: `record.jsonl` in the folder for what the application remembers."""
    return state_root() / "record.jsonl"


def entries_for(
    rows: Iterable[Classification], info: ModelInfo, model: str, local: LocalCalibration | None = None
) -> tuple[RecordEntry, ...]:
    """The entries of classifications just made with the model file of the SHA-256 `model`, calibrated on the user's own
    images where there is a `local` calibration; reads the images once more to hash them.

    Images that were not classified, and files that are gone already, have none.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return tuple(_entries(rows, info, model, now, "" if local is None else local.data))


class RecordBook:
    """The record in one file. Several programs may append at once; nothing is ever changed, only added or cleared."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def enabled(self) -> bool:
        """Whether entries are taken; they are unless the user switched the record off."""
        return not self._switch.exists()

    def switch(self, on: bool) -> None:
        """Take entries from now on, or not. What is there stays. Raises `SkinKDError`."""
        try:
            if on:
                self._switch.unlink(missing_ok=True)
            else:
                make_private(self.path.parent)
                self._switch.touch()
        except OSError as error:
            raise self._failed("The record was not switched", error) from error

    def append(self, entries: Sequence[RecordEntry]) -> None:
        """Add entries, unless switched off, and wait until they are on the disk. Raises `SkinKDError`."""
        if not entries or not self.enabled:
            return
        text = "".join(json.dumps(asdict(entry), separators=(",", ":")) + "\n" for entry in entries).encode()
        try:
            make_private(self.path.parent)
            new = not self.path.exists()
            with self._lock(), self._open() as file:
                if file.seek(0, os.SEEK_END) and _last_byte(file) != b"\n":
                    text = b"\n" + text  # whoever wrote before was cut off in the middle of a line
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if new:
                flush_folder(self.path.parent)
        except (OSError, Timeout) as error:
            raise self._failed("The record was not written", error) from error

    def entries(self) -> Iterator[RecordEntry]:
        """All entries, oldest first; lines that are no entry (cut off, damaged) are passed over.

        Raises `SkinKDError` when the file is there and can not be read.
        """
        try:
            with self.path.open(encoding="utf-8", errors="replace") as lines:
                yield from (entry for line in lines if (entry := _parsed(line)) is not None)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failed("The record can not be read", error) from error

    def export(self, path: Path) -> int:
        """Write all entries as CSV or JSON, by the ending of `path`; returns how many. Raises `SkinKDError`."""
        kind = path.suffix.lower()
        if kind not in {".csv", ".json"}:
            raise SkinKDError("Unknown kind of table", f"{path.name} must end in .csv or .json.")
        entries = tuple(self.entries())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_text(_as_csv(entries) if kind == ".csv" else _as_json(entries), "utf-8", newline="")
        except OSError as error:
            raise SkinKDError("The record was not exported", f"{path} can not be written.", str(error)) from error
        return len(entries)

    def clear(self) -> None:
        """Remove everything recorded so far. Raises `SkinKDError`."""
        try:
            if self.path.exists():
                with self._lock():
                    self.path.unlink(missing_ok=True)
        except (OSError, Timeout) as error:
            raise self._failed("The record was not cleared", error) from error

    @property
    def _switch(self) -> Path:
        """An empty file beside the record that means "off": for the window and the command line alike."""
        return self.path.with_name(f"{self.path.name}.off")

    def _lock(self) -> FileLock:
        return FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=_SECONDS_TO_WAIT, mode=0o600)

    def _open(self) -> BinaryIO:
        """For reading and appending; a new file is its owner's alone from the first moment."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(self.path, flags, 0o600), "rb+")

    def _failed(self, title: str, error: Exception) -> SkinKDError:
        reason = "another SkinKD keeps it busy" if isinstance(error, Timeout) else str(error)
        return SkinKDError(title, f"{self.path}: {reason}. You can switch the record off in the settings.")


def _entries(
    rows: Iterable[Classification], info: ModelInfo, model: str, now: str, calibration: str
) -> Iterator[RecordEntry]:
    for row in rows:
        if row.code is None or row.probabilities is None:
            continue
        try:
            image = file_digest(row.path)
        except OSError:
            continue
        assessment = row.assessment
        yield RecordEntry(
            time=now,
            image=image,
            model=model,
            architecture=info.architecture,
            skinkd_version=__version__,
            temperature=info.temperature,
            level=assessment.level if assessment else None,
            verdict=assessment.verdict.value if assessment else "",
            code=row.code,
            probabilities={
                code: round(share, 6) for code, share in zip(row.classes.codes, row.probabilities, strict=True)
            },
            calibration=calibration,
        )


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def _parsed(line: str) -> RecordEntry | None:
    try:
        entry = RecordEntry(**json.loads(line))
        texts = (entry.time, entry.image, entry.model, entry.architecture, entry.verdict, entry.code, entry.calibration)
        whole = all(isinstance(text, str) for text in texts) and isinstance(entry.probabilities, dict)
        return entry if whole else None
    except (ValueError, TypeError, RecursionError):
        return None


def _as_csv(entries: Sequence[RecordEntry]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [name for name in RecordEntry.__dataclass_fields__ if name != "probabilities"]
    codes = list(dict.fromkeys(code for entry in entries for code in entry.probabilities))
    writer.writerow([*names, *(safe_cell(code) for code in codes)])
    for entry in entries:
        values: dict[str, Any] = asdict(entry)
        shares = [entry.probabilities.get(code, "") for code in codes]
        writer.writerow([safe_cell(values[name]) for name in names] + shares)
    return out.getvalue()


def _as_json(entries: Sequence[RecordEntry]) -> str:
    return json.dumps([asdict(entry) for entry in entries], indent=2) + "\n"
