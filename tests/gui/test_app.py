"""The program: its options, its log, and that an unexpected error does not end it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.program import program_version
from skinkd_gui import app
from skinkd_gui.crash_reporter import CrashReporter


@pytest.fixture
def reporter(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> CrashReporter:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    window = QWidget()
    window.setObjectName("window")
    qtbot.addWidget(window)
    window.show()
    made = CrashReporter(window)
    made.set_window(window)
    made.install()
    return made


def shown(reporter: CrashReporter) -> list[QWidget]:
    parent = reporter.parent()
    assert isinstance(parent, QWidget)
    return [item for item in parent.findChildren(QWidget, "errorDialog") if item.isVisible()]


def test_an_unexpected_error_is_logged_and_shown_once(
    qtbot: QtBot, reporter: CrashReporter, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        try:
            raise ZeroDivisionError("a bug")
        except ZeroDivisionError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    qtbot.waitUntil(lambda: len(shown(reporter)) == 1)
    (dialog,) = shown(reporter)
    assert "ZeroDivisionError: a bug" in dialog.findChild(QPlainTextEdit, "errorDetails").toPlainText()
    assert len([record for record in caplog.records if record.levelno == logging.CRITICAL]) == 3
    dialog.findChild(QPushButton, "errorCloseButton").click()


def test_an_error_in_a_thread_is_shown_too(
    qtbot: QtBot, reporter: CrashReporter, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("in a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(shown(reporter)) == 1)
    shown(reporter)[0].findChild(QPushButton, "errorCloseButton").click()


def test_wrong_usage_ends_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app.main(["--nonsense"])
    assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        app.main(["--version"])
    assert ended.value.code == 0
    assert program_version() in capsys.readouterr().out


def test_without_a_screen_it_says_what_to_do_and_does_not_abort(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems always have a screen")
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(app, "start_logging", lambda: None)
    assert app.main([]) == 1
    assert "skinkd-cli" in capsys.readouterr().err


_PROGRAM = """
import sys
from PySide6.QtCore import QTimer
from skinkd_gui import app, application, main_window
main_window.MainWindow.start_engine = lambda self: None
make_application = application.make_application
def make():
    made = make_application()
    QTimer.singleShot(300, lambda: 1 / 0)
    QTimer.singleShot(900, made.closeAllWindows)
    QTimer.singleShot(1200, made.quit)
    return made
application.make_application = make
sys.exit(app.main(["--runs", sys.argv[1]]))
"""


def test_the_whole_program_starts_survives_an_error_and_ends(tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    environment |= {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / "runs")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    (log,) = tmp_path.rglob("skinkd.log")
    text = log.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in text
    assert program_version() in text
