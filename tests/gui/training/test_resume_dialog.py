"""Resume with changes: where data and teacher are now, and what else may change; from Train and from Results."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.recipe import Recipe, set_values
from core.runs.folder import RunFolder, create_run
from core.runs.status import RunState
from skinkd_gui.training import resume_dialog
from skinkd_gui.training.queue import TrainingQueue
from skinkd_gui.training.resume_dialog import ResumeChanges, ResumeDialog
from skinkd_gui.training.train_tab import TrainTab
from skinkd_gui.training.work import Conditions
from skinkd_gui.workers.job_slot import shut_down_jobs
from tests.gui.training.scripted import Stage


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A plain student that was stopped before its first checkpoint."""
    recipe = set_values(Recipe(), [f"data.path={tmp_path / 'gone'}", "optimisation.epochs=4"])
    folder = create_run(recipe, runs=tmp_path / "runs", name="unlucky")
    folder.set_status(state=RunState.STOPPED)
    return folder


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def open_dialog(window: QWidget, folder: RunFolder) -> ResumeDialog:
    dialog = ResumeDialog(window, folder.path)
    dialog.open()
    return dialog


def press(dialog: QWidget, name: str) -> None:
    dialog.findChild(QPushButton, name).click()


def test_nothing_changed_changes_nothing(window: QWidget, run: RunFolder) -> None:
    dialog = open_dialog(window, run)
    assert dialog.changes == ResumeChanges(None, "", ())
    assert dialog.findChild(QLineEdit, "resumeTeacher") is None  # a plain student has none
    shown = dialog.editors.keys()
    assert {"optimisation.epochs", "optimisation.learning_rate", "optimisation.patience", "hardware.device"} <= shown
    assert "optimisation.seed" not in shown
    dialog.reject()


def test_the_folder_is_chosen_and_the_run_goes_on(
    qtbot: QtBot, window: QWidget, run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "new place"
    moved.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(moved))
    dialog = open_dialog(window, run)
    press(dialog, "resumeDataChooseFolder")
    spin = dialog.editors["optimisation.epochs"].findChild(QSpinBox)
    spin.setValue(9)
    assert dialog.changes == ResumeChanges(moved, "", ("optimisation.epochs=9",))
    with qtbot.waitSignal(dialog.amended) as told:
        press(dialog, "resumeDialogOk")
    assert told.args == [run.path]
    assert (run.recipe().data.path, run.recipe().optimisation.epochs) == (str(moved), 9)


def test_a_wrong_place_is_told_and_the_dialog_stays(
    qtbot: QtBot, window: QWidget, run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[SkinKDError] = []
    monkeypatch.setattr(resume_dialog, "show_error", lambda parent, error: told.append(error))
    dialog = open_dialog(window, run)
    dialog.data.setText(str(tmp_path / "typo"))
    press(dialog, "resumeDialogOk")
    qtbot.waitUntil(lambda: bool(told) and dialog.go_on.isEnabled())
    assert told[0].title == "The data is not there"
    assert dialog.isVisible()
    assert run.recipe().data.path == str(tmp_path / "gone")
    dialog.reject()


def test_a_student_is_asked_for_its_teacher(window: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = create_run(set_values(Recipe(), ["distillation.method=kl"]), runs=tmp_path, name="kl")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(tmp_path / "t.safetensors"), ""))
    dialog = open_dialog(window, folder)
    press(dialog, "resumeTeacherChooseFile")
    assert dialog.changes == ResumeChanges(None, str(tmp_path / "t.safetensors"), ())
    dialog.reject()


def test_train_offers_it_for_runs(qtbot: QtBot, run: RunFolder, tmp_path: Path) -> None:
    stage = Stage(())
    queue = TrainingQueue(Conditions(tmp_path / "runs"), stage)
    tab = TrainTab(queue, tmp_path / "runs")
    qtbot.addWidget(tab)
    tab.show()
    tab.refresh()
    button = tab.findChild(QPushButton, "resumeChangesButton")
    qtbot.waitUntil(button.isVisible)
    button.click()
    dialog = tab.findChild(ResumeDialog)
    assert dialog is not None
    (tmp_path / "gone").mkdir()
    stage.finish.set()
    with qtbot.waitSignal(queue.run_finished):
        press(dialog, "resumeDialogOk")
    assert stage.names == ["unlucky"]
    qtbot.waitUntil(lambda: not queue.busy)
    shut_down_jobs(tab)
