"""All runs in a folder, newest first, without torch: a thousand in half a second, and again in a few hundredths."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from core.documents import NewerVersionError
from core.errors import SkinKDError
from core.recipe import Recipe
from core.runs.annotations import FILE_NAME, read_annotations
from core.runs.folder import RunFolder
from core.runs.status import RunState, RunStatus, RunSummary
from core.runs.status_repair import changed_at, reconstructed_status
from core.user_paths import is_folder

T = TypeVar("T")

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

    Raises `SkinKDError` when `root` can not be opened.
    """
    if not is_folder(root):
        return ()
    found = []
    with _known.reading(root):
        for folder in _folders(root):
            stamp = None if folder.name.startswith(".") else _stamp(folder)
            if stamp is not None and (stamp[0] or stamp[1]):
                found.append(_known.summary(folder, stamp))
    found = [summary for summary in found if summary.status.created or summary.folder.is_dir()]
    return tuple(sorted(found, key=lambda item: (item.status.created, item.folder.name), reverse=True))


def _folders(root: Path) -> list[Path]:
    try:
        return list(root.iterdir())
    except OSError as error:
        raise SkinKDError(
            "The folder of runs can not be read",
            f"{root} could not be opened. Ask for access, or choose another folder (--runs, or the settings).",
            str(error),
        ) from error


class _Known:
    """Summaries by folder with the stamp of the files they were read from. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._summaries: dict[Path, tuple[_Stamp, RunSummary]] = {}
        self._readers: dict[Path, threading.Lock] = {}

    def reading(self, root: Path) -> threading.Lock:
        """Hold this while reading all of `root`: who asks at the same moment finds what the first one has read."""
        with self._lock:
            return self._readers.setdefault(root, threading.Lock())

    def summary(self, folder: Path, stamp: _Stamp) -> RunSummary:
        """The summary of a run, read again when its files have changed or when it may be at work."""
        with self._lock:
            known = self._summaries.get(folder)
        if known is not None and known[0] == stamp:
            return known[1]
        summary = summarise(RunFolder(folder))
        newest = max(times[0] for times in stamp if times) / 1e9
        settled = time.time() - newest > _FRESH_SECONDS and _stamp(folder) == stamp
        with self._lock:
            if settled and summary.status.state not in {RunState.RUNNING, RunState.PAUSED, RunState.STOPPED}:
                self._summaries[folder] = (stamp, summary)
            else:  # whether somebody works on it stands in no file
                self._summaries.pop(folder, None)
            if len(self._summaries) > _MOST_KNOWN:
                self._summaries.pop(next(iter(self._summaries)))
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
    """One run as lists show it; never raises for a broken folder.

    Where status.json alone is damaged, the run stands where its other files say. A damaged environment.json costs a
    run no more than its number of parameters.
    """
    problems: list[str] = []
    recipe = _try(folder.recipe, problems)
    status = _status(folder, recipe, problems)
    scores = _try(folder.scores, problems) if status is not None else None
    if scores is not None and recipe is not None and scores.classes != recipe.class_set.codes:
        problems.append("metrics.json has other classes than the recipe: one of the two files is of another run.")
        scores = None
    remarks: list[str] = []
    parameters = _try(lambda: _parameters(folder), remarks)
    shown = _shown(folder, status, recipe, problems, remarks)
    return RunSummary(folder.path, shown, recipe, scores, parameters, read_annotations(folder.path))


def _try(read: Callable[[], T], problems: list[str]) -> T | None:
    """What `read` gives; None after a `SkinKDError`, which joins the problems."""
    try:
        return read()
    except SkinKDError as error:
        problems.append(f"{error.title}: {error.summary}")
        return None


def _status(folder: RunFolder, recipe: Recipe | None, problems: list[str]) -> RunStatus | None:
    try:
        return folder.status()
    except SkinKDError as error:
        if recipe is None or isinstance(error, NewerVersionError):
            problems.append(f"{error.title}: {error.summary}")
            return None
        told = reconstructed_status(folder, recipe)
        then = "Its other files say that it is finished." if told.state is RunState.FINISHED else "It can be resumed."
        return replace(told, message=f"{error.title}: {error.summary} {then}")


def _shown(
    folder: RunFolder, status: RunStatus | None, recipe: Recipe | None, problems: list[str], remarks: list[str]
) -> RunStatus:
    if status is None:
        created = changed_at(folder.path)
        epochs = recipe.optimisation.epochs if recipe else 0
        return RunStatus(RunState.FAILED, folder.path.name, created, created, "; ".join(problems), epochs=epochs)
    if problems:
        return replace(status, state=RunState.FAILED, message="; ".join(problems))
    if status.state in {RunState.RUNNING, RunState.PAUSED} and not folder.is_locked:
        return replace(status, state=RunState.STOPPED, message=INTERRUPTED)
    if remarks:
        return replace(status, message="; ".join([*filter(None, [status.message]), *remarks]))
    return status


def _parameters(folder: RunFolder) -> int | None:
    value = folder.environment().get("parameters")
    return value if type(value) is int and 0 <= value < 10**12 else None
