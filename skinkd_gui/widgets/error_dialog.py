"""An error for the user: what happened and what to do first, everything else on request."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QWidget,
)

from core.errors import SkinKDError
from core.paths import log_root
from core.visible_text import visible
from skinkd_gui.widgets.fitting import FittingDialog, Scrolled, ScrolledBody, in_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.opening import open_path
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.theme import coloured_icon, colours

_WIDTH = 520  # pixels at 100 % of text
LOG_NAME = "skinkd.log"


def log_path() -> Path:
    """The application's log file."""
    return log_root() / LOG_NAME


class ErrorDialog(FittingDialog):
    """Title and summary at once; details and the log behind buttons. Does not block: call `open`."""

    def __init__(self, error: SkinKDError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errorDialog")
        self.setWindowTitle("SkinKD")
        self.error = error
        picture = QLabel(self, pixmap=coloured_icon("error", colours().error).pixmap(QSize(40, 40)))
        title = make_label(visible(error.title), "heading", self, wrap=True, name="errorTitle")
        summary = make_label(visible(error.summary, keep="\n"), "", self, wrap=True, name="errorSummary")
        top = row_of((picture, 0, Qt.AlignmentFlag.AlignTop), (column_of(title, summary, STRETCH), 1), spacing=16)
        more = QPlainTextEdit(visible(error.details, keep="\n\t"), self, readOnly=True)
        self._details = named(more, "errorDetails", "Details of the error")
        self._details.setVisible(False)
        self._details.setMinimumHeight(160)
        body = ScrolledBody(self)
        column_of(top, (self._details, 1), on=body, margins=0, spacing=16)
        self._scrolled = Scrolled(body, "errorScroll", self)
        column_of((self._scrolled, 1), self._make_buttons(), on=self, margins=(20, 20, 20, 16), spacing=16)
        self.be_as_high_as_needed(in_text(_WIDTH))

    def _make_buttons(self) -> QHBoxLayout:
        self._more = make_button("Show details", "errorMoreButton", self)
        self._more.setVisible(bool(self.error.details))
        self._more.clicked.connect(self._toggle_details)
        copy = make_button("Copy", "errorCopyButton", self, self._copy)
        log = make_button("Open the log", "errorLogButton", self, self._open_log)
        log.setVisible(log_path().is_file())
        close = make_button("Close", "errorCloseButton", self, self.accept)
        close.setDefault(True)
        close.setFocus()
        return row_of(self._more, copy, log, STRETCH, close)

    @Slot()
    def _toggle_details(self) -> None:
        show = self._details.isHidden()
        self._details.setVisible(show)
        self._more.setText("Hide details" if show else "Show details")
        self.be_as_high_as_needed(in_text(_WIDTH))

    @Slot()
    def _copy(self) -> None:
        text = f"{self.error.title}\n\n{self.error.summary}\n\n{self.error.details}".strip()
        QGuiApplication.clipboard().setText(text)

    @Slot()
    def _open_log(self) -> None:
        open_path(log_path())


def show_error(parent: QWidget | None, error: SkinKDError) -> ErrorDialog:
    """Show an error over `parent` and return at once."""
    dialog = ErrorDialog(error, parent)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def is_shown(error: SkinKDError) -> bool:
    """Whether a dialog with this very error is open."""
    dialogs = (widget for widget in QApplication.topLevelWidgets() if isinstance(widget, ErrorDialog))
    return any(dialog.isVisible() and dialog.error is error for dialog in dialogs)
