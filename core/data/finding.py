"""What lies in a data folder: one walk, and looking images up by the names that tables use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.data.decoding import IMAGE_SUFFIXES
from core.errors import SkinKDError

SYNTHETIC_MARKER = ".skinkd-synthetic.json"
"""Lies in the root of the built-in sample set."""

_TABLE_SUFFIXES = frozenset({".csv", ".tsv"})
_DOWNSAMPLED = "_downsampled"


@dataclass(frozen=True)
class Folder:
    """The images and tables in or below `root`, each sorted by path; `closed` could not be opened, with reasons."""

    root: Path
    images: tuple[Path, ...]
    tables: tuple[Path, ...]
    closed: tuple[tuple[Path, str], ...] = ()
    synthetic: bool = False


def scan_folder(root: Path) -> Folder:
    """Walk a folder once. Raises `SkinKDError` when it is not there or can not be opened."""
    images: list[Path] = []
    tables: list[Path] = []
    closed: list[tuple[Path, str]] = []
    synthetic = (root / SYNTHETIC_MARKER).is_file() or (root.parent / SYNTHETIC_MARKER).is_file()

    def on_error(error: OSError) -> None:
        folder = Path(error.filename or root)
        if folder == root:
            raise SkinKDError("The data folder can not be opened", f"{root}: {error.strerror}.") from error
        closed.append((folder, error.strerror or str(error)))

    for folder, name in _walk(root, on_error):
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  (a Path per file costs more than the walk)
        if suffix in IMAGE_SUFFIXES:
            images.append(Path(folder, name))
        elif suffix in _TABLE_SUFFIXES:
            tables.append(Path(folder, name))
        synthetic = synthetic or name == SYNTHETIC_MARKER
    return Folder(root, tuple(sorted(images)), tuple(sorted(tables)), tuple(closed), synthetic)


def _walk(root: Path, on_error: Callable[[OSError], None]) -> Iterator[tuple[str, str]]:
    visited: set[tuple[int, int]] = set()
    for folder, below, names in os.walk(root, followlinks=True, onerror=on_error):
        status = os.stat(folder)  # noqa: PTH116
        identity = (status.st_dev, status.st_ino)
        if identity in visited:  # a link back up
            below.clear()
            continue
        visited.add(identity)
        below[:] = sorted(name for name in below if not name.startswith(".") and name != "__MACOSX")
        for name in sorted(names):
            if not name.startswith("._"):
                yield folder, name


def printable(name: str) -> str:
    """The name with bytes that are no UTF-8 (as file names from old archives have) as escapes: it can be written."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def relative_name(path: Path, root: Path) -> str:
    """The path below `root`, with slashes, as it can be shown and written."""
    return printable(path.relative_to(root).as_posix())


def without_suffix(name: str) -> str:
    """The name without an image's suffix; other dots stay."""
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in IMAGE_SUFFIXES else name


def without_downsampled(name: str) -> str:
    """The name without ISIC's `_downsampled`."""
    return name[: -len(_DOWNSAMPLED)] if name.lower().endswith(_DOWNSAMPLED) else name


class ImageIndex:
    """Finds image files by what tables call them: relative path or name, with or without suffix, in any case."""

    def __init__(self, folder: Folder) -> None:
        self._root = folder.root
        self._by_path: dict[str, list[Path]] = {}
        self._by_name: dict[str, list[Path]] = {}
        self._by_plain_name: dict[str, list[Path]] = {}
        for path in folder.images:
            relative = path.relative_to(folder.root).as_posix().lower()
            name = path.name.lower()
            stem = without_suffix(name)
            for key in {relative, without_suffix(relative)}:
                self._by_path.setdefault(key, []).append(path)
            for key in {name, stem}:
                self._by_name.setdefault(key, []).append(path)
            self._by_plain_name.setdefault(without_downsampled(stem), []).append(path)

    def find(self, name: str, table: Path) -> list[Path]:
        """The files that `name` in `table` may mean, best first; more than one when it is ambiguous."""
        wanted = PurePosixPath(name.replace("\\", "/").lower())
        try:
            beside = (PurePosixPath(table.parent.relative_to(self._root).as_posix().lower()) / wanted).as_posix()
        except ValueError:
            beside = wanted.as_posix()
        last = wanted.name
        return (
            self._by_path.get(wanted.as_posix())
            or self._by_path.get(beside)
            or self._by_name.get(last)
            or self._by_plain_name.get(without_downsampled(without_suffix(last)))
            or []
        )
