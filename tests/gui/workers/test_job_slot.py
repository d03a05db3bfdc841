"""A slot runs one job for its owner: replaced, refused or next, told once in the GUI thread, and ended with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject, QThread, Slot
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Event, Notice
from skinkd_gui.workers.job import JobEnd, Work, running_jobs, unheard_failures
from skinkd_gui.workers.job_slot import JobSlot, shut_down_jobs


class Owner(QObject):
    """Writes down what its slot says, and in which threads."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Any] = []
        self.threads: set[QThread] = set()
        self.slot = JobSlot(self, reported=self.hear, succeeded=self.hear, failed=self.hear, ended=self.hear)

    @Slot(object)
    def hear(self, thing: object) -> None:
        self.said.append(thing)
        self.threads.add(QThread.currentThread())


@pytest.fixture
def owner(qtbot: QtBot) -> Iterator[Owner]:
    made = Owner()
    yield made
    assert shut_down_jobs(made)
    qtbot.waitUntil(lambda: running_jobs() == ())
    made.deleteLater()


def saying(text: str) -> Work:
    def work(emit: Emit, token: CancelToken) -> str:
        emit(Notice(text))
        return text

    return work


class Endless:
    """Works until it is cancelled."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    def __call__(self, emit: Emit, token: CancelToken) -> None:
        self.begun.set()
        while True:
            token.check()


def failing(emit: Emit, token: CancelToken) -> None:
    raise SkinKDError("No images", "Choose another folder.")


def test_the_owner_hears_values_and_one_end_in_its_thread(qtbot: QtBot, owner: Owner) -> None:
    with qtbot.waitSignal(owner.slot.ended):
        owner.slot.start(saying("one"))
    assert owner.said == [Notice("one"), "one", JobEnd(cancelled=False)]
    assert owner.threads == {QThread.currentThread()}
    assert not owner.slot.running


def test_a_job_that_was_replaced_is_cancelled_and_not_heard(qtbot: QtBot, owner: Owner) -> None:
    first = Endless()
    owner.slot.start(first)
    assert first.begun.wait(10)
    with qtbot.waitSignal(owner.slot.ended):
        owner.slot.start(saying("two"))
    qtbot.waitUntil(lambda: running_jobs() == ())
    assert [thing for thing in owner.said if not isinstance(thing, Event)] == ["two", JobEnd(cancelled=False)]


def test_the_next_job_waits_and_only_the_last_that_was_asked_for_is_done(qtbot: QtBot, owner: Owner) -> None:
    go_on = threading.Event()

    def first(emit: Emit, token: CancelToken) -> str:
        assert go_on.wait(10)
        return "one"

    owner.slot.start_next(first)
    owner.slot.start_next(saying("two"))
    owner.slot.start_next(saying("three"))
    assert owner.slot.waiting
    go_on.set()
    qtbot.waitUntil(lambda: len(owner.said) == 5)
    one, three = ["one", JobEnd(cancelled=False)], [Notice("three"), "three", JobEnd(cancelled=False)]
    assert owner.said == one + three


def test_cancelling_ends_the_job_and_forgets_the_next(qtbot: QtBot, owner: Owner) -> None:
    owner.slot.start(Endless())
    owner.slot.start_next(saying("next"))
    with qtbot.waitSignal(owner.slot.ended):
        owner.slot.cancel()
    assert owner.said == [JobEnd(cancelled=True)]
    assert not owner.slot.running


def test_a_failure_reaches_its_receiver_or_else_the_window(qtbot: QtBot, owner: Owner) -> None:
    with qtbot.waitSignal(owner.slot.ended), qtbot.assertNotEmitted(unheard_failures().happened):
        owner.slot.start(failing)
    error = owner.said[0]
    assert (error.title, owner.said[1:]) == ("No images", [JobEnd(cancelled=False)])
    alone = JobSlot(owner)
    with qtbot.waitSignal(unheard_failures().happened) as shown:
        alone.start(failing)
    assert shown.args is not None
    assert shown.args[0].title == "No images"
    qtbot.waitUntil(lambda: not alone.running)


def test_after_the_end_of_all_jobs_nothing_is_heard_and_nothing_starts(qtbot: QtBot, owner: Owner) -> None:
    below = JobSlot(QObject(owner), ended=owner.hear)
    for slot in (owner.slot, below):
        slot.start(Endless())
    assert shut_down_jobs(owner)
    assert not owner.slot.running
    assert not below.running
    below.start(saying("late"))
    qtbot.waitUntil(lambda: running_jobs() == ())
    assert owner.said == []


def test_stopping_waits_and_the_slot_can_be_used_again(qtbot: QtBot, owner: Owner) -> None:
    owner.slot.start(Endless())
    with qtbot.waitSignal(owner.slot.ended):
        assert owner.slot.stop()
    assert owner.said == [JobEnd(cancelled=True)]
    with qtbot.waitSignal(owner.slot.ended):
        owner.slot.start(saying("again"))
    assert owner.said[-2] == "again"


def test_a_slot_ends_with_its_owner(qtbot: QtBot) -> None:
    owner = QObject()
    work = Endless()
    JobSlot(owner).start(work)
    assert work.begun.wait(10)
    owner.deleteLater()
    qtbot.waitUntil(lambda: running_jobs() == ())
