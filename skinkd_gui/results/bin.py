"""Move run folders to the system's bin."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QFile, QStandardPaths
from PySide6.QtWidgets import QMessageBox, QWidget

from core.errors import SkinKDError
from core.events import CancelToken
from core.runs.folder import RunFolder
from core.runs.status import RunSummary
from skinkd_gui.widgets.question import Question, QuestionButton, ask


def ask_about_bin(parent: QWidget, runs: Sequence[RunSummary]) -> QMessageBox:
    """A question whose `accepted` means yes; shown at once, without blocking."""
    several = len(runs) > 1
    names = "\n".join(run.status.name for run in runs[:8])
    more = f"\nand {len(runs) - 8} more" if len(runs) > 8 else ""
    question = Question(
        "binQuestion",
        "Move to bin",
        f"Move {len(runs)} runs to the bin?" if several else f"Move “{runs[0].status.name}” to the bin?",
        (f"{names}{more}\n\n" if several else "")
        + "Their models and results go with them. You can get them back from the system's bin.",
        QuestionButton("Move to bin", "binYes"),
        QuestionButton("Cancel", "binNo"),
    )
    return ask(parent, question)


def move_to_bin(folders: Sequence[Path], token: CancelToken) -> int:
    """Move folders to the bin and say how many; raises `SkinKDError` naming those that stayed."""
    stayed = []
    # Qt makes the bin itself, but not the folder around it, which a fresh account may not have.
    around = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation))
    with contextlib.suppress(OSError):
        around.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in folders:
        token.check()
        item = QFile(str(folder))
        if RunFolder(folder).is_locked:
            stayed.append(f"{folder}: is being worked on")
        elif not item.moveToTrash():
            stayed.append(f"{folder}: {item.errorString()}")
    if stayed:
        raise SkinKDError(
            "Not everything was moved to the bin",
            f"{len(stayed)} of {len(folders)} run folders stayed where they are. Stop runs that are at work first; "
            "folders on another drive may have no bin and can be deleted with the file manager.",
            "\n".join(stayed),
        )
    return len(folders)
