"""The training queue: order, errors, pause, stop, and where its signals arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, QThread, Slot
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Notice, RunStarted
from core.recipe import Preset, Recipe, preset
from core.runs.planning import PlannedRun
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.queue import QueueState, RunFailure, RunStopped, TrainingQueue
from skinkd_gui.training.work import Conditions, with_threads
from skinkd_gui.workers.job import Work
from tests.gui.training.scripted import make_run

RECIPE = preset(Preset.QUICK)


class Scripted:
    """Stands for core: each run does what its name says and is written down. A new run has its folder before it begins,
    unless its name says "early"."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.at_work = threading.Event()
        self.steps = 0

    def __call__(self, run: QueuedRun, conditions: Conditions) -> Work:
        def work(emit: Emit, token: CancelToken) -> tuple[Any, ...]:
            self.log.append(run.name)
            if "early" not in run.name:
                make_run(run, conditions, emit)
            emit(RunStarted(conditions.runs_root / run.name, run.name))
            if "bad" in run.name:
                raise SkinKDError("No images", "Choose another folder.")
            while "long" in run.name:
                self.steps += 1
                self.at_work.set()
                token.check()
            return (run.name,)

        return work


class Ear(QObject):
    """Collects what the queue says and checks that it is said in the GUI thread."""

    def __init__(self, queue: TrainingQueue) -> None:
        super().__init__()
        self.heard: list[Any] = []
        for signal in (queue.reported, queue.run_finished, queue.run_stopped, queue.failed):
            signal.connect(self.hear)

    @Slot(object)
    def hear(self, thing: object) -> None:
        assert QThread.currentThread() is self.thread()
        self.heard.append(thing)


@pytest.fixture
def script() -> Scripted:
    return Scripted()


@pytest.fixture
def queue(qtbot: QtBot, script: Scripted, tmp_path: Path) -> TrainingQueue:
    return TrainingQueue(Conditions(tmp_path), script)


def idle(queue: TrainingQueue) -> Callable[[], bool]:
    return lambda: not queue.busy


def test_a_failed_run_does_not_end_the_queue(qtbot: QtBot, queue: TrainingQueue, script: Scripted) -> None:
    ear = Ear(queue)
    for name in ("first", "bad", "last"):
        queue.add(RECIPE, name)
    assert [run.name for run in queue.state.waiting] == ["bad", "last"]
    qtbot.waitUntil(lambda: not queue.busy and not queue.state.waiting)
    assert script.log == ["first", "bad", "last"]
    finished = [thing for thing in ear.heard if isinstance(thing, str)]
    assert finished == ["first", "last"]
    (failure,) = [thing for thing in ear.heard if isinstance(thing, RunFailure)]
    assert failure.error.title == "No images"
    assert failure.folder is not None
    assert failure.folder.name == "bad"


def test_what_failed_before_its_run_was_made_waits_with_its_error(
    qtbot: QtBot, queue: TrainingQueue, script: Scripted
) -> None:
    """Its recipe is nowhere else; it neither keeps the others nor starts by itself again."""
    for name in ("bad early", "last"):
        queue.add(RECIPE, name)
    qtbot.waitUntil(lambda: not queue.busy)
    assert script.log == ["bad early", "last"]
    (kept,) = queue.state.waiting
    assert (kept.name, kept.recipe, kept.problem) == ("bad early", RECIPE, "No images: Choose another folder.")
    assert queue.state.can_start
    queue.add(RECIPE, "next")
    qtbot.waitUntil(lambda: not queue.busy)
    assert script.log == ["bad early", "last", "next"]
    queue.start_waiting()
    assert queue.state.current is not None
    assert queue.state.current.problem == ""
    qtbot.waitUntil(lambda: not queue.busy)
    assert script.log[-1] == "bad early"
    assert [run.id for run in queue.state.waiting] == [kept.id]


@pytest.mark.parametrize("end", ["close", "suspend"])
def test_what_is_at_work_when_the_window_or_the_session_ends_stays_first(
    end: str, qtbot: QtBot, queue: TrainingQueue, script: Scripted
) -> None:
    queue.add(RECIPE, "long")
    queue.add(RECIPE, "second")
    assert script.at_work.wait(60)
    if end == "close":
        queue.close()
    else:
        assert queue.suspend(10_000)
    qtbot.waitUntil(idle(queue))
    assert [(run.name, run.begun) for run in queue.state.waiting] == [("long", True), ("second", False)]
    assert [run.folder and run.folder.name for run in queue.state.waiting[0].plan] == ["long"]
    queue.start_waiting()
    assert queue.busy is (end == "suspend")  # a session may go on after all
    if queue.busy:
        queue.close()
        qtbot.waitUntil(idle(queue))


def test_a_run_of_a_waiting_entry_is_resumed_with_its_entry(
    qtbot: QtBot, queue: TrainingQueue, script: Scripted, tmp_path: Path
) -> None:
    plan = (PlannedRun(RECIPE, "teacher", folder=tmp_path / "teacher"), PlannedRun(RECIPE, "a", 0))
    queue.restore([QueuedRun("long", RECIPE, plan=plan), QueuedRun("second", RECIPE)])
    queue.add_resume(tmp_path / "teacher", "teacher")
    assert script.at_work.wait(60)
    assert script.log == ["long"]
    queue.add_resume(tmp_path / "teacher", "teacher")
    assert [run.name for run in queue.state.waiting] == ["second"]
    queue.close()
    qtbot.waitUntil(idle(queue))


def test_stopping_keeps_the_waiting_runs_until_they_are_started(
    qtbot: QtBot, queue: TrainingQueue, script: Scripted
) -> None:
    ear = Ear(queue)
    queue.add(RECIPE, "long")
    queue.add(RECIPE, "second")
    assert script.at_work.wait(60)
    queue.stop_current()
    assert queue.state.stopping
    qtbot.waitUntil(idle(queue))
    stopped = [thing for thing in ear.heard if isinstance(thing, RunStopped)]
    assert [item.folder and item.folder.name for item in stopped] == ["long"]
    assert queue.state == QueueState(None, (QueuedRun("second", RECIPE),), False, False, held=True)
    queue.start_waiting()
    qtbot.waitUntil(idle(queue))
    assert script.log == ["long", "second"]


def test_a_paused_run_does_nothing_until_it_may_go_on(qtbot: QtBot, queue: TrainingQueue, script: Scripted) -> None:
    queue.add(RECIPE, "long")
    assert script.at_work.wait(60)
    queue.pause()
    assert queue.state.paused
    steps = -1
    while steps != script.steps:  # the step it was in may end
        steps = script.steps
        qtbot.wait(30)
    queue.resume()
    assert not queue.state.paused
    qtbot.waitUntil(lambda: script.steps > steps)
    queue.pause()
    queue.stop_current()
    qtbot.waitUntil(idle(queue))


def test_waiting_runs_change_places_and_leave(qtbot: QtBot, queue: TrainingQueue, script: Scripted) -> None:
    for name in ("long", "a", "b", "c"):
        queue.add(RECIPE, name)
    waiting = queue.state.waiting
    queue.move(waiting[2], 1)
    queue.remove(waiting[1])
    assert [run.name for run in queue.state.waiting] == ["a", "c"]
    for change in (queue.remove, lambda run: queue.move(run, 0)):
        with pytest.raises(SkinKDError, match="waits no longer"):
            change(waiting[1])
    queue.put_back(waiting[1], 1)
    assert [run.name for run in queue.state.waiting] == ["a", "b", "c"]
    with pytest.raises(SkinKDError, match="in the queue already"):
        queue.put_back(waiting[1], 1)
    queue.remove(waiting[1])
    queue.close()
    qtbot.waitUntil(idle(queue))
    queue.start_waiting()
    assert not queue.busy


def test_a_run_is_resumed_once(qtbot: QtBot, queue: TrainingQueue, script: Scripted, tmp_path: Path) -> None:
    queue.add_resume(tmp_path / "long", "long")
    queue.add_resume(tmp_path / "long", "long")
    assert script.at_work.wait(60)
    queue.add_resume(tmp_path / "long", "long")
    assert queue.state.waiting == ()
    queue.stop_current()
    qtbot.waitUntil(idle(queue))
    assert script.log == ["long"]


def test_a_run_resumed_after_a_stop_starts_itself_not_the_waiting_ones(
    qtbot: QtBot, queue: TrainingQueue, script: Scripted, tmp_path: Path
) -> None:
    queue.add(RECIPE, "long")
    queue.add(RECIPE, "waits")
    assert script.at_work.wait(60)
    queue.stop_current()
    qtbot.waitUntil(lambda: not queue.busy)
    script.at_work.clear()
    queue.add_resume(tmp_path / "long", "long")
    assert script.at_work.wait(60)
    assert script.log == ["long", "long"]
    assert [run.name for run in queue.state.waiting] == ["waits"]
    queue.close()
    qtbot.waitUntil(lambda: not queue.busy)


def test_reports_of_the_run_come_before_its_end(qtbot: QtBot, tmp_path: Path) -> None:
    def make(run: QueuedRun, conditions: Conditions) -> Work:
        def work(emit: Emit, token: CancelToken) -> tuple[Any, ...]:
            emit(Notice("the last word"))
            return ("result",)

        return work

    queue = TrainingQueue(Conditions(tmp_path), make)
    ear = Ear(queue)
    queue.add(RECIPE, "run")
    qtbot.waitUntil(idle(queue))
    assert ear.heard == [Notice("the last word"), "result"]


def test_cores_are_left_free_only_where_the_recipe_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.hardware.available_cores", lambda: 8)
    assert with_threads(RECIPE, 3).hardware.threads == 5
    assert with_threads(RECIPE, 20).hardware.threads == 1
    asked = Recipe(hardware=RECIPE.hardware.model_copy(update={"threads": 2}))
    assert with_threads(asked, 3).hardware.threads == 2
    assert with_threads(RECIPE, 0) is RECIPE


def test_a_stopped_study_waits_to_be_gone_on_with(qtbot: QtBot, queue: TrainingQueue, tmp_path: Path) -> None:
    ear = Ear(queue)
    queue.add_study(tmp_path / "studies" / "long", "long study")
    queue.add_study(tmp_path / "studies" / "long", "long study")
    assert queue.state.waiting == ()
    qtbot.waitUntil(lambda: any(isinstance(thing, RunStarted) for thing in ear.heard))
    queue.stop_current()
    qtbot.waitUntil(idle(queue))
    assert queue.state.held
    assert [run.study for run in queue.state.waiting] == [tmp_path / "studies" / "long"]
    (stopped,) = [thing for thing in ear.heard if isinstance(thing, RunStopped)]
    assert stopped.waits
