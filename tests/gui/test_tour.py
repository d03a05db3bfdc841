"""The tour: told once, left at any time, and nothing that other parts wait for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from skinkd_gui.main_window import MainWindow
from skinkd_gui.tour import STEPS


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(tmp_path / "runs")
    qtbot.addWidget(made)
    made.resize(1024, 640)
    made.show()
    yield made
    made.close()


def press(qtbot: QtBot, window: MainWindow, name: str) -> None:
    qtbot.mouseClick(window.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def test_a_window_shows_no_tour_of_itself(window: MainWindow) -> None:
    assert not window.tour.isVisible()


def test_it_goes_through_the_tabs_and_is_told_once(qtbot: QtBot, window: MainWindow) -> None:
    window.tour.begin_if_first()
    shown = []
    for place, step in enumerate(STEPS):
        assert window.findChild(QLabel, "tourTitle").text() == f"{place + 1} of {len(STEPS)}. {step.title}"
        shown.append(window.tabs.tabText(window.tabs.currentIndex()))
        assert window.findChild(QPushButton, "tourSkipButton").isVisible() is (place + 1 < len(STEPS))
        press(qtbot, window, "tourNextButton")
    assert shown == ["Classify", "Data", "Train", "Results"]
    assert not window.tour.isVisible()
    window.tour.begin_if_first()
    assert not window.tour.isVisible()
    window.tour.begin()  # from the menu
    assert window.tour.isVisible()


def test_it_is_skipped_by_one_click_and_covers_nothing(qtbot: QtBot, window: MainWindow) -> None:
    window.tour.begin_if_first()
    qtbot.waitUntil(lambda: window.tour.height() > 20)
    assert not window.tour.geometry().intersects(window.tabs.geometry())
    assert window.tabs.currentWidget().isEnabled()
    assert window.height() == 640
    press(qtbot, window, "tourSkipButton")
    assert not window.tour.isVisible()
    window.tour.begin_if_first()
    assert not window.tour.isVisible()
