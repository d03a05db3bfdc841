"""All runs in a folder, newest first, without torch: a thousand in a second or two."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from core.errors import SkinKDError
from core.recipe import Recipe
from core.runs.annotations import read_annotations
from core.runs.folder import RunFolder
from core.runs.status import RunState, RunStatus, RunSummary

INTERRUPTED = "interrupted; can be resumed"


def list_runs(root: Path) -> tuple[RunSummary, ...]:
    """The run folders directly in `root`, newest first; none when it does not exist.

    A folder is a run when it holds a recipe.toml or a status.json. One that can not be read is listed as failed, with
    the reason as its message; one that says it is running while nobody works on it is listed as stopped.
    """
    if not root.is_dir():
        return ()
    folders = [
        entry for entry in root.iterdir() if (entry / "recipe.toml").is_file() or (entry / "status.json").is_file()
    ]
    found = [summarise(RunFolder(folder)) for folder in folders]
    return tuple(sorted(found, key=lambda item: (item.status.created, item.folder.name), reverse=True))


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
    from dataclasses import replace

    return replace(status, state=state, message=message)


def _parameters(folder: RunFolder) -> int | None:
    value = folder.environment().get("parameters")
    return value if isinstance(value, int) else None


def _folder_time(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="milliseconds")
