"""Where the pictures of a run's images lie now, and which files were among them: the run folder holds names only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from core.classes import ClassSet
from core.data.choices import Choices
from core.data.names import matched, plain_name
from core.data.reading import read_dataset
from core.data.types import Part
from core.errors import SkinKDError
from core.events import CancelToken
from core.runs.folder import RunFolder


def locate_images(folder: Path, names: Collection[str], token: CancelToken) -> dict[str, Path]:
    """The files of the named images in the data set that the run in `folder` was trained on; names without a file are
    left out.

    Raises `SkinKDError` when the recipe or the data set can not be read, or has none of the images.
    """
    recipe = RunFolder(folder).recipe()
    data = recipe.data
    if not data.path:
        raise SkinKDError("The pictures are not there", "The recipe of this run names no data set.")
    token.check()
    try:
        changed = Path(data.path).stat().st_mtime_ns
    except OSError as error:
        raise SkinKDError(
            "The pictures are not there",
            f"The data set was in {data.path}, which does not exist now. Put it back there to see the pictures.",
            str(error),
        ) from error
    files = _files(Path(data.path), data.choices, recipe.class_set, changed)
    token.check()
    found = {name: files[own] for name, own in matched(names, files).items() if files[own].is_file()}
    if names and not found:
        raise SkinKDError(
            "The pictures are not there",
            f"The data set {data.path} holds none of these {len(names):,} images. Perhaps it was changed, or another "
            "one was put in its place.",
        )
    return found


@lru_cache(maxsize=1)
def _files(path: Path, choices: Choices, classes: ClassSet, changed: int) -> dict[str, Path]:
    """Image names and their files in a data set whose folder changed last at that time (ns)."""
    records = read_dataset(path, classes, choices).records
    return {record.name: record.path for record in records if record.path is not None}


def parts_of_files(run: Path, paths: Iterable[Path]) -> dict[Path, Part]:
    """The part of each file whose name is in split.csv of the run folder `run`.

    Names are all there is to go by: the ends of paths, without suffix and ISIC's `_downsampled`, in any case. A name
    that may stand in two parts tells nothing, and so does a run without split.csv. Raises `SkinKDError` when split.csv
    is damaged.
    """
    parts: dict[str, set[Part]] = {}
    for row in RunFolder(run).split_rows:
        if row.part is not None:
            for end in _ends(plain_name(row.image)):
                parts.setdefault(end, set()).add(row.part)
    found = {path: _longest(parts, plain_name(path.as_posix())) for path in paths}
    return {path: next(iter(known)) for path, known in found.items() if len(known) == 1}


def _longest(parts: dict[str, set[Part]], name: str) -> set[Part]:
    """What is known of the longest end of a path that is known at all."""
    return next((parts[end] for end in _ends(name) if end in parts), set())


def _ends(name: str) -> Iterator[str]:
    """The path, then without its first folder, and so on to the bare file name."""
    pieces = name.split("/")
    return ("/".join(pieces[first:]) for first in range(len(pieces)))
