"""Tags and notes of a run, kept as they are typed."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPlainTextEdit, QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.runs.annotations import clean_tags, read_annotations, write_annotations
from core.runs.status import RunSummary
from skinkd_gui.undo import changed
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named
from skinkd_gui.widgets.parts import delay
from skinkd_gui.workers.job_slot import JobSlot

_IDLE_MILLISECONDS = 1500

Text = tuple[tuple[str, ...], str]
"""Tags and notes."""


class AnnotationsEditor(QWidget):
    """Writes a moment after the last key, when the field is left, and when another run is shown."""

    saved = Signal(object)  # the folder of the run

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotationsEditor")
        self._folder: Path | None = None
        self._name = ""
        self._saved: Text = ((), "")  # what the run has, or will have when all is written
        self._visit = 0  # counts the times that a field was left: what is typed in one is undone together
        self._dirty = False
        self._waiting: dict[Path, Text] = {}
        self._writing = JobSlot(self, succeeded=self.saved, failed=self._fail, ended=self._start)
        self.tags = named(
            QLineEdit(self, placeholderText="Words to find the run by, with commas between them"),
            "runTags",
            "Tags of the run",
        )
        self.notes = named(
            QPlainTextEdit(self, placeholderText="What you want to remember of this run", tabChangesFocus=True),
            "runNotes",
            "Notes on the run",
        )
        self.notes.setFixedHeight(4 * self.notes.fontMetrics().height() + 12)
        self._idle = delay(self, self.save, _IDLE_MILLISECONDS)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        for row, (title, widget) in enumerate((("&Tags", self.tags), ("&Notes", self.notes))):
            label = make_label(title, "muted", self, buddy=widget)
            grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(widget, row, 1)
        column_of(make_label("Your tags and notes", "heading", self), grid, STRETCH, on=self, margins=0)
        self.tags.textEdited.connect(self._edited)
        self.notes.textChanged.connect(self._edited)
        self.tags.editingFinished.connect(self._leave)
        self.notes.installEventFilter(self)

    def show_run(self, run: RunSummary) -> None:
        """Show a run's tags and notes; what is being typed stays."""
        if run.folder != self._folder:
            self.save()
        elif self._dirty or run.folder in self._waiting or self._writing.running:
            return
        self._folder, self._name = run.folder, run.status.name
        self._show((run.annotations.tags, run.annotations.notes))

    def _show(self, text: Text) -> None:
        if self._text() != text:
            with QSignalBlocker(self.tags), QSignalBlocker(self.notes):
                self.tags.setText(", ".join(text[0]))
                self.notes.setPlainText(text[1])
        self._saved, self._dirty = text, False

    @Slot()
    def save(self) -> None:
        """Write what was changed, in a job."""
        self._idle.stop()
        if self._dirty and self._folder is not None:
            old, new = self._saved, self._text()
            self._dirty, self._saved = False, new
            self._keep(self._folder, new)
            if old != new:
                what = "tags" if old[1] == new[1] else "notes" if old[0] == new[0] else "tags and notes"
                do, undo = partial(self._put, self._folder, new), partial(self._put, self._folder, old)
                key = (self._folder, what, self._visit)
                changed(self, f"{what} of “{self._name}”", do, undo, done=True, key=key)

    def _keep(self, folder: Path, text: Text) -> None:
        self._waiting[folder] = text
        self._start()

    def _put(self, folder: Path, text: Text) -> None:
        """Give a run other tags and notes than those that were typed last."""
        if folder == self._folder:
            self._show(text)
        self._keep(folder, text)

    def shut_down(self) -> None:
        """Write what waits, and wait for it; the window is closing."""
        self.save()
        self._writing.stop()
        for folder, text in self._waiting.items():
            with contextlib.suppress(SkinKDError):
                _write(folder, text)
        self._waiting.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Write when the notes are left."""
        if watched is self.notes and event.type() is QEvent.Type.FocusOut:
            self._leave()
        return super().eventFilter(watched, event)

    def _text(self) -> Text:
        return clean_tags(self.tags.text().split(",")), self.notes.toPlainText()

    @Slot()
    def _leave(self) -> None:
        self.save()
        self._visit += 1

    @Slot()
    def _edited(self) -> None:
        self._dirty = True
        self._idle.start()

    @Slot()
    def _start(self) -> None:
        if self._writing.running or not self._waiting:
            return
        folder = next(iter(self._waiting))
        text = self._waiting.pop(folder)

        def work(emit: Emit, token: CancelToken) -> Path:
            _write(folder, text)
            return folder

        self._writing.start(work)

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        show_error(self, error)


def _write(folder: Path, text: Text) -> None:
    """Keep what else is there: the study that the run belongs to."""
    write_annotations(folder, replace(read_annotations(folder), tags=text[0], notes=text[1]))
