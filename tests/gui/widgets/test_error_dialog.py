"""The error dialog."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from skinkd_gui.widgets.error_dialog import show_error


def test_it_does_not_block_and_tells_details_on_request(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    dialog = show_error(parent, SkinKDError("Disk full", "Free 2 GB <here>.", "errno 28"))
    assert dialog.isVisible()
    assert dialog.findChild(QLabel, "errorSummary").text() == "Free 2 GB <here>."
    details = dialog.findChild(QPlainTextEdit, "errorDetails")
    assert not details.isVisible()
    dialog.findChild(QPushButton, "errorMoreButton").click()
    assert details.isVisible()
    dialog.findChild(QPushButton, "errorCopyButton").click()
    assert QGuiApplication.clipboard().text() == "Disk full\n\nFree 2 GB <here>.\n\nerrno 28"
    with qtbot.waitSignal(dialog.destroyed):
        dialog.findChild(QPushButton, "errorCloseButton").click()
