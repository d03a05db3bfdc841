"""The Train tab: first steps, the run at work, its ends, waiting and unfinished runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel, QListWidget, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.events import Level, Notice, Phase, Progress
from core.paths import cache_root
from core.recipe import Recipe
from core.runs.folder import create_run
from core.runs.status import RunState
from core.study.execute import start_member
from core.study.folder import create_study
from core.study.paper import paper_study
from skinkd_gui.training.queue import TrainingQueue
from skinkd_gui.training.train_tab import TrainTab
from skinkd_gui.training.wizard.dialog import WizardResult
from skinkd_gui.training.work import Conditions
from skinkd_gui.undo import undo_stack
from skinkd_gui.widgets.error_dialog import ErrorDialog
from skinkd_gui.workers.job_slot import shut_down_jobs
from tests.gui.training.scripted import RECIPE, Stage, batch, epoch_finished

EVENTS = (
    Notice("Going on without problem images: 2 unreadable.", Level.WARNING),
    Progress(Phase.DECODING, 10, 10),
    batch(1, 4, 5, 10),
    epoch_finished(1, 4),
    batch(2, 4, 5, 10),
)


@pytest.fixture
def stage() -> Stage:
    return Stage(EVENTS)


@pytest.fixture
def queue(qtbot: QtBot, stage: Stage, tmp_path: Path) -> TrainingQueue:
    return TrainingQueue(Conditions(tmp_path / "runs"), stage)


@pytest.fixture
def tab(qtbot: QtBot, queue: TrainingQueue, tmp_path: Path) -> TrainTab:
    made = TrainTab(queue, tmp_path / "runs")
    qtbot.addWidget(made)
    made.resize(1280, 720)
    made.show()
    return made


def button(tab: QWidget, name: str) -> QPushButton:
    return tab.findChild(QPushButton, name)


def text(tab: QWidget, name: str) -> str:
    return tab.findChild(QLabel, name).text()


def listed(tab: QWidget, name: str) -> list[str]:
    items = tab.findChild(QListWidget, name)
    return [items.item(row).text() for row in range(items.count())] if items.isVisible() else []


def idle(queue: TrainingQueue) -> Callable[[], bool]:
    return lambda: not queue.busy


def test_first_start_offers_a_training_and_the_sample_images(tab: TrainTab) -> None:
    assert button(tab, "newTrainingButton").isVisible()
    assert button(tab, "trySampleButton").isVisible()
    assert not tab.live.isVisible()
    assert listed(tab, "unfinishedRunsList") == []


def test_the_first_steps_are_shown_once_it_is_known_that_there_are_no_runs(qtbot: QtBot, tab: TrainTab) -> None:
    def said() -> str:
        return " ".join(label.text() for label in tab.empty.findChildren(QLabel))

    assert "first model" not in said()
    tab.refresh()
    qtbot.waitUntil(lambda: "first model" in said())


def test_the_lists_take_no_room_while_they_are_empty(qtbot: QtBot, tab: TrainTab, tmp_path: Path) -> None:
    create_run(Recipe(), runs=tmp_path / "runs", name="queued")
    tab.refresh()
    qtbot.waitUntil(lambda: listed(tab, "unfinishedRunsList") != [])
    narrow = tab.empty.width()
    shutil.rmtree(tmp_path / "runs")
    tab.refresh()
    qtbot.waitUntil(lambda: tab.empty.width() > narrow + 250)


def test_a_run_at_work_is_shown_until_it_is_stopped(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage
) -> None:
    queue.add(RECIPE, "my run")
    qtbot.waitUntil(lambda: text(tab, "phaseLabel") == "Training: epoch 2 of 4, batch 5 of 10")
    assert text(tab, "runTitle") == "my run"
    assert text(tab, "fact_accuracy") == "50.0 % (epoch 1)"
    assert text(tab, "fact_teacher_loss") == "6.000"
    assert 400 < tab.findChild(QProgressBar, "trainingProgress").value() < 500
    assert tab.findChild(QProgressBar, "phaseProgress").value() == 500
    qtbot.waitUntil(lambda: tab.live.charts.losses.figure is not None and tab.live.charts.scores.figure is not None)
    assert listed(tab, "noticesList") == ["Going on without problem images: 2 unreadable."]
    button(tab, "stopButton").click()
    assert button(tab, "stopButton").text() == "Stopping..."
    assert not button(tab, "stopButton").isEnabled()
    assert not button(tab, "pauseButton").isEnabled()
    qtbot.waitUntil(idle(queue))
    assert "can be resumed" in tab.live.banner.text
    assert not button(tab, "stopButton").isVisible()


def test_a_run_that_ends_while_the_window_closes_is_not_drawn(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage
) -> None:
    queue.add(RECIPE, "my run")
    shut_down_jobs(tab)
    qtbot.waitUntil(lambda: text(tab, "phaseLabel") == "Training: epoch 2 of 4, batch 5 of 10")
    stage.finish.set()
    qtbot.waitUntil(idle(queue))
    charts = tab.live.charts
    assert charts._drawn  # it was asked for
    assert not charts.losses._drawing.running
    assert not charts.scores._drawing.running
    assert charts.losses.figure is charts.scores.figure is None


def test_pause_and_resume_share_a_button(qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage) -> None:
    queue.add(RECIPE, "my run")
    pause = button(tab, "pauseButton")
    pause.click()
    assert queue.state.paused
    assert pause.text() == "Resume"
    assert tab.live.banner.text.startswith("Paused")
    pause.click()
    assert not queue.state.paused
    assert pause.text() == "Pause"
    stage.finish.set()
    qtbot.waitUntil(idle(queue))


def test_a_finished_run_leads_to_its_results(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage, tmp_path: Path
) -> None:
    stage.finish.set()
    queue.add(RECIPE, "my run")
    qtbot.waitUntil(lambda: button(tab, "seeResultsButton").isVisible())
    with qtbot.waitSignal(tab.results_requested) as asked:
        button(tab, "seeResultsButton").click()
    assert asked.args == [tmp_path / "runs" / "my run"]
    assert "my run is finished." in listed(tab, "noticesList")


def test_a_failed_run_says_why_and_stays_in_the_notices(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage
) -> None:
    stage.finish.set()
    queue.add(RECIPE, "bad")
    queue.add(RECIPE, "good")
    qtbot.waitUntil(lambda: not queue.busy and not queue.state.waiting)
    assert tab.live.banner.text.startswith("good is finished")
    assert "bad failed: No images. Choose another folder." in listed(tab, "noticesList")
    queue.add(RECIPE, "bad")
    qtbot.waitUntil(lambda: button(tab, "runErrorDetailsButton").isVisible())
    assert tab.live.banner.text == "bad failed. Choose another folder."
    with qtbot.waitSignal(tab.live.change_requested) as asked:
        button(tab, "changeSettingsButton").click()
    assert asked.args == [RECIPE]
    wizard = tab.findChild(QObject, "trainingWizard")
    assert wizard is not None
    assert wizard.model.state.recipe == RECIPE  # type: ignore[attr-defined]
    wizard.reject()  # type: ignore[attr-defined]
    button(tab, "runErrorDetailsButton").click()
    dialog = tab.live.findChild(QObject, "errorDialog")
    assert dialog is not None
    dialog.findChild(QPushButton, "errorCloseButton").click()


def test_the_chosen_waiting_run_stays_chosen_when_the_one_before_it_goes(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage
) -> None:
    for name in ("first", "second", "third", "fourth"):
        queue.add(RECIPE, name)
    tab.waiting.items.setCurrentRow(1)
    queue.remove(queue.state.waiting[0])
    assert tab.waiting.items.currentItem().text() == "third"
    stage.finish.set()
    qtbot.waitUntil(lambda: not queue.busy and not queue.state.waiting)


def test_order_and_removal_of_waiting_runs_are_undone(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage
) -> None:
    for name in ("first", "second", "third"):
        queue.add(RECIPE, name)
    stack = undo_stack(tab)
    tab.waiting.items.setCurrentRow(1)
    button(tab, "moveUpButton").click()
    button(tab, "removeWaitingButton").click()
    assert listed(tab, "waitingRunsList") == ["second"]
    assert stack.undoText() == "removal of “third”"
    stack.undo()
    assert listed(tab, "waitingRunsList") == ["third", "second"]
    stack.undo()
    assert listed(tab, "waitingRunsList") == ["second", "third"]
    stage.finish.set()
    qtbot.waitUntil(lambda: not queue.busy and not queue.state.waiting)
    stack.redo()  # it has run meanwhile
    found = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, ErrorDialog)]
    assert [dialog.error.title for dialog in found if dialog.isVisible()] == ["The run waits no longer"]
    found[0].accept()


def test_waiting_runs_are_ordered_removed_and_started(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage
) -> None:
    for name in ("at work", "a", "b", "c"):
        queue.add(RECIPE, name)
    items = tab.findChild(QListWidget, "waitingRunsList")
    items.setCurrentRow(2)
    button(tab, "moveUpButton").click()
    assert listed(tab, "waitingRunsList") == ["a", "c", "b"]
    assert items.currentRow() == 1
    button(tab, "removeWaitingButton").click()
    assert listed(tab, "waitingRunsList") == ["a", "b"]
    button(tab, "stopButton").click()
    qtbot.waitUntil(lambda: button(tab, "startWaitingButton").isVisible())
    stage.finish.set()
    button(tab, "startWaitingButton").click()
    qtbot.waitUntil(lambda: not queue.busy and not queue.state.waiting)
    assert stage.names == ["at work", "a", "b"]


def test_interrupted_runs_are_offered_and_resumed(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage, tmp_path: Path
) -> None:
    interrupted = create_run(RECIPE, runs=tmp_path / "runs", name="interrupted")
    interrupted.set_status(state=RunState.RUNNING, epoch=2)
    done = create_run(RECIPE, runs=tmp_path / "runs", name="done")
    done.set_status(state=RunState.FINISHED)
    tab.refresh()
    tab.refresh()
    qtbot.waitUntil(lambda: listed(tab, "unfinishedRunsList") == ["interrupted\nStopped, epoch 2 of 12"])
    button(tab, "resumeRunButton").click()
    assert listed(tab, "unfinishedRunsList") == []
    assert queue.state.current is not None
    assert queue.state.current.folder == interrupted.path
    stage.finish.set()
    qtbot.waitUntil(idle(queue))
    qtbot.waitUntil(lambda: not tab._listing.running)


class _Wizard(QWidget):
    """Stands in for the assistant."""

    accepted_plan = Signal(object)
    made: list[tuple[str, Recipe | None]] = []

    def __init__(self, parent: QWidget, runs_root: Path, data_path: str, recipe: Recipe | None, draft: object) -> None:
        super().__init__(parent)
        self.made.append((data_path, recipe))

    def open(self) -> None:
        self.show()


def test_the_sample_images_are_written_and_opened(qtbot: QtBot, tab: TrainTab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skinkd_gui.training.wizard.dialog.TrainingWizard", _Wizard)
    monkeypatch.setattr("core.demo.sample_set.write_sample_set", lambda out, **_: out.mkdir(parents=True) or out)
    _Wizard.made.clear()
    button(tab, "trySampleButton").click()
    qtbot.waitUntil(lambda: bool(_Wizard.made))
    ((path, recipe),) = _Wizard.made
    assert path == str(cache_root() / "sample-set")
    assert Path(path).is_dir()
    assert recipe is not None
    qtbot.waitUntil(lambda: button(tab, "trySampleButton").isEnabled())


def test_an_unfinished_study_is_gone_on_with_as_a_whole(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage, tmp_path: Path
) -> None:
    recipe = RECIPE.model_copy(update={"data": RECIPE.data.model_copy(update={"path": str(tmp_path)})})
    folder = create_study(paper_study(recipe), tmp_path / "runs")
    start_member(folder, folder.members()[0])  # its teacher, which is not listed beside the study
    tab.refresh()
    qtbot.waitUntil(lambda: listed(tab, "unfinishedRunsList") == ["Paper study\nStudy, 0 of 24 runs done"])
    button(tab, "resumeRunButton").click()
    qtbot.waitUntil(stage.at_work.is_set)
    assert queue.state.current is not None
    assert queue.state.current.study == folder.path
    assert listed(tab, "unfinishedRunsList") == []
    stage.finish.set()
    qtbot.waitUntil(idle(queue))


def test_the_wizard_s_study_is_written_and_queued(
    qtbot: QtBot, tab: TrainTab, queue: TrainingQueue, stage: Stage, tmp_path: Path
) -> None:
    recipe = RECIPE.model_copy(update={"data": RECIPE.data.model_copy(update={"path": str(tmp_path)})})
    tab._start(WizardResult(recipe, "Mine", (paper_study(recipe, name="Mine"),)))
    qtbot.waitUntil(stage.at_work.is_set)
    assert (tmp_path / "runs" / "studies" / "mine" / "study.toml").is_file()
    assert stage.names == ["Mine"]
    stage.finish.set()
    qtbot.waitUntil(idle(queue))
