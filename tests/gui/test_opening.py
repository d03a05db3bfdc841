"""Runs and model files that the user opens outside of the window: in the file manager, or on the command line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.runs.folder import RunFolder
from skinkd_gui.main_window import MainWindow
from skinkd_gui.opened_files import OpenedFiles
from skinkd_gui.widgets.error_dialog import ErrorDialog
from skinkd_gui.workers.job import shut_down_all


@pytest.fixture
def runs(tmp_path: Path, finished_run: RunFolder) -> Path:
    shutil.copytree(finished_run.path, tmp_path / "Läsionen und Läufe" / finished_run.path.name)
    return tmp_path / "Läsionen und Läufe"


@pytest.fixture
def window(qtbot: QtBot, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setattr("skinkd_gui.main_window.load_engine", lambda emit, token: None)
    monkeypatch.setattr(MainWindow, "_on_loaded", lambda self, result: None)
    window = MainWindow(runs, opens_at_once=True)
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close_without_asking()
    assert shut_down_all()


def errors(window: MainWindow) -> list[str]:
    return [f"{one.error.title}: {one.error.summary}" for one in window.findChildren(ErrorDialog)]


def test_a_run_is_shown_in_results_once_the_tabs_are_there(qtbot: QtBot, window: MainWindow, runs: Path) -> None:
    (run,) = runs.iterdir()
    window.open_path(run)
    window.start_engine()
    qtbot.waitUntil(lambda: window.tabs.currentWidget() is window.results_tab)
    qtbot.waitUntil(lambda: [one.folder for one in window.results_tab.table.selected()] == [run])
    assert errors(window) == []


def test_a_model_file_classifies_and_a_run_from_elsewhere_too(
    qtbot: QtBot, window: MainWindow, runs: Path, finished_run: RunFolder, tmp_path: Path
) -> None:
    window.start_engine()
    file = tmp_path / "a friend's model.safetensors"
    shutil.copy(finished_run.model_file, file)
    chooser = window.classify_tab._top.chooser
    for path in (file, finished_run.path):
        window.open_path(path)
        qtbot.waitUntil(lambda path=path: chooser.choice is not None and chooser.choice.source == path)
        assert window.tabs.currentWidget() is window.classify_tab
    assert errors(window) == []


def test_what_is_not_ours_is_explained(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.start_engine()
    qtbot.waitUntil(lambda: window.tabs.all_made)
    (tmp_path / "letter.pdf").write_bytes(b"%PDF")
    (tmp_path / "foreign.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    for name, words in (
        ("letter.pdf", "neither a run's folder nor a model file"),
        ("absent", "absent does not exist"),
        ("foreign.safetensors", "foreign.safetensors"),
    ):
        window.open_path(tmp_path / name)
        qtbot.waitUntil(lambda words=words: any(words in text for text in errors(window)))


def test_files_that_macos_hands_over_are_opened(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    files = OpenedFiles(qapp)
    with qtbot.waitSignal(files.opened) as heard:
        QCoreApplication.sendEvent(qapp, QFileOpenEvent(QUrl.fromLocalFile(str(tmp_path / "model.onnx"))))
    assert heard.args == [tmp_path / "model.onnx"]
    qapp.removeEventFilter(files)
    files.deleteLater()
