"""The Edit menu acts on what has the focus, and can only be used where it does something."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget, QMainWindow, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from skinkd_gui.edit_menu import EditMenu
from skinkd_gui.undo import changed

Key = QKeySequence.StandardKey


class Window(QMainWindow):
    """A line, a text and a list that can be searched."""

    def __init__(self) -> None:
        super().__init__()
        body = QWidget(self)
        self.line, self.notes, self.list = QLineEdit(body), QPlainTextEdit(body), QListWidget(body)
        self.list.addItems(["one", "two"])
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        layout = QVBoxLayout(body)
        for widget in (self.line, self.notes, self.list):
            layout.addWidget(widget)
        QShortcut(Key.Find, body, self.line.setFocus).setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.setCentralWidget(body)
        self.edit = self.menuBar().addMenu("Edit")
        self.calls: list[str] = []
        EditMenu(self, self.edit)

    def entry(self, name: str) -> QAction:
        """An entry as it is when the menu opens."""
        self.edit.aboutToShow.emit()
        return self.findChild(QAction, f"{name}Action")

    def change(self) -> None:
        """Something that the user may regret."""
        changed(self, "tags of 3 runs", lambda: self.calls.append("do"), lambda: self.calls.append("undo"))


@pytest.fixture
def window(qtbot: QtBot) -> Window:
    made = Window()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(made.isVisible)
    QApplication.clipboard().clear()
    return made


def usable(window: Window) -> set[str]:
    names = ("undo", "redo", "cut", "copy", "paste", "selectAll", "find")
    return {name for name in names if window.entry(name).isEnabled()}


def test_only_what_can_be_done_is_offered(window: Window) -> None:
    window.line.setFocus()
    assert usable(window) == {"find"}
    window.line.setText("a name")
    assert usable(window) == {"find", "selectAll"}
    window.entry("selectAll").trigger()
    assert usable(window) == {"find", "selectAll", "cut", "copy"}
    window.entry("copy").trigger()
    assert usable(window) == {"find", "selectAll", "cut", "copy", "paste"}
    window.line.setReadOnly(True)
    assert usable(window) == {"find", "selectAll", "copy"}


def test_a_text_field_undoes_its_typing_and_everything_else_is_on_the_stack(qtbot: QtBot, window: Window) -> None:
    window.change()
    window.list.setFocus()
    assert window.entry("undo").text() == "&Undo tags of 3 runs"
    window.notes.setFocus()
    qtbot.keyClicks(window.notes, "typed")
    assert window.entry("undo").text() == "&Undo typing"
    window.entry("undo").trigger()
    assert window.notes.toPlainText() == ""
    assert window.calls == ["do"]
    window.list.setFocus()
    window.entry("undo").trigger()
    assert window.calls == ["do", "undo"]
    assert not window.entry("undo").isEnabled()
    window.entry("redo").trigger()
    assert window.calls == ["do", "undo", "do"]


def test_the_keys_do_what_the_menu_does(qtbot: QtBot, window: Window) -> None:
    window.change()
    window.line.setFocus()
    qtbot.keyClicks(window.line, "ab")
    qtbot.keySequence(window.line, QKeySequence(Key.Undo))
    assert window.line.text() == ""
    assert window.calls == ["do"]
    window.list.setFocus()
    qtbot.keySequence(window.list, QKeySequence(Key.Undo))
    assert window.calls == ["do", "undo"]


def test_lists_are_copied_chosen_whole_and_searched(window: Window) -> None:
    window.list.setFocus()
    window.list.setCurrentRow(1)
    window.entry("copy").trigger()
    assert QApplication.clipboard().text() == "two"
    window.entry("selectAll").trigger()
    assert len(window.list.selectedItems()) == 2
    window.entry("find").trigger()
    assert window.line.hasFocus()
