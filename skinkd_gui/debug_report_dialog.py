"""The debug report: shown whole before it is saved or copied; it is never sent anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button
from skinkd_gui.widgets.saving import ask_for_file
from skinkd_gui.workers.job_slot import JobSlot

_ABOUT = (
    "For whoever helps you with a fault. It holds the versions of the program and its packages, this computer's "
    "devices and free space, your settings, the settings of the last run, and the last lines of the logs. It holds no "
    "picture. Names of images, folders, you and this computer are replaced as far as SkinKD can tell them; the names "
    "that you gave to runs may stand in the logs."
)
_READ = "Look through it before you pass it on. SkinKD sends nothing: you save the text, or copy it, and decide."


class DebugReportDialog(PassingDialog):
    """Gathers the report in a thread and shows it; Save and Copy take exactly what is shown."""

    def __init__(self, runs: Path, settings: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent, "debugReportDialog", "Debug report", QSize(820, 680))
        self.text = named(
            QPlainTextEdit("Looking at this computer…", self, readOnly=True), "debugReportText", "Debug report"
        )
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.told = Banner(self)
        self.save = make_button("&Save...", "debugReportSaveButton", self, self._ask_and_save)
        self.copy = make_button("&Copy", "debugReportCopyButton", self, self._copy)
        close = make_button("Close", "debugReportCloseButton", self, self.reject)
        close.setDefault(True)
        column_of(
            make_label(_ABOUT, "", self, wrap=True),
            make_label(_READ, "heading", self, wrap=True),
            (self.text, 1),
            self.told,
            row_of(self.save, self.copy, STRETCH, close),
            on=self,
            spacing=10,
        )
        self._gathering = JobSlot(self, succeeded=self._show, failed=self._show_failure, ended=self._update)
        self._saving = JobSlot(self, succeeded=self._tell_saved, failed=self._show_failure, ended=self._update)
        self._gathering.start(partial(_gather, runs, dict(settings)))
        self._update()

    def save_to(self, path: Path) -> None:
        """Write what is shown, in a thread."""
        self._saving.start(partial(_save, path, self.text.toPlainText()))
        self._update()

    @Slot()
    def _update(self) -> None:
        for button in (self.save, self.copy):
            button.setEnabled(not (self._gathering.running or self._saving.running))

    @Slot(str)
    def _show(self, text: str) -> None:
        self.text.setPlainText(text)

    @Slot(object)
    def _show_failure(self, error: SkinKDError) -> None:
        show_error(self, error)

    @Slot()
    def _ask_and_save(self) -> None:
        path = ask_for_file(self, "Save the debug report", "skinkd-debug-report", "Text (*.txt)")
        if path is not None:
            self.save_to(path)

    @Slot(object)
    def _tell_saved(self, path: Path) -> None:
        self.told.show_message(f"Saved as {path}.", "success")

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.told.show_message("Copied.", "success")


def _gather(runs: Path, settings: Mapping[str, str], emit: Emit, token: CancelToken) -> str:
    from core.reporting.debug_report import debug_report

    return debug_report(runs, settings)


def _save(path: Path, text: str, emit: Emit, token: CancelToken) -> Path:
    from core.reporting.debug_report import save_debug_report

    save_debug_report(path, text)
    return path
