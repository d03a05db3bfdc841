"""From what a person names or drops (files, folders) to the image files to classify."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from core.data.decoding import IMAGE_SUFFIXES
from core.data.dicom import HEAD_BYTES, is_dicom
from core.events import CancelToken, Emit, Level, Notice, ignore

_NO_PICTURES = frozenset({"dicomdir"})


def expand_paths(paths: Iterable[Path], token: CancelToken | None = None, emit: Emit = ignore) -> list[Path]:
    """The image files behind `paths`, each once, in the order named; folders are searched with everything below them.

    Files named themselves stay, whatever their ending and even if absent, so that they are reported and not lost.
    Inside a folder image endings count, and files without an ending (or with a number for one, as DICOM archives have)
    that say they are DICOM; hidden folders (`.x`) and what macOS puts beside files (`._x`) are left out, links to
    folders are followed once, and names are sorted. A folder that can not be opened is said in a `Notice`. Raises
    `Cancelled`.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if _is_folder(path):
            found.update(dict.fromkeys(_images_below(path, token or CancelToken(), emit)))
        else:
            found[path] = None
    return list(found)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # its folder is closed to us: it stays in the list, and decoding says why
        return False


def _images_below(folder: Path, token: CancelToken, emit: Emit) -> Iterator[Path]:
    visited: set[tuple[int, int] | str] = set()
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_say_closed(folder, emit)):
        token.check()
        identity = _identity(root)
        if identity in visited:  # a link back, or to where we have been
            folders.clear()
            continue
        visited.add(identity)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        for name in sorted(files):
            if not name.startswith("._") and _is_image(root, name):
                yield Path(root, name)


def _identity(folder: str) -> tuple[int, int] | str:
    try:
        status = os.stat(folder)  # noqa: PTH116
    except OSError:  # gone in the meantime
        return folder
    return status.st_dev, status.st_ino


def _is_image(root: str, name: str) -> bool:
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  (a Path per file costs more than the walk)
    if suffix in IMAGE_SUFFIXES:
        return True
    if (suffix and not suffix[1:].isdigit()) or name.lower() in _NO_PICTURES:
        return False
    place = os.path.join(root, name)  # noqa: PTH118
    try:
        if not os.path.isfile(place):  # noqa: PTH113  (a pipe would be waited for)
            return False
        with open(place, "rb") as file:  # noqa: PTH123
            return is_dicom(file.read(HEAD_BYTES))
    except OSError:
        return False


def _say_closed(folder: Path, emit: Emit) -> Callable[[OSError], None]:
    def say(error: OSError) -> None:
        place = error.filename or folder
        reason = error.strerror or str(error)
        emit(Notice(f"The folder {place} could not be opened ({reason}); its images are missing.", Level.WARNING))

    return say
