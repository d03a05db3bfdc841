"""Settings: kept, repaired, edited."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSpinBox,
)
from pytestqt.qtbot import QtBot

from core.inference.record import RecordBook, RecordEntry, record_file
from core.inference.trust import Readership
from core.paths import runs_root, settings_file
from skinkd_gui.settings.dialog import PreferencesDialog
from skinkd_gui.settings.record_box import RecordBox
from skinkd_gui.settings.store import Settings, chosen_runs_root, load_settings, open_store, save_settings
from skinkd_gui.widgets.theme import ThemeChoice


def test_settings_survive_and_start_with_the_defaults(tmp_path: Path) -> None:
    assert load_settings() == Settings()
    changed = Settings(
        ThemeChoice.DARK, 125, str(tmp_path / "läufe, viele"), 3, notify=False, reader=Readership.SPECIALIST
    )
    save_settings(changed)
    assert load_settings() == changed


def test_unusable_values_take_their_defaults() -> None:
    store = open_store()
    for key, value in {
        "theme": "pink",
        "text_percent": "9999",
        "threads_left": "many",
        "classify/reader": "nobody",
    }.items():
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


def test_certainty_and_record_are_kept_and_repaired() -> None:
    save_settings(Settings(keep_record=False, level=0.85, benign_level=0.97))
    assert load_settings() == Settings(keep_record=False, level=0.85, benign_level=0.97)
    store = open_store()
    store.setValue("classify/level", "3")
    store.setValue("classify/benign_level", "many")
    store.sync()
    assert (load_settings().level, load_settings().benign_level) == (0.8, 0.95)


def test_the_dialog_switches_the_record_and_sets_the_certainty(qtbot: QtBot) -> None:
    dialog = PreferencesDialog(Settings())
    qtbot.addWidget(dialog)
    dialog.findChild(QCheckBox, "keepRecordCheck").setChecked(False)
    dialog.findChild(QSpinBox, "levelSpin").setValue(95)
    dialog.findChild(QSpinBox, "benignLevelSpin").setValue(98)
    assert dialog.settings() == Settings(keep_record=False, level=0.95, benign_level=0.98)


def entry() -> RecordEntry:
    return RecordEntry("2026-01-01T00:00:00.000+00:00", "a" * 64, "b" * 64, "test_resnet", "1", 1.0, 0.9, "", "NV")


def test_the_record_is_shown_exported_and_cleared_only_when_the_user_is_sure(qtbot: QtBot, tmp_path: Path) -> None:
    empty = RecordBox(True)
    qtbot.addWidget(empty)
    assert not empty.export.isEnabled()
    assert not empty.clear.isEnabled()
    RecordBook(record_file()).append([entry(), entry()])
    box = RecordBox(True)
    qtbot.addWidget(box)
    assert record_file().name in box.findChild(QLabel, "recordPlace").text()
    box.export_to(tmp_path / "record.csv")
    qtbot.waitUntil(lambda: not box._exporting.running)
    assert len((tmp_path / "record.csv").read_text().splitlines()) == 3
    for answer, left in (("clearRecordNo", 2), ("clearRecordYes", 0)):
        box.clear.click()
        box.findChildren(QMessageBox)[-1].findChild(QPushButton, answer).click()
        assert len(list(RecordBook(record_file()).entries())) == left
    assert not box.clear.isEnabled()


@pytest.mark.skipif(sys.platform == "win32", reason="rights of files are POSIX")
def test_the_settings_are_their_owners() -> None:
    save_settings(Settings(runs_folder="/data/Jane Doe"))
    folder = Path(open_store().fileName()).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_settings_of_a_newer_version_are_used_as_far_as_they_are_known_and_kept() -> None:
    store = open_store()
    for name, value in {"theme": "sepia", "text_percent": "125", "cloud/region": "north", "version": "99"}.items():
        store.setValue(name, value)
    store.sync()
    settings = load_settings()
    assert (settings.theme, settings.text_percent) == (ThemeChoice.SYSTEM, 125)
    save_settings(settings)
    assert open_store().value("cloud/region") == "north"
    assert open_store().value("version") == "99"


def test_doctor_names_the_file_that_qt_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("Qt and platformdirs ask the system")
    code = "from skinkd_gui.settings.store import open_store\nimport sys\nsys.stdout.write(open_store().fileName())"
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    written = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert written.stdout == str(settings_file())
