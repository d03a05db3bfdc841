"""Which image files were part of a run's own data, and in which part of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from core.data.finding import without_downsampled, without_suffix
from core.data.types import Part
from core.runs.folder import RunFolder


def parts_of_files(run: Path, paths: Iterable[Path]) -> dict[Path, Part]:
    """The part of each file whose name is in split.csv of the run folder `run`.

    Names are all there is to go by: without folder, suffix and ISIC's `_downsampled`, in any case. A name that stands
    in two parts tells nothing, and so does a run without split.csv. Raises `SkinKDError` when split.csv is damaged.
    """
    parts: dict[str, Part | None] = {}
    for row in RunFolder(run).split_rows:
        if row.part is not None:
            key = _key(PurePosixPath(row.image).name)
            parts[key] = row.part if parts.get(key, row.part) is row.part else None
    found = ((path, parts.get(_key(path.name))) for path in paths)
    return {path: part for path, part in found if part is not None}


def _key(name: str) -> str:
    return without_downsampled(without_suffix(name.casefold()))
