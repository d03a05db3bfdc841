"""Runs that wait are kept in the runs folder, so that closing the window loses none: one window at a time does."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from core import atomic
from core.errors import SkinKDError
from core.locks import Lock, words
from core.paths import make_private
from skinkd_gui.training.work import QueuedRun

_NAME = ".waiting.json"
_LOCK = ".waiting.lock"
_DAMAGED = ".waiting.damaged.json"

_log = logging.getLogger(__name__)


class WaitingList:
    """The runs that wait in a runs folder, for the one window that keeps them: the first that had any.

    Another window on the same folder (on another computer, or of another user) neither starts them nor writes over
    them; what waits there is forgotten when it closes.
    """

    def __init__(self, runs_root: Path) -> None:
        self._root = runs_root
        self._lock: Lock | None = None
        self.taken_by = ""
        """Which other window keeps the list, in words; empty while none does as far as this one noticed."""
        self.kept = True
        """Whether all that waits here is written down, as far as there was anything to write."""

    def load(self) -> tuple[QueuedRun, ...]:
        """The runs that wait; none when another window keeps them (see `taken_by`)."""
        if not (self._root / _NAME).is_file() or not self._take():
            return ()
        return load_waiting(self._root)

    def save(self, runs: Sequence[QueuedRun]) -> None:
        """Write the waiting runs, unless another window keeps the list: see `kept`. Raises OSError when the folder can
        not be written."""
        if self._lock is None and runs and not self.taken_by:
            make_private(self._root)
            if self._take() and (self._root / _NAME).exists():
                self._give_up("another window")  # which has made and left it meanwhile
        if self._lock is not None:
            save_waiting(self._root, runs)
        self.kept = self._lock is not None or not runs

    def close(self) -> None:
        """Leave the list to others."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _take(self) -> bool:
        lock = Lock(self._root / _LOCK)
        try:
            taken = lock.acquire()
        except OSError:  # a folder that this user may only read
            _log.warning("the waiting runs of %s can not be kept", self._root, exc_info=True)
            taken = False
        if not taken:
            self._give_up(words(lock.holder))
            return False
        self._lock = lock
        atomic.remove_leftovers([self._root])
        return True

    def _give_up(self, holder: str) -> None:
        self.close()
        self.taken_by = holder


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
        _log.warning("%s can not be read; it is kept as %s", path, _DAMAGED, exc_info=True)
        with suppress(OSError):
            path.replace(runs_root / _DAMAGED)
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
