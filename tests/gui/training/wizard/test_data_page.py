"""Choosing images, what is found wrong with them, and how they are divided."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QTableWidget, QTreeView
from pytestqt.qtbot import QtBot

from skinkd_gui.data.recents import recent_data
from skinkd_gui.training.wizard.data_page import DataPage
from skinkd_gui.training.wizard.dialog import TrainingWizard
from skinkd_gui.training.wizard.state import CheckState, WizardStep
from skinkd_gui.widgets import disk_watch
from skinkd_gui.widgets.banner import Banner
from tests.gui.training.wizard.conftest import MakeWizard


def _page(wizard: TrainingWizard) -> DataPage:
    page = wizard.pages[WizardStep.DATA]
    assert isinstance(page, DataPage)
    return page


def _checked(wizard: TrainingWizard, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: wizard.model.state.check is CheckState.DONE)


def test_a_dropped_folder_is_read_and_divided(make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path) -> None:
    wizard = make_wizard()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(sample_set))])
    position = QPoint(100, 100)
    drop = QDropEvent(
        position, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    _page(wizard).dropEvent(drop)
    _checked(wizard, qtbot)
    assert wizard.findChild(QLineEdit, "dataPathEdit").text() == str(sample_set)
    table = wizard.findChild(QTableWidget, "splitTable")
    qtbot.waitUntil(lambda: table.item(8, 0) is not None and table.item(8, 0).text().isdigit())
    shown = [column for column in range(table.columnCount()) if not table.isColumnHidden(column)]
    parts = [int(table.item(8, column).text()) for column in shown]
    made = [table.horizontalHeaderItem(column).text() for column in shown]
    recipe = wizard.model.state.recipe
    assert made == ["Training", "Validation", *(["Calibration"] if recipe.data.calibration else []), "Test"]
    assert sum(parts) == 160
    assert parts == sorted(parts, reverse=True)
    assert parts[-1] > 0
    for column, total in zip(shown, parts, strict=True):
        assert sum(int(table.item(row, column).text()) for row in range(8)) == total
    qtbot.waitUntil(lambda: _page(wizard)._figure.figure is not None)
    assert len(wizard.findChildren(QLabel, "exampleImage")) == 8


def test_bad_images_are_listed_and_next_waits_for_the_decision(
    make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(sample_set, broken)
    images = sorted(broken.rglob("*.jpg"))
    images[0].write_bytes(b"no image")
    images[1].unlink()
    wizard = make_wizard(broken)
    _checked(wizard, qtbot)
    view = wizard.findChild(QTreeView, "dataProblemsList")
    model = view.model()
    kinds = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert kinds == ["Image missing (1)", "Unreadable image (1)"]
    assert model.index(0, 0, model.index(1, 0)).data() == images[0].relative_to(broken).as_posix()
    assert not wizard.next_button.isEnabled()
    box = wizard.findChild(QCheckBox, "skipProblemsBox")
    assert box.text() == "Go on without these 2 images"
    box.click()
    assert wizard.next_button.isEnabled()
    assert wizard.model.state.recipe.data.skip_problems


def test_a_folder_that_is_no_data_set_says_what_was_looked_for(
    make_wizard: MakeWizard, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    wizard = make_wizard(tmp_path / "empty")
    qtbot.waitUntil(lambda: bool(wizard.model.state.data_problem))
    assert wizard.findChild(QLabel, "dataErrorLabel").isVisible()
    assert not wizard.next_button.isEnabled()


def test_the_check_can_be_stopped_and_that_is_said(make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path) -> None:
    wizard = make_wizard(sample_set)
    page = _page(wizard)
    qtbot.waitUntil(lambda: wizard.model.state.check is not CheckState.NONE)
    page._checking.cancel()
    qtbot.waitUntil(lambda: wizard.model.state.check is not CheckState.RUNNING)
    if wizard.model.state.check is CheckState.STOPPED:  # a small set may be through before
        assert "not all opened" in wizard.findChild(QLabel, "checkLabel").text()
    assert wizard.next_button.isEnabled()


def test_another_path_replaces_everything(make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path) -> None:
    wizard = make_wizard(sample_set)
    qtbot.waitUntil(lambda: wizard.model.state.dataset is not None)
    edit = wizard.findChild(QLineEdit, "dataPathEdit")
    edit.clear()
    qtbot.keyClicks(edit, "/not/there")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "does not exist" in wizard.model.state.data_problem)
    assert wizard.model.state.dataset is None
    assert wizard.findChild(QLabel, "dataSummaryLabel").isHidden()


def test_a_split_that_is_impossible_stops_the_page(make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path) -> None:
    wizard = make_wizard(sample_set)
    _checked(wizard, qtbot)
    qtbot.waitUntil(wizard.next_button.isEnabled)
    wizard.model.set_value("data.split", (5000.0, 100.0, 100.0))
    qtbot.waitUntil(lambda: bool(wizard.model.state.split_problem))
    assert not wizard.next_button.isEnabled()
    wizard.model.set_value("data.split", (100.0, 30.0, 20.0))
    qtbot.waitUntil(wizard.next_button.isEnabled)
    qtbot.waitUntil(lambda: "10 images stand in none" in wizard.findChild(QLabel, "splitNotesLabel").text())


def test_data_that_changed_are_said_and_read_again(
    make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_watch, "_DELAY_MILLISECONDS", 1)
    data = tmp_path / "data"
    shutil.copytree(sample_set, data)
    wizard = make_wizard(data)
    _checked(wizard, qtbot)
    gone = sorted(data.rglob("*.jpg"))[0]
    gone.unlink()
    banner = wizard.findChild(Banner, "dataChangedBanner")
    qtbot.waitUntil(lambda: bool(banner.text))
    wizard.findChild(QPushButton, "dataChangedButton").click()
    assert not banner.text
    qtbot.waitUntil(lambda: len(wizard.model.state.excluded) == 1)
    assert data in recent_data()
