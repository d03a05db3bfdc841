"""A run whose status.json is damaged: where it stands is told from its other files, and written anew."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from core.documents import NewerVersionError
from core.errors import SkinKDError
from core.recipe import Recipe
from core.runs.folder import RunFolder, default_name
from core.runs.status import RunState, RunStatus

_STAMPED = re.compile(r"(\d{8}-\d{6})-(.+)")


def reconstructed_status(folder: RunFolder, recipe: Recipe) -> RunStatus:
    """The status that the other files of a run tell: finished where all its results are there, otherwise stopped.

    Its name is the folder's, the computing time is lost (0); `created` is "" when the folder has just gone.
    """
    finished, synthetic = _results(folder)
    try:
        epoch = len(folder.history())
    except SkinKDError:
        epoch = 0
    stamped = _STAMPED.fullmatch(folder.path.name)
    created = _created(folder, stamped[1] if stamped else "")
    return RunStatus(
        state=RunState.FINISHED if finished else RunState.STOPPED,
        name=stamped[2] if stamped else default_name(recipe),
        created=created,
        updated=created,
        epoch=epoch,
        epochs=recipe.optimisation.epochs,
        synthetic=synthetic,
    )


def repair_status(folder: RunFolder) -> str:
    """Write a damaged or missing status.json anew; the damaged one stays as status.json.damaged. Says what was done, or
    nothing where nothing was. Call it with the run's lock held.

    Raises `SkinKDError` when the recipe is damaged too, when the file can not be opened, and `NewerVersionError`.
    """
    try:
        folder.status()
    except NewerVersionError:
        raise
    except SkinKDError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
            raise
        status = reconstructed_status(folder, folder.recipe())
        if folder.status_file.is_file():
            folder.status_file.replace(folder.status_file.with_name("status.json.damaged"))
        folder.write_status(status)
        return (
            f"{error.title}: {error.summary} It was written anew from the run's other files, which say that the run is "
            f"{status.state.value}; its name and its computing time may be others."
        )
    return ""


def _results(folder: RunFolder) -> tuple[bool, bool]:
    """Whether the run has all its results, of which metrics.json is written last, and whether its images are drawn."""
    try:
        metrics = folder.metrics()
        folder.scores()
    except SkinKDError:
        return False, False
    files = (folder.model_file, folder.predictions_file)
    finished = metrics is not None and all(file.is_file() for file in files)
    return finished, folder.facts("data").get("synthetic") is True


def _created(folder: RunFolder, stamp: str) -> str:
    try:
        begin = datetime.strptime(stamp, "%Y%m%d-%H%M%S").astimezone(UTC)
    except (ValueError, OverflowError):
        return changed_at(folder.path)
    return begin.isoformat(timespec="milliseconds")


def changed_at(path: Path) -> str:
    """When a file or folder last changed (ISO 8601, UTC); "" when it has just gone."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="milliseconds")
    except OSError:
        return ""
