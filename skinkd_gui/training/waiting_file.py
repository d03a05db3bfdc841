"""Runs that wait are kept in the runs folder, so that closing the window loses none."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import atomic
from core.errors import SkinKDError
from core.paths import make_private
from skinkd_gui.training.work import QueuedRun

_NAME = ".waiting.json"

_log = logging.getLogger(__name__)


def save_waiting(runs_root: Path, runs: Sequence[QueuedRun]) -> None:
    """Write the waiting runs; raises OSError when the folder can not be written."""
    path = runs_root / _NAME
    if not runs:
        path.unlink(missing_ok=True)
        return
    from core.recipe import recipe_to_toml

    make_private(runs_root)
    values = [
        {
            "name": run.name,
            "recipe": recipe_to_toml(run.recipe, comments=False) if run.recipe else "",
            "folder": _written(run.folder, runs_root),
            "study": run.study.relative_to(runs_root).as_posix() if run.study else "",
        }
        for run in runs
    ]
    atomic.write_text(path, json.dumps(values, indent=2) + "\n")


def load_waiting(runs_root: Path) -> tuple[QueuedRun, ...]:
    """The runs written by `save_waiting`; each that can not be used any more is left out and logged."""
    path = runs_root / _NAME
    if not path.is_file():
        return ()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        found = [_read(values, runs_root) for values in entries]
    except (OSError, ValueError, TypeError):
        _log.warning("%s can not be read", path, exc_info=True)
        return ()
    return tuple(run for run in found if run is not None)


def _written(folder: Path | None, runs_root: Path) -> str:
    """A folder by its name, so that all runs can be moved together; one that lies elsewhere by its whole path."""
    if folder is None:
        return ""
    return folder.name if folder.parent == runs_root else str(folder)


def _read(values: Any, runs_root: Path) -> QueuedRun | None:
    """One entry, or None; a bad one costs none of the others."""
    from core.recipe import recipe_from_toml

    try:
        folder = runs_root / values["folder"] if values["folder"] else None
        recipe = recipe_from_toml(values["recipe"]) if values["recipe"] else None
        study = runs_root / values["study"] if values.get("study") else None
        name = str(values["name"])
    except (ValueError, KeyError, TypeError, AttributeError, SkinKDError):
        _log.warning("a waiting run can not be read: %s", values, exc_info=True)
        return None
    usable = recipe is not None or any(place is not None and place.is_dir() for place in (folder, study))
    return QueuedRun(name, recipe, folder, study) if usable else None
