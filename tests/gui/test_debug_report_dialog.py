"""Help, Debug report: shown before it is saved, saved or copied as shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from skinkd_gui.debug_report_dialog import DebugReportDialog
from skinkd_gui.main_window import MainWindow
from skinkd_gui.widgets.error_dialog import ErrorDialog
from skinkd_gui.workers.job import running_jobs


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path) -> DebugReportDialog:
    made = DebugReportDialog(tmp_path / "runs", {"theme": "dark"})
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(made.save.isEnabled)
    qtbot.waitUntil(lambda: not running_jobs())
    return made


def test_what_is_shown_is_what_is_saved_and_copied(
    qtbot: QtBot, dialog: DebugReportDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = dialog.text.toPlainText()
    assert dialog.text.isReadOnly()
    assert "theme = dark" in shown
    assert not list(tmp_path.glob("*.txt"))  # nothing is saved unasked
    target = tmp_path / "report.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    dialog.save.click()
    qtbot.waitUntil(lambda: str(target) in dialog.told.text)
    assert target.read_text(encoding="utf-8") == shown
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == shown
    qtbot.waitUntil(lambda: not running_jobs())


def test_a_place_that_can_not_be_written_is_said(qtbot: QtBot, dialog: DebugReportDialog, tmp_path: Path) -> None:
    dialog.save_to(tmp_path / "nowhere" / "report.txt")
    qtbot.waitUntil(lambda: dialog.findChild(ErrorDialog) is not None)
    error = dialog.findChild(ErrorDialog)
    assert "can not be written" in error.findChild(QLabel, "errorSummary").text()
    error.reject()
    qtbot.waitUntil(lambda: not running_jobs())


def test_it_opens_from_the_help_menu_and_may_be_closed_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    window = MainWindow(tmp_path / "runs")
    qtbot.addWidget(window)
    window.show()
    window.findChild(QAction, "debugReportAction").trigger()
    dialog = window.findChild(DebugReportDialog)
    assert dialog.isVisible()
    dialog.close()
    qtbot.waitUntil(lambda: not running_jobs())
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible())
