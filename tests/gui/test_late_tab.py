"""Tabs that are made when they are first looked at, and the window that opens at once with them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLabel, QMenu, QTabWidget
from pytestqt.qtbot import QtBot

from skinkd_gui.late_tab import LateTab
from skinkd_gui.main_window import MainWindow
from tests.gui.training.scripted import Stage


def test_a_late_tab_is_made_once_in_its_place_and_stays_the_one_looked_at(qtbot: QtBot) -> None:
    tabs = QTabWidget()
    qtbot.addWidget(tabs)
    made: list[QLabel] = []

    def make(_: QTabWidget) -> QLabel:
        made.append(QLabel("content"))
        return made[-1]

    first = LateTab(tabs, "chart", "First", make)
    tabs.addTab(QLabel("middle"), "Middle")
    last = LateTab(tabs, "chart", "Last", make)
    for late in (first, last):
        tabs.currentChanged.connect(late.open_if_current)
    tabs.setCurrentIndex(1)
    assert first.made is None
    assert not made
    tabs.setCurrentIndex(2)  # as a click does
    assert last.made is made[0]
    assert tabs.currentWidget() is made[0]
    assert first.get() is first.get()
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["First", "Middle", "Last"]
    assert tabs.currentWidget() is made[0]  # though a tab before it was replaced
    assert len(made) == 2


def test_the_window_opens_with_two_tabs_to_come_and_makes_them_when_asked(qtbot: QtBot, tmp_path: Path) -> None:
    window = MainWindow(tmp_path / "runs", Stage(()), opens_at_once=True)
    qtbot.addWidget(window)
    window.show()
    run_menu = window.findChild(QMenu, "runMenu")
    before = len(run_menu.actions())
    assert window.tabs.classify_if_made is window.tabs.results_if_made is None
    window.tabs.refresh()
    window.settings.change(window.settings.current)
    assert window.tabs.results_if_made is None  # neither needed it
    window.tabs.show_results()
    assert window.tabs.currentWidget() is window.results_tab
    assert len(run_menu.actions()) == before + 5
    assert window.tabs.classify_if_made is None
    window.tabs.setCurrentIndex(0)
    assert window.tabs.currentWidget() is window.classify_tab
    window.close()


def test_the_loader_makes_the_tabs_before_the_heavy_libraries(qtbot: QtBot, tmp_path: Path) -> None:
    window = MainWindow(tmp_path / "runs", Stage(()), opens_at_once=True)
    qtbot.addWidget(window)
    window.show()
    window.start_engine()
    qtbot.waitUntil(lambda: window.tabs.results_if_made is not None)
    assert window.tabs.classify_if_made is not None
    assert window.tabs.currentWidget() is window.train_tab
    window.close()
