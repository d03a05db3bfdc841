"""What every test of the window gets: settings of its own, no hanging dialogs, no QThread left running, no living Qt
object left to Python's collector."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakSet, ref

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QSettings, QThread, QTimer, Slot
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from core.events import CancelSource
from core.runs.folder import RunFolder
from skinkd_gui.widgets.theme import theme
from skinkd_gui.workers.preload import load_engine

_MODAL_SECONDS = 30.0
_PATIENCE = 90_000  # milliseconds: on a machine that does much else it takes that long to import torch
_started: WeakSet[QThread] = WeakSet()

for _wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals, QtBot.waitActive, QtBot.waitExposed):
    _wait.__kwdefaults__["timeout"] = _PATIENCE  # pytest-qt itself waits five seconds; what comes ends the wait at once


@pytest.fixture(autouse=True)
def nothing_left_to_the_collector(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect in this thread alone, as the window's process does, and fail a test that leaves a Qt object to it: Qt
    objects die by their parent or by `deleteLater`, in their own thread, whichever thread collects."""
    if request.config.pluginmanager.has_plugin("tests.stress.collecting"):  # there others collect
        yield
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return
    automatic = gc.isenabled()
    gc.disable()
    gc.freeze()  # what was there before is of no interest, and looking at it takes long
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = _living_garbage()
    gc.unfreeze()
    if automatic:
        gc.enable()
    if left:
        pytest.fail(f"left to the collector: {', '.join(left)}", pytrace=False)


def _living_garbage() -> list[str]:
    """The Qt objects that Python's collector would destroy now; then collects everything."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    living = [
        f"{type(thing).__name__} '{thing.objectName()}'"
        for thing in gc.garbage
        if issubclass(type(thing), QObject)  # asked of the thing itself, a dead weak proxy would raise
        and shiboken6.isValid(thing)
        and shiboken6.ownedByPython(thing)
        and type(thing)
        is not QEventLoop  # pytest-qt's: what waits for a signal hangs in a cycle; the window makes none
    ]
    gc.garbage.clear()
    gc.collect()
    return living


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    """Settings are read from and written to the test's folder."""
    for form in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
            QSettings.setPath(form, scope, str(tmp_path / "settings"))


@pytest.fixture(autouse=True)
def no_hanging_dialogs(qapp: QApplication) -> Iterator[None]:
    """Close a modal dialog or menu that nobody answers, and fail the test that opened it."""
    watch = _ModalWatch()
    yield
    watch.stop()
    if watch.closed:
        pytest.fail(f"nobody answered: {', '.join(watch.closed)}", pytrace=False)


@pytest.fixture(autouse=True)
def no_running_qthreads(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a QThread running: dropping it would abort the process."""
    start = QThread.start

    def remember(thread: QThread, *arguments: Any) -> None:
        _started.add(thread)
        start(thread, *arguments)

    monkeypatch.setattr(QThread, "start", remember)
    yield
    # A thread that is just ending may end; one that has to be told to is left running.
    there = [thread for thread in list(_started) if shiboken6.isValid(thread)]
    running = [thread for thread in there if thread.isRunning() and not thread.wait(_PATIENCE)]
    for thread in running:
        thread.quit()
        thread.wait(_PATIENCE)
    _started.clear()
    if running:
        pytest.fail(f"{len(running)} QThread(s) were left running", pytrace=False)


@pytest.fixture(scope="module")
def used_before(
    qapp: QApplication, finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder with two runs, in a process that has loaded its libraries and made what lives as
    long as it does."""
    runs = tmp_path_factory.mktemp("stays")
    for name in ("one", "two"):
        shutil.copytree(finished_run.path, runs / name)
    kept = theme(), qapp.style()
    load_engine(lambda event: None, CancelSource().token)
    yield runs
    del kept


class _ModalWatch(QObject):
    """Looks four times a second whether a modal dialog or popup has stood for too long."""

    def __init__(self) -> None:
        super().__init__()
        self.closed: list[str] = []
        self._seen: ref[QWidget] | None = None  # so that it holds nothing
        self._ticks = 0
        self._timer = QTimer(self)
        self._timer.setInterval(250)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    @Slot()
    def _look(self) -> None:
        widget = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        same = widget is not None and self._seen is not None and self._seen() is widget
        self._ticks = self._ticks + 1 if same else 0
        self._seen = None if widget is None else ref(widget)
        if widget is None or self._ticks * 0.25 < _MODAL_SECONDS:
            return
        self.closed.append(f"{type(widget).__name__} '{widget.objectName() or widget.windowTitle()}'")
        if isinstance(widget, QDialog):
            widget.reject()
        else:
            widget.close()
