"""`skinkd --self-test`: the steps of core's self-test, then the real window, opened on what they made and closed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QTimer, Slot
from PySide6.QtWidgets import QAbstractItemView

from core.demo.self_test import SelfTest, SelfTestStep, run_steps, teller, temporary_user_folder
from core.errors import SkinKDError
from core.program import say
from core.runs.listing import list_runs
from core.system_libraries import window_problem
from skinkd_gui.application import keep_settings_in, make_application
from skinkd_gui.main_window import MainWindow
from skinkd_gui.widgets.error_dialog import ErrorDialog
from skinkd_gui.workers.job import running_jobs, shut_down_all, unheard_failures

_POLL_MILLISECONDS = 50
_PATIENCE_SECONDS = 120.0


def main(folder: Path | None) -> int:
    """Do the self-test in `folder`, which stays, or in one that goes; the exit status: 0 all right, 1 not."""
    try:
        with temporary_user_folder(folder) as place:
            tell = teller(place, say)
            runs = place / "runs"
            window = SelfTestStep("Open the window and close it", lambda: _with_application(place, runs))
            return 0 if run_steps((*SelfTest(place).steps(), window), tell) else 1
    except SkinKDError as error:
        say(f"{error.title}. {error.summary}")
        return 1


def open_and_close(runs: Path) -> str:
    """Open the main window on a folder of runs, let it load everything, close it; needs an application.

    Returns what it showed. Raises `SkinKDError` when the window does not get ready, and what went wrong behind it.
    """
    heard = _Heard()
    hook, sys.excepthook = sys.excepthook, lambda _kind, error, _trace: heard.take(error)
    window = MainWindow(runs, opens_at_once=True)

    def wrong() -> bool:
        return bool(heard.errors or _dialogs(window))

    try:
        window.painted.connect(window.start_engine)
        window.show()
        _wait(lambda: wrong() or (window.engine_ready and not running_jobs()))
        window.tabs.show_results()
        _wait(lambda: wrong() or (window.results_tab.listed and not running_jobs()))
        heard.errors += [dialog.error for dialog in _dialogs(window)]
        table = window.findChild(QAbstractItemView, "runsTable")
        shown = table.model().rowCount() if isinstance(table, QAbstractItemView) else 0
    finally:
        window.close_without_asking()
        for thing in (window, heard):
            thing.deleteLater()
        sys.excepthook = hook
    if heard.errors:
        raise heard.errors[0]
    if shown != len(list_runs(runs)):
        raise SkinKDError("The window does not list the runs", f"It shows {shown} of those in {runs}.")
    if not shut_down_all():
        raise SkinKDError("The window did not close", "A part of it is still at work.")
    return f"{shown} runs listed"


class _Heard(QObject):
    """Collects what goes wrong where nobody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []
        unheard_failures().happened.connect(self.take)

    @Slot(object)
    def take(self, error: BaseException) -> None:
        """Remember an error."""
        self.errors.append(error)


def _dialogs(window: MainWindow) -> list[ErrorDialog]:
    return window.findChildren(ErrorDialog)


def _with_application(folder: Path, runs: Path) -> str:
    """The same with an application of its own, on the screen or, where there is none, without one."""
    where = "on the screen"
    if window_problem() is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        where = "without a screen"
    problem = window_problem()
    if problem is not None:
        raise problem
    keep_settings_in(folder / "settings")
    application = make_application()
    try:
        return f"{open_and_close(runs)}, {where}"
    finally:
        application.processEvents()


def _wait(condition: Callable[[], bool]) -> None:
    """Let the window work until the condition holds. Raises `SkinKDError` after two minutes."""
    begin = time.monotonic()
    loop, timer = QEventLoop(), QTimer()
    timer.setInterval(_POLL_MILLISECONDS)
    timer.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() - begin > _PATIENCE_SECONDS else None)
    timer.start()
    loop.exec()
    if not condition():
        raise SkinKDError("The window did not get ready", f"It was still at work after {_PATIENCE_SECONDS:.0f} s.")
