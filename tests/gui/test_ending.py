"""The program ends when its window was closed while a run worked."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.events import CancelToken, Emit
from core.recipe import Recipe
from skinkd_gui.main_window import MainWindow
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.work import Conditions
from skinkd_gui.workers.job import Work, running_jobs


def test_stopping_a_run_and_closing_ends_the_program(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    at_work = threading.Event()

    def make_work(run: QueuedRun, conditions: Conditions) -> Work:
        def work(emit: Emit, token: CancelToken) -> object:
            at_work.set()
            while True:
                token.check()

        return work

    window = MainWindow(tmp_path / "runs", make_work)
    qtbot.addWidget(window)
    window.show()
    window.queue.add(Recipe(), "my run")
    assert at_work.wait(60)
    too_long = QTimer(singleShot=True, interval=10_000)
    too_long.timeout.connect(partial(qapp.exit, 1))
    too_long.start()
    QTimer.singleShot(0, window.close_without_asking)
    status = qapp.exec()  # Qt tells that the last window was closed only while this runs
    too_long.stop()
    assert status == 0
    assert not window.isVisible()
    assert running_jobs() == ()
