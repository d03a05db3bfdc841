"""The end of a run is told to a user who looks elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QSystemTrayIcon, QWidget
from pytestqt.qtbot import QtBot

from core.runs.status import RunState
from skinkd_gui import notifications
from skinkd_gui.main_window import MainWindow
from skinkd_gui.notifications import Notifier
from skinkd_gui.settings.dialog import PreferencesDialog
from skinkd_gui.settings.store import Settings
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.queue import RunFailure, RunStopped
from tests.gui.training.scripted import Stage, summary


class Elsewhere:
    """A desktop that shows messages, whose user looks at another program."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.messages: list[str] = []
        self.alerts = 0
        self.window: QWidget | None = None
        patch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
        patch.setattr(QSystemTrayIcon, "supportsMessages", staticmethod(lambda: True))
        patch.setattr(QSystemTrayIcon, "show", lambda icon: None)  # there is no place for icons off the screen
        patch.setattr(QSystemTrayIcon, "showMessage", lambda icon, title, text, *more: self.messages.append(text))
        patch.setattr(QApplication, "activeWindow", staticmethod(lambda: self.window))
        patch.setattr(QApplication, "alert", staticmethod(self._alert))
        patch.setattr(notifications, "_GATHER_MILLISECONDS", 10)

    def _alert(self, *window: object) -> None:
        self.alerts += 1


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    return Elsewhere(monkeypatch)


@pytest.fixture
def notifier(qtbot: QtBot, elsewhere: Elsewhere) -> Iterator[Notifier]:
    window = QWidget()
    qtbot.addWidget(window)
    yield Notifier(window)
    assert window.isHidden()


def test_what_ends_at_the_same_moment_is_told_together(qtbot: QtBot, notifier: Notifier, elsewhere: Elsewhere) -> None:
    notifier.tell("a is finished.")
    qtbot.waitUntil(lambda: elsewhere.alerts == 1)
    for name in ("b", "c", "d"):
        notifier.tell(f"{name} is finished.")
    qtbot.waitUntil(lambda: elsewhere.alerts == 2)
    assert elsewhere.messages == ["a is finished.", "3 runs have ended. d is finished."]
    notifier.enabled = False
    notifier.tell("e is finished.")
    qtbot.waitUntil(lambda: elsewhere.alerts == 3)
    assert len(elsewhere.messages) == 2
    notifier.shut_down()


def test_a_user_who_is_there_is_left_alone(qtbot: QtBot, notifier: Notifier, elsewhere: Elsewhere) -> None:
    elsewhere.window = QWidget()
    qtbot.addWidget(elsewhere.window)
    notifier.tell("a is finished.")
    qtbot.wait(50)
    assert (elsewhere.alerts, elsewhere.messages) == (0, [])


def test_the_window_tells_ends_but_not_the_users_own_stops(qtbot: QtBot, elsewhere: Elsewhere, tmp_path: Path) -> None:
    from core.errors import SkinKDError

    window = MainWindow(tmp_path / "runs", Stage())
    window.show()
    run = QueuedRun("Big one", folder=tmp_path)
    window.queue.run_stopped.emit(RunStopped(run, tmp_path))
    window.queue.failed.emit(RunFailure(run, tmp_path, SkinKDError("The disk is full", "Free some space.")))
    window.queue.run_finished.emit(summary(tmp_path, "Small one", RunState.FINISHED))
    qtbot.waitUntil(lambda: bool(elsewhere.messages))
    assert elsewhere.messages == ["2 runs have ended. Small one is finished."]
    window.settings.change(Settings(notify=False))
    assert not window.notifier.enabled
    window.close()
    window.deleteLater()


def test_the_preferences_switch_messages_off(qtbot: QtBot) -> None:
    dialog = PreferencesDialog(Settings())
    qtbot.addWidget(dialog)
    box = dialog.findChild(QCheckBox, "notifyCheck")
    assert box.isChecked()
    box.setChecked(False)
    assert not dialog.settings().notify
    dialog.reject()
