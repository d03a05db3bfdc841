"""From what a person names or drops (files, folders) to the image files to classify."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from core.data.decoding import IMAGE_SUFFIXES
from core.data.dicom import HEAD_BYTES, is_dicom
from core.documents import some
from core.events import CancelToken, Emit, Level, Notice, ignore
from core.visible_text import visible

_NO_PICTURES = frozenset({"dicomdir"})
_OF_SYSTEMS = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
"""What file managers put into folders; nobody misses them."""
_MOST_KINDS = 5
_LONGEST_KIND = 12  # characters; what stands behind the last dot of a name need be no ending


def expand_paths(paths: Iterable[Path], token: CancelToken | None = None, emit: Emit = ignore) -> list[Path]:
    """The image files behind `paths`, each once, in the order named; folders are searched with everything below them.

    Files named themselves stay, whatever their ending and even if absent, so that they are reported and not lost.
    Inside a folder image endings count, and files without an ending (or with a number for one, as DICOM archives have)
    that say they are DICOM; hidden folders (`.x`) and what macOS puts beside files (`._x`) are left out, links to
    folders are followed once, and names are sorted. A folder that can not be opened is said in a `Notice`, and
    the files that are left out are counted in one, by kind. Raises `Cancelled`.
    """
    found: dict[Path, None] = {}
    skipped: Counter[str] = Counter()
    for path in paths:
        if _is_folder(path):
            found.update(dict.fromkeys(_images_below(path, token or CancelToken(), emit, skipped)))
        else:
            found[path] = None
    if skipped:
        emit(Notice(_passed_over(skipped), Level.WARNING))
    return list(found)


def _passed_over(skipped: Counter[str]) -> str:
    """How many files in folders are none that is classified, by kind: "12 files are no images: 9 .txt, 3 .pdf"."""
    total = skipped.total()
    kinds = some([f"{count:,} {kind}" for kind, count in skipped.most_common()], _MOST_KINDS)
    return f"{total:,} {'file is' if total == 1 else 'files are'} no images and left out: {kinds}."


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # its folder is closed to us: it stays in the list, and decoding says why
        return False


def _images_below(folder: Path, token: CancelToken, emit: Emit, skipped: Counter[str]) -> Iterator[Path]:
    """Images in the order of their names; other files are counted into `skipped`."""
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
            if name.startswith("._") or name.lower() in _OF_SYSTEMS:
                continue
            if _is_image(root, name):
                yield Path(root, name)
            else:
                skipped[_kind(name)] += 1


def _kind(name: str) -> str:
    """What a file calls itself, for people."""
    if name.lower() in _NO_PICTURES:
        return "DICOMDIR"
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    if name.startswith(".") and not suffix:
        return "hidden"
    return visible(suffix[:_LONGEST_KIND]) or "without an ending"


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
