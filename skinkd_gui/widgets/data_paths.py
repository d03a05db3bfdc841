"""Which folders and files tell that a data set has changed. Knows no Qt."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_MOST = 256
_DEPTH = 2
_TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".txt", ".json")


def data_paths(path: Path) -> list[Path]:
    """What tells that a data set has changed: its folders, down to those of classes, and its tables; at most some
    hundreds. Reads folders: call it in a worker."""
    root = path if path.is_dir() else path.parent
    found = [path, root, *_below(root, _DEPTH)]
    return list(dict.fromkeys(found))[:_MOST]


def _below(folder: Path, depth: int) -> Iterator[Path]:
    folders = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders.append(Path(entry.path))
                elif entry.name.lower().endswith(_TABLES):
                    yield Path(entry.path)
    except OSError:
        return
    folders = sorted(folders)[:_MOST]
    yield from folders
    if depth > 1:
        for each in folders:
            yield from _below(each, depth - 1)
