"""The Edit menu: each entry acts on the widget with the focus, or on what is around it, where that can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import shiboken6
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QTabWidget,
    QTextEdit,
    QWidget,
)

from skinkd_gui.undo import undo_stack
from skinkd_gui.widgets.helper import Helper

Key = QKeySequence.StandardKey
Act = Callable[[], object]

_ENTRIES = (
    (Key.Undo, "&Undo", "undoAction"),
    (Key.Redo, "&Redo", "redoAction"),
    (Key.Cut, "Cu&t", "cutAction"),
    (Key.Copy, "&Copy", "copyAction"),
    (Key.Paste, "&Paste", "pasteAction"),
    (Key.SelectAll, "Select &all", "selectAllAction"),
    (Key.Find, "&Find", "findAction"),
)
_FIRST_OF_GROUP = (Key.Cut, Key.SelectAll)
_SEVERAL = (QAbstractItemView.SelectionMode.ExtendedSelection, QAbstractItemView.SelectionMode.MultiSelection)


class EditMenu(Helper[QMainWindow]):
    """Fills the menu. Text fields undo their own typing; everything else is on the window's stack.

    Only undo and redo take their keys here: the others' keys belong to the widgets, and the menu only names them.
    """

    def __init__(self, window: QMainWindow, menu: QMenu) -> None:
        super().__init__(window)
        self._stack = undo_stack(window)
        self._actions: dict[Key, QAction] = {}
        for key, text, name in _ENTRIES:
            if key in _FIRST_OF_GROUP:
                menu.addSeparator()
            keys = QKeySequence.keyBindings(key)
            on_stack = key in (Key.Undo, Key.Redo)
            shown = "" if on_stack or not keys else f"\t{keys[0].toString(QKeySequence.SequenceFormat.NativeText)}"
            action = QAction(text + shown, window)
            action.setObjectName(name)
            if on_stack:
                action.setShortcuts(keys)
            action.setData(key)
            action.triggered.connect(self._act)
            menu.addAction(action)
            self._actions[key] = action
        menu.aboutToShow.connect(self._update)
        menu.aboutToHide.connect(self._update)
        self._stack.indexChanged.connect(self._update)
        QGuiApplication.clipboard().dataChanged.connect(self._update)
        QApplication.instance().focusChanged.connect(self._update)  # type: ignore[union-attr]
        self._update()

    @Slot()
    def _update(self) -> None:
        window = self._owner()
        if window is None or not shiboken6.isValid(window):  # the focus moves also while the window goes
            return
        for key, action in self._actions.items():
            action.setEnabled(self._find(key) is not None)
        for key, word, text in (
            (Key.Undo, "&Undo", self._stack.undoText()),
            (Key.Redo, "&Redo", self._stack.redoText()),
        ):
            typing = any(_of_text(widget, key) for widget in self._around())
            what = "typing" if typing else text.replace("&", "&&")
            self._actions[key].setText(f"{word} {what}".rstrip())

    @Slot()
    def _act(self) -> None:
        action = self.sender()
        act = self._find(action.data()) if isinstance(action, QAction) else None
        if act is not None:
            act()
        self._update()

    def _find(self, key: Key) -> Act | None:
        """What the entry does now, None where it can do nothing."""
        for widget in self._around():
            act = _of_text(widget, key) or _of_shortcut(widget, key) or _of_view(widget, key)
            if act is not None:
                return act
        if key is Key.Undo and self._stack.canUndo():
            return self._stack.undo
        return self._stack.redo if key is Key.Redo and self._stack.canRedo() else None

    def _around(self) -> Iterator[QWidget]:
        """The widget with the focus and what is around it; the tab in front where none in it has the focus."""
        tabs = self.owner.findChild(QTabWidget, "mainTabs")
        widget: QWidget | None = self.owner.focusWidget()
        front = tabs.currentWidget() if isinstance(tabs, QTabWidget) else None
        if widget is None or (front is not None and not front.isAncestorOf(widget)):
            widget = front
        while widget is not None and widget is not self.owner:
            yield widget
            widget = widget.parentWidget()


def _of_text(widget: QWidget, key: Key) -> Act | None:
    """What a field of text can do by itself."""
    if isinstance(widget, QLineEdit):
        undo, redo = widget.isUndoAvailable(), widget.isRedoAvailable()
        chosen, filled, pastes = widget.hasSelectedText(), bool(widget.text()), _clipboard_has_text()
    elif isinstance(widget, QPlainTextEdit | QTextEdit):
        document = widget.document()
        undo, redo = document.isUndoAvailable(), document.isRedoAvailable()
        chosen, filled, pastes = widget.textCursor().hasSelection(), not document.isEmpty(), widget.canPaste()
    else:
        return None
    writable = not widget.isReadOnly()
    acts: dict[Key, tuple[bool, Act]] = {
        Key.Undo: (writable and undo, widget.undo),
        Key.Redo: (writable and redo, widget.redo),
        Key.Cut: (writable and chosen, widget.cut),
        Key.Copy: (chosen, widget.copy),
        Key.Paste: (writable and pastes, widget.paste),
        Key.SelectAll: (filled, widget.selectAll),
    }
    can, act = acts.get(key, (False, widget.copy))
    return act if can else None


def _of_shortcut(widget: QWidget, key: Key) -> Act | None:
    """What a widget has for this key among its actions and shortcuts."""
    keys = QKeySequence.keyBindings(key)
    for action in widget.actions():
        if action.isEnabled() and action.shortcut() in keys:
            return action.trigger
    for shortcut in widget.findChildren(QShortcut, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if shortcut.isEnabled() and shortcut.key() in keys:
            return shortcut.activated.emit
    return None


def _of_view(widget: QWidget, key: Key) -> Act | None:
    """What lists, tables and labels do with the key by themselves."""
    if isinstance(widget, QAbstractItemView):
        if key is Key.SelectAll and widget.selectionMode() in _SEVERAL and widget.model().rowCount():
            return widget.selectAll
        if key is not Key.Copy or not widget.currentIndex().isValid():
            return None
    elif key is not Key.Copy or not (isinstance(widget, QLabel) and widget.hasSelectedText()):
        return None
    return lambda: _press(widget, key)


def _press(widget: QWidget, key: Key) -> None:
    pressed = QKeySequence.keyBindings(key)[0][0]  # type: ignore[index]
    event = QKeyEvent(QKeyEvent.Type.KeyPress, pressed.key(), pressed.keyboardModifiers())
    QApplication.sendEvent(widget, event)


def _clipboard_has_text() -> bool:
    data = QGuiApplication.clipboard().mimeData()
    return data is not None and data.hasText()
