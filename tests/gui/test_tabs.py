"""The tabs of the main window."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.recipe import Recipe, set_values
from core.runs.folder import create_run
from skinkd_gui.tabs import Tabs
from skinkd_gui.training.queue import TrainingQueue
from skinkd_gui.training.work import Conditions
from skinkd_gui.workers.job import running_jobs
from tests.gui.training.scripted import Stage


@pytest.fixture
def tabs(qtbot: QtBot, tmp_path: Path) -> Tabs:
    made = Tabs(TrainingQueue(Conditions(tmp_path / "runs", 0), Stage(())), tmp_path / "runs")
    qtbot.addWidget(made, before_close_func=lambda _: made.shut_down())
    return made


def test_only_what_is_needed_is_made(qtbot: QtBot, tabs: Tabs) -> None:
    tabs.refresh()
    tabs.set_runs_root(tabs.train._runs_root / "elsewhere")
    assert tabs.classify_if_made is tabs.results_if_made is None
    with qtbot.waitSignal(tabs.results_made) as told:
        tabs.show_results()
    assert told.args == [tabs.results_if_made]
    assert tabs.currentWidget() is tabs.results
    assert tabs.classify_if_made is None
    assert not tabs.all_made
    tabs.make_all()
    assert tabs.all_made
    qtbot.waitUntil(lambda: not running_jobs())


def test_an_unfinished_run_goes_on_in_train(qtbot: QtBot, tabs: Tabs, tmp_path: Path) -> None:
    asked: list[Path] = []
    tabs.train.resume_run = asked.append  # type: ignore[method-assign]
    tabs.show_results()
    tabs.results.resume_requested.emit(tmp_path / "run")
    assert asked == [tmp_path / "run"]
    assert tabs.currentWidget() is tabs.train
    qtbot.waitUntil(lambda: not running_jobs())


def test_images_of_a_run_and_of_classify_are_shown_in_data(qtbot: QtBot, tabs: Tabs, tmp_path: Path) -> None:
    asked: list[tuple[object, ...]] = []
    tabs.data.show_images = lambda *arguments: asked.append(arguments)  # type: ignore[method-assign]
    run = create_run(set_values(Recipe(), [f"data.path={tmp_path / 'data'}"]), runs=tmp_path / "runs").path
    tabs.results.data_requested.emit(run, ["A.png"])
    assert tabs.currentWidget() is tabs.data
    tabs.classify.data_requested.emit(tmp_path / "other", "B.png")
    assert asked == [(tmp_path / "data", ["A.png"], run), (tmp_path / "other", ["B.png"])]
    qtbot.waitUntil(lambda: not running_jobs())
