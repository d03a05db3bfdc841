"""The main window: what it shows, remembers, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QTabWidget,
    QTextBrowser,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.training.hardware import DeviceFacts
from skinkd_gui.main_window import MainWindow
from skinkd_gui.settings.store import Settings, load_settings, save_settings
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.widgets.theme import ThemeChoice, is_dark, theme
from skinkd_gui.workers.job import running_jobs
from skinkd_gui.workers.preload import Engine
from tests.gui.training.queue_files import read_queue, write_queue
from tests.gui.training.scripted import RECIPE, Stage, batch


@pytest.fixture
def stage() -> Stage:
    return Stage((batch(1, 4, 5, 10),))


@pytest.fixture
def window(qtbot: QtBot, stage: Stage, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(tmp_path / "runs", stage)
    made.show()
    yield made
    stage.finish.set()
    made.close_without_asking()
    qtbot.waitUntil(lambda: not made.isVisible())
    made.deleteLater()


def action(window: MainWindow, name: str) -> QAction:
    return window.findChild(QAction, name)


def test_tabs_and_names_that_others_rely_on(window: MainWindow) -> None:
    tabs = window.findChild(QTabWidget, "mainTabs")
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["Classify", "Train", "Results", "Data"]
    assert tabs.currentWidget() is window.train_tab
    names = "newTrainingButton pauseButton stopButton trainingProgress runsTable f1Panel confusionPanel"
    names += " classifyTab classifyModelCombo classifyTable classifyExportButton statusDevice"
    missing = [name for name in names.split() if window.findChild(QObject, name) is None]
    assert missing == []


def test_every_interactive_widget_has_a_name_and_a_word_for_it(window: MainWindow) -> None:
    kinds = (
        "QPushButton",
        "QComboBox",
        "QLineEdit",
        "QListWidget",
        "QSpinBox",
        "QCheckBox",
        "QToolButton",
        "QTableView",
    )
    silent = [
        f"{widget.metaObject().className()} {widget.objectName()} in {widget.parent().objectName()}"
        for widget in window.findChildren(QWidget)
        if any(widget.inherits(kind) for kind in kinds)
        and not widget.objectName().startswith("qt_")
        and not (widget.objectName() and widget.accessibleName())
        and not any(widget.parent().inherits(kind) for kind in (*kinds, "QAbstractSpinBox", "QTabBar"))
    ]
    assert silent == []


def test_no_shortcut_is_given_twice(window: MainWindow) -> None:
    keys = [key.toString() for item in window.findChildren(QAction) for key in item.shortcuts()]
    assert len(keys) == len(set(keys))
    for name, key in {"newTrainingAction": "Ctrl+N", "openImagesAction": "Ctrl+O", "quitAction": "Ctrl+Q"}.items():
        assert QKeySequence(key) in action(window, name).shortcuts()
    assert QKeySequence("F1") in action(window, "firstStepsAction").shortcuts()


def test_every_kind_of_picture_that_is_read_can_be_opened(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args: (asked.append(args[-1]), ([], ""))[1])
    action(window, "openImagesAction").trigger()
    assert {"*.dcm", "*.heic", "*.avif", "*.jpg"} <= set(asked[0].partition("(")[2].partition(")")[0].split())


def test_menus_follow_the_run(qtbot: QtBot, window: MainWindow, stage: Stage) -> None:
    assert not action(window, "pauseAction").isEnabled()
    window.queue.add(RECIPE, "my run")
    qtbot.waitUntil(lambda: "epoch 1 of 4" in window.findChild(QLabel, "statusJob").text())
    assert window.windowTitle() == "SkinKD: my run"
    action(window, "pauseAction").trigger()
    assert window.queue.state.paused
    assert action(window, "pauseAction").text() == "&Go on"
    assert window.findChild(QLabel, "statusJob").text() == "my run: Paused"
    action(window, "pauseAction").trigger()
    action(window, "stopAction").trigger()
    qtbot.waitUntil(lambda: not window.queue.busy)
    assert window.findChild(QLabel, "statusJob").text() == "Ready"


def test_a_finished_run_opens_in_the_results(qtbot: QtBot, window: MainWindow, stage: Stage) -> None:
    stage.finish.set()
    window.queue.add(RECIPE, "my run")
    see = window.findChild(QPushButton, "seeResultsButton")
    qtbot.waitUntil(see.isVisible)
    see.click()
    assert window.tabs.currentWidget() is window.results_tab
    qtbot.waitUntil(lambda: not running_jobs())


def test_the_device_is_named_once_the_engine_is_ready(window: MainWindow) -> None:
    broken = DeviceFacts("cuda:0", "Old GPU", 2 * 1024**3, works=False, reason="no kernel image")
    cpu = DeviceFacts("cpu", "Fast CPU", 16 * 1024**3, works=True)
    window.status.show_loading("Loading PyTorch...")
    assert window.findChild(QLabel, "statusJob").text() == "Loading PyTorch..."
    window.status.show_engine(Engine((broken, cpu), 1.0))
    label = window.findChild(QLabel, "statusDevice")
    assert label.text() == "CPU: Fast CPU, 16 GB"
    assert "no kernel image" in label.toolTip()


def test_long_texts_do_not_widen_the_window(qtbot: QtBot, window: MainWindow) -> None:
    window.resize(1000, 700)
    window.queue.add(RECIPE, "a very long name for a run " * 12 + "WithAWordThatHasNoEnd" * 12)
    window.status.device.setText("A processor with a very long name " * 5)
    qtbot.waitUntil(lambda: "epoch 1" in window.findChild(QLabel, "statusJob").text())
    assert window.width() == 1000
    assert window.minimumSizeHint().width() <= 1000


def test_theme_and_text_size_are_chosen_in_the_menu_and_kept(window: MainWindow, qapp: QApplication) -> None:
    try:
        action(window, "darkThemeAction").trigger()
        assert is_dark()
        action(window, "largerTextAction").trigger()
        assert load_settings() == Settings(theme=ThemeChoice.DARK, text_percent=110)
        action(window, "smallerTextAction").trigger()
        action(window, "lightThemeAction").trigger()
        assert not is_dark()
        assert load_settings() == Settings(theme=ThemeChoice.LIGHT)
    finally:
        theme().apply(ThemeChoice.LIGHT)
        qapp.setStyleSheet("")


def test_preferences_move_the_runs_folder(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKINKD_RUNS")
    save_settings(Settings(runs_folder=str(tmp_path / "old")))
    window = MainWindow()
    qtbot.addWidget(window)
    assert window.runs_root == tmp_path / "old"
    window.settings.change(Settings(runs_folder=str(tmp_path / "new")))
    assert window.runs_root == tmp_path / "new"
    window.close()


def test_waiting_runs_move_with_the_window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKINKD_RUNS")
    old, new = tmp_path / "old", tmp_path / "new"
    save_settings(Settings(runs_folder=str(old)))
    write_queue(old, QueuedRun("mine", RECIPE))
    write_queue(new, QueuedRun("theirs", RECIPE))
    window = MainWindow()
    qtbot.addWidget(window)
    window.settings.change(Settings(runs_folder=str(new)))
    assert [run.name for run in window.queue.state.waiting] == ["mine", "theirs"]
    window.close()
    assert read_queue(old) == ()
    assert [run.name for run in read_queue(new)] == ["mine", "theirs"]


def test_help_opens_beside_the_window(window: MainWindow) -> None:
    for name, words in {
        "firstStepsAction": "not a medical device",
        "classesAction": "Dermatofibroma (DF)",
    }.items():
        action(window, name).trigger()
        dialog = next(item for item in window.findChildren(QWidget, "helpDialog") if item.isVisible())
        assert words in dialog.findChild(QTextBrowser, "helpText").toPlainText()
        dialog.close()


def test_geometry_and_tab_come_back(qtbot: QtBot, tmp_path: Path) -> None:
    first = MainWindow(tmp_path / "runs")
    qtbot.addWidget(first)
    first.show()
    first.resize(first.width(), 612)
    first.tabs.setCurrentWidget(first.results_tab)
    first.close()
    second = MainWindow(tmp_path / "runs")
    qtbot.addWidget(second)
    assert second.tabs.currentWidget() is second.results_tab
    assert second.height() == 612
    second.close()


def test_closing_asks_while_a_run_works_and_keeps_it_on_no(qtbot: QtBot, window: MainWindow, stage: Stage) -> None:
    window.queue.add(RECIPE, "my run")
    assert stage.at_work.wait(60)
    window.close()
    assert window.isVisible()
    box = window.findChild(QMessageBox, "closeQuestion")
    assert "my run" in box.text()
    box.findChild(QPushButton, "keepTrainingButton").click()
    assert window.queue.busy
    assert not window.queue.state.stopping


def test_closing_stops_the_run_keeps_the_queue_and_leaves_nothing(
    qtbot: QtBot, window: MainWindow, stage: Stage, tmp_path: Path
) -> None:
    window.queue.add(RECIPE, "my run")
    window.queue.add(RECIPE, "waits")
    assert stage.at_work.wait(60)
    window.close()
    window.findChild(QMessageBox, "closeQuestion").findChild(QPushButton, "stopAndCloseButton").click()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert running_jobs() == ()
    assert stage.names == ["my run"]
    again = MainWindow(tmp_path / "runs", stage)
    qtbot.addWidget(again)
    assert [run.name for run in again.queue.state.waiting] == ["my run", "waits"]
    assert again.queue.state.held
    assert not again.queue.busy
    again.close()
