"""Another name for a run."""

from __future__ import annotations

from pathlib import Path

from core.documents import one_line
from core.errors import SkinKDError
from core.runs.annotations import unwritable
from core.runs.folder import LONGEST_NAME, RunFolder
from core.runs.status_repair import repair_status


def rename_run(folder: Path, name: str) -> None:
    """Give a run another name; its folder, which others may refer to, stays as it is.

    Raises `SkinKDError` for a name that is empty or longer than 120 characters, while someone works on the run, and
    when the folder can not be written.
    """
    name = one_line(name)
    if not 0 < len(name) <= LONGEST_NAME:
        raise SkinKDError(
            "The run can not have this name",
            f"A name has 1 to {LONGEST_NAME} characters; this one has {len(name)}.",
        )
    run = RunFolder(folder)
    try:
        with run.locked():
            repair_status(run)
            run.set_status(name=name)
    except OSError as error:
        raise unwritable(folder, error) from error
