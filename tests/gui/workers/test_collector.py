"""The collector of the window's process: in the GUI thread alone, whoever asks."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.events import CancelToken, Emit, MemoryReleased, Notice
from skinkd_gui.workers import collector as module
from skinkd_gui.workers.collector import YOUNG_OBJECTS, Collector
from skinkd_gui.workers.job import Job, running_jobs


class Passes:
    """The passes of the collector: their thread and generation."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.generations: list[int] = []

    def hear(self, phase: str, facts: dict[str, int]) -> None:
        if phase == "start":
            self.threads.add(threading.get_ident())
            self.generations.append(facts["generation"])


@pytest.fixture
def passes() -> Iterator[Passes]:
    heard = Passes()
    gc.callbacks.append(heard.hear)
    yield heard
    gc.callbacks.remove(heard.hear)


@pytest.fixture
def collector(qapp: QApplication) -> Iterator[Collector]:
    made = Collector(qapp)
    made.start()
    yield made
    made.stop()
    made.deleteLater()


class Cyclic:
    """Garbage that only the collector finds."""

    freed: set[int] = set()  # the threads in which one of them ended

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        self.freed.add(threading.get_ident())


def make_garbage(count: int) -> None:
    for _ in range(count):
        Cyclic()


def in_a_thread(job: Job, qtbot: QtBot) -> None:
    with qtbot.waitSignal(job.ended):
        job.start()


def test_garbage_of_any_thread_is_collected_in_the_gui_thread(
    collector: Collector, passes: Passes, qtbot: QtBot
) -> None:
    Cyclic.freed.clear()
    in_a_thread(Job(lambda emit, token: make_garbage(50 * YOUNG_OBJECTS)), qtbot)
    qtbot.waitUntil(lambda: bool(Cyclic.freed))
    assert Cyclic.freed == passes.threads == {threading.get_ident()}


def test_a_library_in_another_thread_can_only_ask(collector: Collector, passes: Passes, qtbot: QtBot) -> None:
    def library(emit: Emit, token: CancelToken) -> int:
        gc.enable()
        found = gc.collect()
        make_garbage(5 * YOUNG_OBJECTS)
        return found

    job = Job(library)
    with qtbot.waitSignal(job.succeeded) as result:
        job.start()
    assert result.args[0].value == 0
    assert not gc.isenabled()
    qtbot.waitUntil(lambda: 2 in passes.generations)
    assert passes.threads == {threading.get_ident()}


def test_memory_that_core_lets_go_is_collected_and_given_back(
    collector: Collector, passes: Passes, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[set[int]] = []
    monkeypatch.setattr(module, "give_back", lambda: given.append(set(passes.generations)))
    told: list[object] = []

    def work(emit: Emit, token: CancelToken) -> None:
        emit(Notice("before"))
        emit(MemoryReleased())

    job = Job(work)
    job.reported.connect(told.append)
    in_a_thread(job, qtbot)
    qtbot.waitUntil(lambda: bool(given) and not running_jobs())
    assert told == [Notice("before")]
    assert 2 in given[0]
    assert len(given) == 1


def test_no_full_pass_while_the_user_moves_the_pointer_or_right_after_a_long_one(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    done: list[bool] = []
    monkeypatch.setattr(collector, "_user_rests", lambda: bool(done))
    monkeypatch.setattr(module, "_collect", lambda generation=2: done.append(generation == 2) or 0)
    collector.ask()
    qtbot.wait(4 * module.TICK_MILLISECONDS)
    assert True not in done
    collector._rests_until = float("inf")
    done.append(False)
    qtbot.wait(4 * module.TICK_MILLISECONDS)
    assert True not in done
    collector._rests_until = 0.0
    qtbot.waitUntil(lambda: True in done)
    qtbot.waitUntil(lambda: not running_jobs())


def test_no_full_pass_while_modules_are_imported_and_none_over_them(
    collector: Collector, passes: Passes, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.gc, "freeze", lambda: passes.generations.append(-1))
    with module.loading():
        collector.ask()
        qtbot.wait(4 * module.TICK_MILLISECONDS)
        assert 2 not in passes.generations
    qtbot.waitUntil(lambda: 2 in passes.generations)
    assert passes.generations.index(-1) < passes.generations.index(2)
    qtbot.waitUntil(lambda: not running_jobs())


def test_what_survives_a_long_pass_is_left_out_until_the_user_is_elsewhere(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere: list[bool] = []
    monkeypatch.setattr(module, "_user_is_elsewhere", lambda: bool(elsewhere))
    monkeypatch.setattr(module, "_LONG_SECONDS", 0.0)
    Cyclic.freed.clear()
    held = Cyclic()
    collector._collect_all()  # what it finds takes it longer than nothing
    del held
    collector._collect_all()
    assert not Cyclic.freed
    elsewhere.append(True)
    collector._collect_all()
    assert Cyclic.freed == {threading.get_ident()}


def test_no_more_is_left_out_than_a_few_passes_had(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_user_is_elsewhere", lambda: False)
    monkeypatch.setattr(module, "_LONG_SECONDS", 0.0)
    for _ in range(module._MOST_FREEZES):
        collector._collect_all()
    Cyclic.freed.clear()
    held = Cyclic()
    collector._collect_all()
    del held
    collector._collect_all()
    assert Cyclic.freed


def test_afterwards_python_collects_by_itself_again(qapp: QApplication) -> None:
    collect, enable = gc.collect, gc.enable
    was = gc.isenabled()
    made = Collector(qapp)
    made.start()
    assert not gc.isenabled()
    made.stop()
    assert gc.isenabled()
    assert (gc.collect, gc.enable) == (collect, enable)
    if not was:
        gc.disable()


def test_the_application_starts_it() -> None:
    code = """if True:
        import gc, sys
        from skinkd_gui.application import make_application
        from skinkd_gui.workers.collector import Collector
        application = make_application()
        assert len(application.findChildren(Collector)) == 1
        assert not gc.isenabled()
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
