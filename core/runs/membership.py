"""Which image files were part of a run's own data, and in which part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from core.data.names import plain_name
from core.data.types import Part
from core.runs.folder import RunFolder


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
