"""What lies in a data folder: one walk. A file is told by its name where that says it, otherwise by its content."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.data.decoding import IMAGE_SUFFIXES, begins_as_picture
from core.data.dicom import HEAD_BYTES
from core.errors import SkinKDError
from core.visible_text import writable

SYNTHETIC_MARKER = ".skinkd-synthetic.json"
"""Lies in the root of the built-in sample set."""

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".xlsx"})
"""File names that say that it is a table, in lower case."""

_OTHERS = frozenset(
    [
        *(".json", ".xml", ".html", ".htm", ".pdf", ".md", ".rst", ".py", ".ipynb", ".m", ".r", ".js", ".log", ".toml"),
        *(".yaml", ".yml", ".ini", ".cfg", ".zip", ".gz", ".tar", ".7z", ".rar", ".npy", ".npz", ".mat", ".h5", ".pkl"),
        *(".pt", ".pth", ".onnx", ".safetensors", ".db", ".sqlite3", ".mp4", ".avi", ".mov", ".doc", ".docx", ".exe"),
    ]
)
"""Neither pictures nor tables of labels; not opened."""

_DELIMITERS = (b"\t", b",", b";", b"|")
_LICENCES = ("licen", "copying", "terms", "attribution")
_DOWNSAMPLED = "_downsampled"


@dataclass(frozen=True)
class Folder:
    """The images and tables in or below `root`, each sorted by path; `licences` are the texts that say what may be done
    with them; `closed` could not be opened, with reasons; `others` counts the files of other kinds by their suffix."""

    root: Path
    images: tuple[Path, ...]
    tables: tuple[Path, ...]
    closed: tuple[tuple[Path, str], ...] = ()
    synthetic: bool = False
    licences: tuple[Path, ...] = ()
    others: tuple[tuple[str, int], ...] = ()


def scan_folder(root: Path) -> Folder:
    """Walk a folder once. Raises `SkinKDError` when it is not there or can not be opened."""
    found: dict[str, list[Path]] = {"image": [], "table": [], "licence": []}
    closed: list[tuple[Path, str]] = []
    others: Counter[str] = Counter()
    synthetic = (root / SYNTHETIC_MARKER).is_file() or (root.parent / SYNTHETIC_MARKER).is_file()

    def on_error(error: OSError) -> None:
        folder = Path(error.filename or root)
        if folder == root:
            raise SkinKDError("The data folder can not be opened", f"{root}: {error.strerror}.") from error
        closed.append((folder, error.strerror or str(error)))

    for folder, name in _walk(root, on_error):
        kind = _kind(folder, name)
        if kind:
            found[kind].append(Path(folder, name))
        else:
            others[os.path.splitext(name)[1].lower()] += 1  # noqa: PTH122
        synthetic = synthetic or name == SYNTHETIC_MARKER
    images, tables, licences = (tuple(sorted(paths)) for paths in found.values())
    return Folder(root, images, tables, tuple(closed), synthetic, licences, tuple(others.most_common()))


def _kind(folder: str, name: str) -> str:
    """image, table, licence, or nothing for what is none of them."""
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  (a Path per file costs more than the walk)
    if suffix in IMAGE_SUFFIXES:
        return "image"
    if suffix in TABLE_SUFFIXES:
        return "table"
    if name.startswith(".") or suffix in _OTHERS - {".md"}:
        return ""
    if name.lower().startswith(_LICENCES) or os.path.basename(folder).lower().startswith(_LICENCES):  # noqa: PTH119
        return "licence"
    return "" if suffix == ".md" else _kind_by_content(os.path.join(folder, name))  # noqa: PTH118


def _kind_by_content(path: str) -> str:
    try:
        if not os.path.isfile(path):  # noqa: PTH113  (a pipe would be waited for)
            return ""
        with open(path, "rb") as file:  # noqa: PTH123
            head = file.read(4096)
    except OSError:
        return ""
    if begins_as_picture(head[: max(HEAD_BYTES, 16)]):
        return "image"
    lines = [line for line in head.splitlines() if line.strip()][:2]
    if len(lines) < 2 or b"\0" in head[:HEAD_BYTES]:
        return ""
    first, second = lines
    same = any(first.count(mark) == second.count(mark) > 0 for mark in _DELIMITERS)
    return "table" if same or len(first.split()) == len(second.split()) > 1 else ""


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


def relative_name(path: Path, root: Path) -> str:
    """The path below `root`, with slashes, as it can be shown and written."""
    return writable(path.relative_to(root).as_posix())


def without_suffix(name: str) -> str:
    """The name without an image's suffix; other dots stay."""
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in IMAGE_SUFFIXES else name


def without_downsampled(name: str) -> str:
    """The name without ISIC's `_downsampled`."""
    return name[: -len(_DOWNSAMPLED)] if name.lower().endswith(_DOWNSAMPLED) else name
