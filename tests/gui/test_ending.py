"""The program ends when its window was closed while a run worked."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.events import CancelToken, Report
from core.recipe import Recipe
from skinkd_gui.main_window import MainWindow
from skinkd_gui.training.work import Conditions, QueuedRun
from skinkd_gui.workers.job import Work, running_jobs


def test_stopping_a_run_and_closing_ends_the_program(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    at_work = threading.Event()

    def make_work(run: QueuedRun, conditions: Conditions) -> Work:
        def work(report: Report, token: CancelToken) -> object:
            at_work.set()
            while True:
                token.check()

        return work

    window = MainWindow(tmp_path / "runs", make_work)
    qtbot.addWidget(window)
    window.show()
    window.queue.add(Recipe(), "my run")
    assert at_work.wait(10)
    with qtbot.waitSignal(qapp.lastWindowClosed, timeout=10_000):
        window.close_without_asking()
    assert not window.isVisible()
    assert running_jobs() == ()
