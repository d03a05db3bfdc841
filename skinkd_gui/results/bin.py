"""Move run folders to the system's bin."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QFile, QStandardPaths
from PySide6.QtWidgets import QMessageBox, QWidget

from core.errors import SkinKDError
from core.events import CancelToken
from core.runs.folder import RunFolder
from core.runs.status import RunSummary
from core.visible_text import visible_lines
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


class BinnedRuns:
    """Run folders, moved to the system's bin and back; `in_bin` are those that are there, with their places in it."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self.in_bin: dict[Path, Path] = {}

    def move(self, token: CancelToken) -> None:
        """Move the folders to the bin. Raises `SkinKDError` naming those that stayed."""
        stayed = []
        # Qt makes the bin itself, but not the folder around it, which a fresh account may not have.
        around = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation))
        with contextlib.suppress(OSError):
            around.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in self._folders:
            token.check()
            item = QFile(str(folder))
            if RunFolder(folder).is_locked:
                stayed.append(f"{folder}: is being worked on")
            elif not item.moveToTrash():
                stayed.append(f"{folder}: {item.errorString()}")
            else:
                self.in_bin[folder] = Path(item.fileName())
        if stayed:
            raise SkinKDError(
                "Not everything was moved to the bin",
                f"{len(stayed)} of {len(self._folders)} run folders stayed where they are. Stop runs that are at work "
                "first; folders on another drive may have no bin and can be deleted with the file manager.",
                visible_lines(stayed),
            )

    def restore(self, token: CancelToken) -> None:
        """Move the folders back. Raises `SkinKDError` naming those that can not be."""
        lost = []
        for folder, there in tuple(self.in_bin.items()):
            token.check()
            if folder.exists():
                lost.append(f"{folder}: there is another one of this name")
                continue
            try:
                shutil.move(there, folder)
            except OSError as error:
                lost.append(f"{folder}: {error}")
                continue
            del self.in_bin[folder]
            note = there.parent.with_name("info") / f"{there.name}.trashinfo"  # what bins of freedesktop.org keep
            with contextlib.suppress(OSError):
                note.unlink(missing_ok=True)
        if lost:
            raise SkinKDError(
                "Not everything came back from the bin",
                f"{len(lost)} run folders could not be moved back. If they are still in the system's bin, restore them "
                "there.",
                visible_lines(lost),
            )
