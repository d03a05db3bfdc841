"""Runs that wait are kept in the runs folder, so that closing the window loses none."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from core import atomic
from core.errors import SkinKDError
from core.recipe import recipe_from_toml, recipe_to_toml
from skinkd_gui.training.work import QueuedRun

_NAME = ".waiting.json"

_log = logging.getLogger(__name__)


def save_waiting(runs_root: Path, runs: Sequence[QueuedRun]) -> None:
    """Write the waiting runs; raises OSError when the folder can not be written."""
    path = runs_root / _NAME
    if not runs:
        path.unlink(missing_ok=True)
        return
    runs_root.mkdir(parents=True, exist_ok=True)
    values = [
        {
            "name": run.name,
            "recipe": recipe_to_toml(run.recipe, comments=False) if run.recipe else "",
            "folder": run.folder.name if run.folder else "",
        }
        for run in runs
    ]
    atomic.write_text(path, json.dumps(values, indent=2) + "\n")


def load_waiting(runs_root: Path) -> tuple[QueuedRun, ...]:
    """The runs written by `save_waiting`; what can not be used any more is left out and logged."""
    path = runs_root / _NAME
    if not path.is_file():
        return ()
    found: list[QueuedRun] = []
    try:
        for values in json.loads(path.read_text(encoding="utf-8")):
            folder = runs_root / values["folder"] if values["folder"] else None
            recipe = recipe_from_toml(values["recipe"]) if values["recipe"] else None
            if recipe is not None or (folder is not None and folder.is_dir()):
                found.append(QueuedRun(values["name"], recipe, folder))
    except (OSError, ValueError, KeyError, TypeError, SkinKDError):
        _log.warning("%s can not be read", path, exc_info=True)
    return tuple(found)
