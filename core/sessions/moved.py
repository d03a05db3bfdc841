"""Pictures of a session that lie elsewhere now: found again by name and fingerprint below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.events import CancelToken
from core.inference.results import Classification
from core.sessions.saved import SavedModel, SavedSession, file_mark


@dataclass(frozen=True)
class Moved:
    """Old paths and the new ones of the same pictures, and the pictures that were `missing` below the folder."""

    paths: Mapping[Path, Path]
    missing: tuple[Path, ...]


def find_moved(session: SavedSession, gone: Iterable[Path], folder: Path, token: CancelToken) -> Moved:
    """Look below a folder for pictures that are gone: files of the same name and content. Raises `Cancelled`."""
    wanted = set(gone)
    marks = {image.path: image.mark for image in session.images if image.path in wanted}
    by_name: dict[str, list[Path]] = {}
    for path in marks:
        by_name.setdefault(path.name, []).append(path)
    paths: dict[Path, Path] = {}
    for where, _, names in os.walk(folder):
        token.check()
        for name in by_name.keys() & set(names):
            here = Path(where) / name
            mark = file_mark(here)
            for path in by_name[name]:
                if mark and marks[path] == mark:
                    paths.setdefault(path, here)
    return Moved(paths, tuple(path for path in marks if path not in paths))


def with_moved(session: SavedSession, moved: Moved) -> SavedSession:
    """The session with its pictures where they lie now; what was said of them goes along."""

    def at(path: Path) -> Path:
        return moved.paths.get(path, path)

    def of_model(model: SavedModel) -> SavedModel:
        results: tuple[Classification, ...] = tuple(replace(found, path=at(found.path)) for found in model.results)
        return replace(model, results=results)

    images = tuple(replace(image, path=at(image.path)) for image in session.images)
    return replace(session, images=images, models=tuple(map(of_model, session.models)))
