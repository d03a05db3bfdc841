"""Run folders in and out: a run as one zip file for colleagues, and a stranger's zip or folder as a run of one's own.

What comes in may be damaged or hostile: names, kinds, numbers and sizes of its files are checked before and while they
are copied, into a hidden folder that becomes a run only when it is complete and can be read.
"""

from __future__ import annotations

import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import IO

from core import atomic
from core.errors import SkinKDError
from core.events import CancelToken
from core.inference.local_calibration import ENDING as LOCAL_CALIBRATION
from core.paths import make_private
from core.runs.folder import RunFolder, numbered, slugify
from core.runs.listing import summarise
from core.runs.status import RunState, RunSummary
from core.twin_names import twins
from core.visible_text import visible_lines

MAX_FILES = 2_000
MAX_BYTES = 8 * 1024**3
_MAX_SQUEEZE = 200  # times smaller in the zip; a CSV of logits gets 5 times smaller
_SQUEEZE_FROM = 64 * 1024**2  # bytes; less than that hurts nobody
_MAX_DEPTH = 6
_CHUNK = 1024**2
_DAMAGED_ZIP = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(NotImplementedError, RuntimeError, EOFError, ValueError, OverflowError),
)
"""What zipfile raises on the way through a damaged file."""

_WEIGHTS = {".safetensors", ".pt"}
_CHECKPOINT = "checkpoint"
_UNSAFE = re.compile(r'[\x00-\x1f<>:"|?*\\]|[ .]$')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d\u00b9\u00b2\u00b3])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class _Entry:
    """A file to copy: its place below the run folder, the size it is said to have, and how to read it."""

    name: PurePosixPath
    size: int
    open: Callable[[], IO[bytes]]


def export_run(folder: Path, file: Path, *, checkpoint: bool = False, token: CancelToken | None = None) -> Path:
    """Write a run folder into a zip file, whole or not at all, and return `file`.

    Everything goes in that classifying and reporting need; `checkpoint`, which only a resumed training needs and which
    may be several times larger, when asked for. The recipe stays as it is, with the paths of the computer that
    trained: they say which data were used. Raises `SkinKDError` while the run is worked on, when the folder is no run
    and when the file can not be written; `Cancelled`.
    """
    run, token = RunFolder(folder), token or CancelToken()
    run.recipe()
    if run.is_locked:
        raise SkinKDError(
            "The run is being worked on", f"{folder.name} can be exported when it has ended or was stopped."
        )
    if file.resolve().is_relative_to(folder.resolve()):
        raise SkinKDError("The file can not be here", f"{file} is inside the run itself. Choose another folder.")
    try:
        entries = [entry for entry in _files_below(folder) if checkpoint or entry.name.parts[0] != _CHECKPOINT]
        _check_twins([str(entry.name) for entry in entries], folder.name)
        with atomic.replacing(file) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for entry in entries:
                _pack(archive, folder, entry, token)
    except OSError as error:
        raise SkinKDError(
            "The run was not exported", f"{file} could not be written. Is there room on the disk?", str(error)
        ) from error
    return file


def import_run(source: Path, runs_root: Path, *, token: CancelToken | None = None) -> Path:
    """Copy the run in a zip file or folder into `runs_root` and return its new folder.

    Nothing that is there is changed: a taken name gets a number. A run that was at work when it was copied becomes a
    stopped one. Raises `SkinKDError` when there is not exactly one readable run, when it is already here, when it
    holds anything but plain files in plain places, and when it is too large (2,000 files, 8 GB, or a zip that swells
    to more than 200 times its size); `Cancelled`. Then nothing is left behind.
    """
    token = token or CancelToken()
    try:
        if source.is_dir():
            return _import(_run_in_folder(source), runs_root, token, origin=source)
        with zipfile.ZipFile(source) as archive:
            return _import(_run_in_zip(archive, source), runs_root, token, origin=source)
    except _DAMAGED_ZIP as error:
        raise SkinKDError(
            "The zip file can not be read",
            f"{source.name} is not a zip file, or is damaged. Export or download it again.",
            f"{type(error).__name__}: {error}",
        ) from error
    except OSError as error:
        raise SkinKDError(
            "The run was not imported", f"{source} could not be copied into {runs_root}.", str(error)
        ) from error


def _pack(archive: zipfile.ZipFile, folder: Path, entry: _Entry, token: CancelToken) -> None:
    weights = entry.name.suffix in _WEIGHTS  # random numbers do not get smaller
    info = zipfile.ZipInfo.from_file(
        folder / entry.name, str(PurePosixPath(folder.name) / entry.name), strict_timestamps=False
    )
    info.compress_type = zipfile.ZIP_STORED if weights else zipfile.ZIP_DEFLATED
    with entry.open() as content, archive.open(info, "w") as packed:
        while chunk := content.read(_CHUNK):
            token.check()
            packed.write(chunk)


@dataclass(frozen=True)
class _Source:
    """A run that was found: what its folder was called ("" when not known) and its files."""

    name: str
    entries: tuple[_Entry, ...]


def _run_in_folder(source: Path) -> _Source:
    below = [source] if (source / "recipe.toml").is_file() else [
        item for item in sorted(source.iterdir()) if (item / "recipe.toml").is_file() and not item.is_symlink()
    ]  # fmt: skip
    _check_one([item.name for item in below], source)
    return _Source(below[0].resolve().name, tuple(_files_below(below[0])))


def _files_below(folder: Path) -> list[_Entry]:
    """All plain files of a run folder but locks, half-written ones and what is for its owner alone. Raises
    `SkinKDError` for links."""
    found: list[_Entry] = []
    for path in sorted(folder.rglob("*")):
        name = PurePosixPath(path.relative_to(folder).as_posix())
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) or _is_passing(name):
            continue
        if not stat.S_ISREG(mode):
            raise _refused(folder.name, f"{name} is a link or a device, not a file")
        found.append(_Entry(name, path.stat().st_size, partial(FileIO, path)))
    return found


def _is_passing(name: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") for part in name.parts) or name.parts[0] == "__MACOSX"
    return hidden or name.name.endswith(LOCAL_CALIBRATION)  # from the user's own pictures: for nobody else


def _run_in_zip(archive: zipfile.ZipFile, source: Path) -> _Source:
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(infos) > MAX_FILES:
        raise _refused(source.name, f"it holds {len(infos):,} files; a run has at most {MAX_FILES:,}")
    for info in infos:
        fault = _fault_of(info)
        if fault:
            raise _refused(source.name, fault)
    _check_twins([info.filename for info in infos], source.name)
    names = {PurePosixPath(info.filename): info for info in infos}
    roots = [name.parent for name in names if name.name == "recipe.toml" and not _is_passing(name)]
    _check_one([str(root) for root in roots], source)
    inside = {name.relative_to(roots[0]): info for name, info in names.items() if name.is_relative_to(roots[0])}
    entries = tuple(
        _Entry(name, info.file_size, partial(archive.open, info))
        for name, info in inside.items()
        if not _is_passing(name)
    )
    packed = sum(info.compress_size for info in inside.values())
    total = sum(entry.size for entry in entries)
    if total > _SQUEEZE_FROM and total > _MAX_SQUEEZE * max(packed, 1):
        raise _refused(source.name, f"its {packed:,} bytes would swell to {total:,}")
    return _Source(roots[0].name, entries)


def _fault_of(info: zipfile.ZipInfo) -> str:
    """Why a member of a zip is not taken, or nothing."""
    name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & 0x1:
        return "it is protected with a password"
    if kind not in (0, stat.S_IFREG):
        return f"{name!r} is a link or a device, not a file"
    parts = name.split("/")
    if len(parts) > _MAX_DEPTH or len(name) > 300:
        return f"{name[:80]!r} lies too deep"
    if any(part in ("", ".", "..") or _UNSAFE.search(part) or _RESERVED.fullmatch(part) for part in parts):
        return f"{name[:80]!r} is not a plain place below the run's folder"
    return ""


def _check_one(roots: Sequence[str], source: Path) -> None:
    if not roots:
        raise SkinKDError(
            "There is no run here",
            f"{source.name} holds no recipe.toml, so it is no run of SkinKD. Choose the folder of one run, or a "
            "zip file of it.",
        )
    if len(roots) > 1:
        raise SkinKDError(
            "There are several runs here",
            f"{source.name} holds {len(roots)} runs. Choose the folder of one run at a time.",
            visible_lines(roots[:50]),
        )


def _import(contents: _Source, runs_root: Path, token: CancelToken, *, origin: Path) -> Path:
    _check_bounds(contents, origin)
    make_private(runs_root)
    atomic.remove_leftovers([runs_root])
    if origin.resolve().parent == runs_root.resolve() and origin.is_dir():
        raise _already(origin)
    free = shutil.disk_usage(runs_root).free
    if sum(entry.size for entry in contents.entries) > free:
        raise SkinKDError("There is no room for the run", f"It needs more than the {free:,} bytes free in {runs_root}.")
    with atomic.temporary_folder(runs_root) as hidden:
        incoming = hidden / "run"
        incoming.mkdir(mode=0o700)
        _copy(contents.entries, incoming, token)
        return _renamed(incoming, contents.name, _checked(incoming, origin), runs_root)


def _check_bounds(source: _Source, origin: Path) -> None:
    if len(source.entries) > MAX_FILES:
        raise _refused(origin.name, f"it holds {len(source.entries):,} files; a run has at most {MAX_FILES:,}")
    total = sum(entry.size for entry in source.entries)
    if total > MAX_BYTES:
        raise _refused(origin.name, f"it holds {total:,} bytes; at most {MAX_BYTES:,} are taken")
    _check_twins([str(entry.name) for entry in source.entries], origin.name)


def _check_twins(names: Sequence[str], origin: str) -> None:
    found = twins(names)
    if found is not None:
        raise _refused(origin, f"it holds two files of one name, {found[0]!r} and {found[1]!r}; keep one of them")


def _copy(entries: Sequence[_Entry], target: Path, token: CancelToken) -> None:
    """Copy file by file; none may be longer than it was said to be, so the total stays within what was checked."""
    for entry in entries:
        place, left = target / entry.name, entry.size
        place.parent.mkdir(parents=True, exist_ok=True)
        with entry.open() as content, place.open("xb") as copy:
            while chunk := content.read(_CHUNK):
                token.check()
                left -= len(chunk)
                if left < 0:
                    raise _refused(str(entry.name), "it is longer than the archive says")
                copy.write(chunk)


def _checked(folder: Path, origin: Path) -> RunSummary:
    """The summary of the copied run; one that was at work when it was copied is marked as stopped."""
    run = RunFolder(folder)
    recipe, status = run.recipe(), run.status()  # raise what is wrong with them
    run.scores()
    if recipe and status.state in (RunState.RUNNING, RunState.PAUSED, RunState.QUEUED):
        run.set_status(state=RunState.STOPPED, message="imported before it had finished; can be resumed")
    elif status.state is RunState.FINISHED and not run.metrics_file.is_file():
        raise _refused(origin.name, "it says that it is finished, but has no metrics.json")
    return summarise(run)


def _renamed(incoming: Path, name: str, summary: RunSummary, runs_root: Path) -> Path:
    """Give the copy its final name, one that is free."""
    plain = re.fullmatch(r"\w[\w.\-]{0,99}", name, re.ASCII) and not _UNSAFE.search(name) and name != "studies"
    if not plain or _RESERVED.fullmatch(name):
        stamp = re.sub(r"\D", "", summary.status.created)[:14].ljust(14, "0")
        name = f"{stamp[:8]}-{stamp[8:]}-{slugify(summary.status.name)}"
    for target in numbered(runs_root / name):
        if not target.exists():
            with suppress(FileExistsError):
                return incoming.rename(target)
        elif _same_run(target, summary):
            raise _already(target)
    raise AssertionError("numbered raises before it ends")


def _same_run(folder: Path, summary: RunSummary) -> bool:
    there = summarise(RunFolder(folder))
    same_start = there.status.created == summary.status.created
    return same_start and there.recipe == summary.recipe and there.scores == summary.scores


def _refused(name: str, reason: str) -> SkinKDError:
    return SkinKDError("The run was not imported", f"{name}: {reason}. Nothing was copied.")


def _already(folder: Path) -> SkinKDError:
    return SkinKDError("The run is already here", f"It is in your runs as {folder.name}. Nothing was copied.")
