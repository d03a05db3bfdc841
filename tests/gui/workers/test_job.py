"""Jobs: every way to end is announced, in the GUI thread, after the reports."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QObject, QThread, Slot
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Event, Notice, Phase, Progress
from skinkd_gui.workers.job import Job, JobEnd, JobFailure, JobResult, Work, running_jobs, shut_down_all


class Listener(QObject):
    """Writes down what a job says, and in which thread it was told."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.said: list[Any] = []
        self.threads: set[QThread] = set()
        self.job = Job(work, self)
        for signal in (self.job.reported, self.job.succeeded, self.job.failed, self.job.ended):
            signal.connect(self.hear)

    @Slot(object)
    def hear(self, thing: object) -> None:
        self.said.append(thing)
        self.threads.add(QThread.currentThread())

    def run(self, qtbot: QtBot) -> list[Any]:
        with qtbot.waitSignal(self.job.ended):
            self.job.start()
        return self.said


def test_result_and_end_arrive_in_the_gui_thread_after_all_reports(qtbot: QtBot) -> None:
    def work(emit: Emit, token: CancelToken) -> str:
        emit(Notice("one"))
        emit(Notice("two"))
        return "done"

    listener = Listener(work)
    assert listener.run(qtbot) == [Notice("one"), Notice("two"), JobResult("done"), JobEnd(cancelled=False)]
    assert listener.threads == {QThread.currentThread()}
    assert not listener.job.running
    assert listener.job not in running_jobs()


def test_an_unexpected_error_becomes_a_failure_and_the_end_still_comes(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    def work(emit: Emit, token: CancelToken) -> None:
        raise ZeroDivisionError("a bug")

    with caplog.at_level(logging.CRITICAL):
        failure, end = Listener(work).run(qtbot)
    assert isinstance(failure, JobFailure)
    assert not failure.expected
    assert "ZeroDivisionError: a bug" in failure.error.details
    assert end == JobEnd(cancelled=False)


def test_an_error_for_the_user_arrives_as_it_was_raised(qtbot: QtBot) -> None:
    error = SkinKDError("No images", "Choose another folder.")

    def work(emit: Emit, token: CancelToken) -> None:
        raise error

    assert Listener(work).run(qtbot) == [JobFailure(error, expected=True), JobEnd(cancelled=False)]


def test_cancelling_ends_waiting_work_without_result_or_failure(qtbot: QtBot) -> None:
    waiting = threading.Event()

    def work(emit: Emit, token: CancelToken) -> None:
        while True:
            token.check()
            waiting.set()

    listener = Listener(work)
    listener.job.start()
    assert waiting.wait(60)
    listener.job.pause()
    with qtbot.waitSignal(listener.job.ended):
        listener.job.cancel()
    assert listener.said == [JobEnd(cancelled=True)]


def test_a_flood_of_reports_reaches_the_window_as_a_trickle(qtbot: QtBot) -> None:
    def work(emit: Emit, token: CancelToken) -> None:
        for index in range(100_000):
            emit(Progress(Phase.DECODING, index + 1, 100_000))

    said = Listener(work).run(qtbot)
    events = [thing for thing in said if isinstance(thing, Event)]
    assert events[-1] == Progress(Phase.DECODING, 100_000, 100_000)
    assert len(events) < 1_000


def test_a_job_whose_owner_is_gone_is_still_found_and_stopped(qtbot: QtBot) -> None:
    started = threading.Event()

    def work(emit: Emit, token: CancelToken) -> None:
        started.set()
        while True:
            token.check()

    owner = QObject()
    job = Job(work, owner)
    job.start()
    assert started.wait(60)
    owner.deleteLater()
    del owner
    qtbot.waitUntil(lambda: bool(running_jobs()))
    assert shut_down_all(10_000)
    assert running_jobs() == ()


def test_nothing_of_an_ended_job_is_left_to_the_collector_which_may_run_in_any_thread(qtbot: QtBot) -> None:
    listener = Listener(lambda emit, token: None)
    worker = listener.job._worker
    listener.run(qtbot)
    assert not shiboken6.isValid(worker)


class Owner(QObject):
    """Has a job do a method of its own, and deletes the job at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.job: Job | None = Job(self.work, self)
        self.job.ended.connect(self.forget)
        self.job.start()

    def work(self, emit: Emit, token: CancelToken) -> None:
        pass

    @Slot(object)
    def forget(self, end: object) -> None:
        assert self.job is not None
        self.job.deleteLater()
        self.job = None


def test_a_parent_that_only_the_work_keeps_dies_after_it_and_once(qtbot: QtBot) -> None:
    owner = Owner()
    alive = weakref.ref(owner)
    ended: list[bool] = []
    assert owner.job is not None
    owner.job.destroyed.connect(lambda: ended.append(True))
    del owner
    qtbot.waitUntil(lambda: bool(ended) and alive() is None)
    assert len(ended) == 1


def test_an_error_keeps_nothing_that_the_work_had_at_hand(qtbot: QtBot) -> None:
    class Model:
        pass

    kept: list[weakref.ref[Model]] = []

    def work(emit: Emit, token: CancelToken) -> None:
        model = Model()
        kept.append(weakref.ref(model))
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise SkinKDError("Broken", "on purpose") from error

    said = Listener(work).run(qtbot)
    assert isinstance(said[0], JobFailure)
    assert kept[0]() is None
