"""Undo: whoever changes something that the user may regret pushes the change, with its way back.

The window has one stack, which its Edit menu works on; a dialog whose changes are taken together has its own.
"""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QUndoCommand, QUndoStack
from PySide6.QtWidgets import QWidget

from core.errors import SkinKDError
from skinkd_gui.widgets.error_dialog import show_error

_MOST = 100


def undo_stack(owner: QObject) -> QUndoStack:
    """The stack of an object: of the nearest above it, itself included, that has one; else the topmost gets one."""
    place = owner
    while True:
        found = place.findChild(QUndoStack, options=Qt.FindChildOption.FindDirectChildrenOnly)
        above = place.parent()
        if found is not None or above is None:
            return found or add_undo_stack(place)
        place = above


def add_undo_stack(owner: QObject) -> QUndoStack:
    """Give an object a stack of its own, for itself and what is below it."""
    return QUndoStack(owner, undoLimit=_MOST)


def changed(
    owner: QObject,
    text: str,
    do: Callable[[], None],
    undo: Callable[[], None],
    *,
    done: bool = False,
    key: object = None,
) -> None:
    """Do something, unless it is `done` already, and remember how to undo it.

    `text` follows "Undo" in the menu: `tags of 3 runs`. Changes with the same `key` that follow each other are undone
    together. `do` and `undo` start their work at once and return; what they raise as a `SkinKDError` (the run is gone)
    is shown, and the change is forgotten, as it is when its `owner` is gone.
    """
    stack = undo_stack(owner)
    stack.push(_Change(stack, owner, text, do, undo, done=done, key=key))


class _Change(QUndoCommand):
    def __init__(
        self,
        stack: QUndoStack,
        owner: QObject,
        text: str,
        do: Callable[[], None],
        undo: Callable[[], None],
        *,
        done: bool,
        key: object,
    ) -> None:
        super().__init__(text)
        self._stack = stack
        self._owner, self._do, self._undo, self._done, self.key = owner, do, undo, done, key

    def redo(self) -> None:
        """Qt's; pushing calls it too."""
        if self._done:
            self._done = False
        else:
            self._take(self._do)

    def undo(self) -> None:
        """Qt's."""
        self._take(self._undo)

    def id(self) -> int:
        """Qt's: only changes with a key are merged."""
        return -1 if self.key is None else 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Qt's: what this one does becomes what the newer one does."""
        if not isinstance(other, _Change) or other.key != self.key:
            return False
        self._do = other._do
        return True

    def _take(self, step: Callable[[], None]) -> None:
        try:
            if not shiboken6.isValid(self._owner):
                raise SkinKDError("This can not be changed back", f"What held the {self.text()} is no longer there.")
            step()
        except SkinKDError as error:
            self.setObsolete(True)
            place = self._stack.parent()
            show_error(place if isinstance(place, QWidget) else None, error)
