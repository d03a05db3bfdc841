"""Buttons, bars, timers and dialogs come ready to use."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from skinkd_gui.widgets.parts import PassingDialog, delay, make_button, slim_bar


def test_a_button_has_names_and_does_what_it_says(qtbot: QtBot) -> None:
    clicks: list[str] = []
    parent = QWidget()
    qtbot.addWidget(parent)
    button = make_button(
        "&Save as text...", "saveButton", parent, lambda: clicks.append("click"), tip="To a file", primary=True
    )
    assert (button.objectName(), button.accessibleName(), button.toolTip()) == (
        "saveButton",
        "Save as text",
        "To a file",
    )
    assert button.property("primary") is True
    assert not button.autoDefault()
    button.click()
    assert clicks == ["click"]
    assert make_button("", "upButton", parent, accessible="Earlier").accessibleName() == "Earlier"


def test_a_slim_bar_is_busy_until_it_knows_its_end(qtbot: QtBot) -> None:
    bar = slim_bar("bar", "Progress")
    qtbot.addWidget(bar)
    assert (bar.minimum(), bar.maximum(), bar.isTextVisible()) == (0, 0, False)


def test_a_delay_calls_once_for_many_starts(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    calls: list[None] = []
    timer = delay(parent, lambda: calls.append(None), 20)
    for _ in range(3):
        timer.start()
    qtbot.waitUntil(lambda: bool(calls) and not timer.isActive())
    assert len(calls) == 1


def test_a_dialog_goes_when_it_is_closed(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = PassingDialog(parent, "askDialog", "Ask", QSize(200, 100))
    dialog.open()
    assert (dialog.objectName(), dialog.windowTitle(), dialog.width()) == ("askDialog", "Ask", 200)
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()
