from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from skinkd_gui.widgets.layouts import STRETCH, Gap, column_of, named, row_of


@pytest.fixture
def widget(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def test_parts_stand_in_their_order_with_stretch_and_alignment(widget: QWidget) -> None:
    first, second, third = (QLabel(text, widget) for text in "abc")
    inner = row_of(second, STRETCH, third)
    outer = column_of((first, 2, Qt.AlignmentFlag.AlignRight), Gap(8), inner, 3, on=widget, margins=5, spacing=7)
    assert widget.layout() is outer
    assert outer.itemAt(0).widget() is first
    assert outer.itemAt(0).alignment() == Qt.AlignmentFlag.AlignRight
    assert outer.itemAt(1).sizeHint().height() == 8
    assert outer.itemAt(2).layout() is inner
    assert [outer.stretch(place) for place in range(outer.count())] == [2, 0, 0, 3]
    assert [inner.stretch(place) for place in range(inner.count())] == [0, 1, 0]
    assert outer.contentsMargins().left() == outer.contentsMargins().bottom() == 5
    assert outer.spacing() == 7


def test_a_tool_tip_that_is_there_stays_without_another(widget: QWidget) -> None:
    widget.setToolTip("Before")
    assert named(widget, "box", "A box") is widget
    assert (widget.objectName(), widget.accessibleName(), widget.toolTip()) == ("box", "A box", "Before")
    assert named(widget, "box", "A box", "What it is").toolTip() == "What it is"
