"""The part of the preferences about the record of what was classified: on or off, where, export, clear."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.inference.record import RecordBook, record_file
from core.quantities import file_size
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.opening import open_path
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.question import Question, QuestionButton, ask
from skinkd_gui.widgets.saving import ask_for_file
from skinkd_gui.workers.job_slot import JobSlot

_ABOUT = (
    "One line per classified image: time, model, answer and the image's fingerprint (SHA-256); no picture, no file "
    "name, no patient. It stays on this computer."
)
_CLEAR = Question(
    "clearRecordQuestion",
    "Record of classifications",
    "Delete the record?",
    "All lines written so far are lost for good. Export them first if someone may ask for them.",
    QuestionButton("Delete the record", "clearRecordYes"),
    QuestionButton("Keep it", "clearRecordNo"),
)
_FILTERS = "CSV table (*.csv);;JSON document (*.json)"


class RecordBox(QWidget):
    """Switch and buttons; the switch is read by the dialog, the buttons act at once."""

    cleared = Signal()

    def __init__(self, keep: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._news = ""  # what was done last
        self._exporting = JobSlot(self, succeeded=self._tell_exported, failed=self._show_failure, ended=self._update)
        self.keep = named(
            QCheckBox("&Keep a record of what was classified", self),
            "keepRecordCheck",
            "Keep a record of what was classified",
        )
        self.keep.setChecked(keep)
        self._where = make_label("", "small", self, wrap=True, name="recordPlace")
        self.folder, self.export, self.clear = (
            make_button(text, f"record{name}Button", self, clicked, accessible=words)
            for text, name, clicked, words in (
                ("Show &folder", "Folder", self._open_folder, "Show the folder of the record"),
                ("E&xport...", "Export", self._ask_and_export, "Export the record"),
                ("C&lear...", "Clear", self._ask_to_clear, "Clear the record"),
            )
        )
        column_of(
            self.keep,
            make_label(_ABOUT, "small", self, wrap=True),
            self._where,
            row_of(self.folder, self.export, self.clear, STRETCH, margins=0),
            on=self,
            margins=0,
            spacing=6,
        )
        self._update()

    def export_to(self, path: Path) -> None:
        """Write the record as CSV or JSON, in a thread."""
        self._news = ""
        self._exporting.start(partial(_export, path))
        self._update()

    @Slot()
    def _update(self) -> None:
        path = record_file()
        try:
            size = path.stat().st_size
        except OSError:
            size = 0
        content = f"{path} ({file_size(size)})" if size else f"{path} (nothing in it yet)"
        self._where.setText(breakable(f"{content}\n{self._news}".strip()))
        for button in (self.export, self.clear):
            button.setEnabled(size > 0 and not self._exporting.running)
        self.folder.setEnabled(path.parent.is_dir())

    @Slot()
    def _open_folder(self) -> None:
        open_path(record_file().parent)

    @Slot()
    def _ask_and_export(self) -> None:
        path = ask_for_file(self, "Export the record", "skinkd-record", _FILTERS)
        if path is not None:
            self.export_to(path)

    @Slot(object)
    def _tell_exported(self, exported: tuple[Path, int]) -> None:
        path, count = exported
        self._news = f"{count:,} {'entry' if count == 1 else 'entries'} written to {path}."

    @Slot(object)
    def _show_failure(self, error: SkinKDError) -> None:
        show_error(self, error)

    @Slot()
    def _ask_to_clear(self) -> None:
        ask(self, _CLEAR).accepted.connect(self._clear)

    @Slot()
    def _clear(self) -> None:
        try:
            RecordBook(record_file()).clear()
        except SkinKDError as error:
            show_error(self, error)
            return
        self._news = "The record was deleted."
        self._update()
        self.cleared.emit()


def _export(path: Path, emit: Emit, token: CancelToken) -> tuple[Path, Any]:
    return path, RecordBook(record_file()).export(path)
