"""Where the pictures of a run's images lie now: the run folder holds names only."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path

from core.classes import ClassSet
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
    files = _files.of(Path(data.path), data.layout, recipe.class_set)
    token.check()
    found = {name: files[own] for name, own in matched(names, files).items() if files[own].is_file()}
    if names and not found:
        raise SkinKDError(
            "The pictures are not there",
            f"The data set {data.path} holds none of these {len(names):,} images. Perhaps it was changed, or another "
            "one was put in its place.",
        )
    return found


class _Files:
    """The files of the data set that was read last, for as long as its folder is unchanged."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[Path, str, ClassSet, int] | None = None
        self._files: dict[str, Path] = {}

    def of(self, path: Path, layout: str, classes: ClassSet) -> dict[str, Path]:
        """Image names and their files; raises `SkinKDError` as `read_dataset` does."""
        with self._lock:
            try:
                key = (path, layout, classes, path.stat().st_mtime_ns)
            except OSError as error:
                raise SkinKDError(
                    "The pictures are not there",
                    f"The data set was in {path}, which does not exist now. Put it back there to see the pictures.",
                    str(error),
                ) from error
            if key != self._key:
                records = read_dataset(path, classes, layout).records
                self._files = {record.name: record.path for record in records if record.path is not None}
                self._key = key
            return self._files


_files = _Files()
