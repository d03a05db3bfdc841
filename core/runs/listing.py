"""All runs in a folder, newest first, without torch: a thousand in half a second, and again in a few hundredths."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from core.errors import SkinKDError
from core.recipe import Recipe
from core.runs.annotations import FILE_NAME, read_annotations
from core.runs.folder import RunFolder
from core.runs.status import RunState, RunStatus, RunSummary

INTERRUPTED = "interrupted; can be resumed"

_READ = ("recipe.toml", "status.json", "environment.json", "metrics.json", FILE_NAME)
_FRESH_SECONDS = 3.0
"""A file that was just written may be written again within one tick of a coarse clock, so it is read every time."""

_MOST_KNOWN = 20_000

_Stamp = tuple[tuple[int, int, int] | None, ...]


def list_runs(root: Path) -> tuple[RunSummary, ...]:
    """The run folders directly in `root`, newest first; none when it does not exist.

    A folder is a run when it holds a recipe.toml or a status.json. One that can not be read is listed as failed, with
    the reason as its message; one that says it is running while nobody works on it is listed as stopped. Runs whose
    files have not changed since this program last looked are not read again.
    """
    if not root.is_dir():
        return ()
    found = []
    for folder in root.iterdir():
        stamp = None if folder.name.startswith(".") else _stamp(folder)
        if stamp is not None and (stamp[0] or stamp[1]):
            found.append(_known.summary(folder, stamp))
    found = [summary for summary in found if summary.status.created or summary.folder.is_dir()]
    return tuple(sorted(found, key=lambda item: (item.status.created, item.folder.name), reverse=True))


class _Known:
    """Summaries by folder with the stamp of the files they were read from. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Path, tuple[_Stamp, RunSummary]] = {}

    def summary(self, folder: Path, stamp: _Stamp) -> RunSummary:
        """The summary of a run, read again when its files have changed or when it may be at work."""
        with self._lock:
            known = self._found.get(folder)
        if known is not None and known[0] == stamp:
            return known[1]
        summary = summarise(RunFolder(folder))
        newest = max(times[0] for times in stamp if times) / 1e9
        settled = time.time() - newest > _FRESH_SECONDS and _stamp(folder) == stamp
        with self._lock:
            if settled and summary.status.state not in {RunState.RUNNING, RunState.PAUSED, RunState.STOPPED}:
                self._found[folder] = (stamp, summary)
            else:  # whether somebody works on it stands in no file
                self._found.pop(folder, None)
            if len(self._found) > _MOST_KNOWN:
                self._found.pop(next(iter(self._found)))
        return summary


_known = _Known()


def _stamp(folder: Path) -> _Stamp:
    """Time (ns), size and identity of each file that a summary is made from; None for what is not there."""
    return tuple(_file_stamp(folder / name) for name in _READ)


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def summarise(folder: RunFolder) -> RunSummary:
    """One run as lists show it; never raises for a broken folder."""
    problems: list[str] = []
    recipe, status, scores, parameters = None, None, None, None
    try:
        recipe = folder.recipe()
    except SkinKDError as error:
        problems.append(f"{error.title}: {error.summary}")
    try:
        status = folder.status()
        scores = folder.scores()
        parameters = _parameters(folder)
    except SkinKDError as error:
        problems.append(f"{error.title}: {error.summary}")
    shown = _shown(folder, status, recipe, problems)
    return RunSummary(folder.path, shown, recipe, scores, parameters, read_annotations(folder.path))


def _shown(folder: RunFolder, status: RunStatus | None, recipe: Recipe | None, problems: list[str]) -> RunStatus:
    if status is None:
        created = _folder_time(folder.path)
        epochs = recipe.optimisation.epochs if recipe else 0
        return RunStatus(RunState.FAILED, folder.path.name, created, created, "; ".join(problems), epochs=epochs)
    if problems:
        return _with(status, RunState.FAILED, "; ".join(problems))
    if status.state in {RunState.RUNNING, RunState.PAUSED} and not folder.is_locked:
        return _with(status, RunState.STOPPED, INTERRUPTED)
    return status


def _with(status: RunStatus, state: RunState, message: str) -> RunStatus:
    return replace(status, state=state, message=message)


def _parameters(folder: RunFolder) -> int | None:
    value = folder.environment().get("parameters")
    return value if isinstance(value, int) else None


def _folder_time(path: Path) -> str:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="milliseconds")
    except OSError:  # the folder has just gone
        return ""
