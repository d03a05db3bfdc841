"""Where the pictures of a run's images lie now: the run folder holds names only."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from core.classes import ClassSet
from core.data.choices import Choices
from core.data.names import matched
from core.data.reading import read_dataset
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
