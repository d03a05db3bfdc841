"""Settings: kept, repaired, edited."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

from core.paths import runs_root
from skinkd_gui.settings.dialog import PreferencesDialog
from skinkd_gui.settings.store import Settings, chosen_runs_root, load_settings, open_store, save_settings
from skinkd_gui.widgets.theme import ThemeChoice


def test_settings_survive_and_start_with_the_defaults(tmp_path: Path) -> None:
    assert load_settings() == Settings()
    changed = Settings(ThemeChoice.DARK, 125, str(tmp_path / "läufe, viele"), 3)
    save_settings(changed)
    assert load_settings() == changed


def test_unusable_values_take_their_defaults() -> None:
    store = open_store()
    for key, value in {"theme": "pink", "text_percent": "9999", "threads_left": "many"}.items():
        store.setValue(key, value)
    store.sync()
    assert load_settings() == Settings(text_percent=200)


def test_the_environment_wins_over_the_chosen_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(runs_folder=str(tmp_path / "chosen"))
    assert chosen_runs_root(settings) == runs_root()
    monkeypatch.delenv("SKINKD_RUNS")
    assert chosen_runs_root(settings) == tmp_path / "chosen"
    assert chosen_runs_root(Settings()) == runs_root()


def test_looks_are_shown_at_once_and_taken_back_by_cancel(qtbot: QtBot) -> None:
    before = Settings()
    dialog = PreferencesDialog(before)
    qtbot.addWidget(dialog)
    heard: list[Settings] = []
    dialog.changed.connect(heard.append)
    dialog.findChild(QComboBox, "themeCombo").setCurrentIndex(2)
    assert heard == [Settings(theme=ThemeChoice.DARK)]
    dialog.findChild(QLineEdit, "runsFolderEdit").setText("/elsewhere")
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Cancel).click()
    assert heard[-1] == before


def test_ok_gives_everything(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skinkd_gui.settings.dialog.os.cpu_count", lambda: 8)
    dialog = PreferencesDialog(Settings(text_percent=115))
    qtbot.addWidget(dialog)
    heard: list[Settings] = []
    dialog.changed.connect(heard.append)
    dialog.findChild(QSpinBox, "threadsLeftSpin").setValue(20)
    dialog.findChild(QLineEdit, "runsFolderEdit").setText(" /elsewhere ")
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert heard == [Settings(text_percent=115, runs_folder="/elsewhere", threads_left=7)]
