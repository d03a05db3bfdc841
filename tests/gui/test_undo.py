"""Changes are done, undone and redone; they outlive their owner, and a dialog has a stack of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from skinkd_gui.undo import add_undo_stack, changed, undo_stack
from skinkd_gui.widgets.error_dialog import ErrorDialog


@pytest.fixture
def root(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


class Value:
    """Something that is changed."""

    def __init__(self) -> None:
        self.now = 0

    def set(self, owner: QObject, value: int, key: object = None) -> None:
        do, undo = (partial(setattr, self, "now", number) for number in (value, self.now))
        changed(owner, f"number {value}", do, undo, key=key)


def shown_error(root: QWidget) -> ErrorDialog:
    (found,) = root.findChildren(ErrorDialog)
    return found


def test_a_change_is_done_undone_and_done_again(root: QWidget) -> None:
    value, stack = Value(), undo_stack(root)
    value.set(QObject(root), 1)
    assert (value.now, stack.undoText()) == (1, "number 1")
    stack.undo()
    assert (value.now, stack.canUndo(), stack.redoText()) == (0, False, "number 1")
    stack.redo()
    assert value.now == 1


def test_what_is_done_already_is_not_done_twice(root: QWidget) -> None:
    calls: list[str] = []
    changed(root, "it", lambda: calls.append("do"), lambda: calls.append("undo"), done=True)
    assert calls == []
    undo_stack(root).undo()
    undo_stack(root).redo()
    assert calls == ["undo", "do"]


def test_what_is_typed_in_one_go_is_undone_in_one(root: QWidget) -> None:
    value, stack = Value(), undo_stack(root)
    for number, key in ((1, "a"), (2, "a"), (3, "b")):
        value.set(root, number, key)
    stack.undo()
    assert value.now == 2
    stack.undo()
    assert value.now == 0
    stack.redo()
    assert value.now == 2


def test_a_dialog_keeps_its_changes_to_itself(root: QWidget) -> None:
    dialog, value = QObject(root), Value()
    add_undo_stack(dialog)
    value.set(QObject(dialog), 1)
    assert undo_stack(dialog).canUndo()
    assert not undo_stack(root).canUndo()


def fail() -> None:
    raise SkinKDError("The run's folder can not be written", "It is gone.")


@pytest.mark.parametrize(("do", "undo"), [(fail, lambda: None), (lambda: None, fail)])
def test_a_change_that_fails_is_told_and_forgotten(
    do: Callable[[], None], undo: Callable[[], None], root: QWidget
) -> None:
    changed(root, "name", do, undo)
    undo_stack(root).undo()
    assert shown_error(root).error.summary == "It is gone."
    shown_error(root).accept()
    assert undo_stack(root).count() == 0


def test_a_change_outlives_its_owner(root: QWidget, qtbot: QtBot) -> None:
    owner, value = QObject(root), Value()
    value.set(owner, 1)
    with qtbot.waitSignal(owner.destroyed):
        owner.deleteLater()
    undo_stack(root).undo()
    assert value.now == 1
    assert "number 1 is no longer there" in shown_error(root).error.summary
    shown_error(root).accept()
