"""From what a person names or drops (files, folders) to the image files to classify."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.data.decoding import IMAGE_SUFFIXES
from core.events import CancelToken


def expand_paths(paths: Iterable[Path], token: CancelToken | None = None) -> list[Path]:
    """The image files behind `paths`, each once, in the order named; folders are searched with everything below them.

    Files named themselves stay, whatever their ending and even if absent, so that they are reported and not lost.
    Inside a folder only image endings count; hidden files and folders (`.x`) are left out, links to folders are not
    followed, and names are sorted. Raises `Cancelled`.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(_images_below(path, token)))
        else:
            found[path] = None
    return list(found)


def _images_below(folder: Path, token: CancelToken | None) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        if token is not None:
            token.check()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield Path(root, name)
