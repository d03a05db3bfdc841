from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QLocale, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from skinkd_gui.training.wizard.texts import parsed_number
from skinkd_gui.widgets.numbers import NumberBox, WholeNumberBox

ARABIC = QLocale(QLocale.Language.Arabic, QLocale.Country.Egypt)
ENGLISH = QLocale(QLocale.Language.English)
GERMAN = QLocale(QLocale.Language.German)
PERSIAN = QLocale(QLocale.Language.Persian)


def type_into(box: QWidget, text: str) -> None:
    """Press keys; those of Qt's own tests are Latin alone."""
    for sign in text:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(box, QKeyEvent(kind, 0, Qt.KeyboardModifier.NoModifier, sign))


@pytest.mark.parametrize("locale", [ARABIC, ENGLISH, GERMAN, PERSIAN])
@pytest.mark.parametrize("typed", ["95", "٩٥", "۹۵", "९५", "９５"])
def test_whole_numbers_are_taken_in_any_digits(qtbot: QtBot, locale: QLocale, typed: str) -> None:
    box = WholeNumberBox(minimum=1, maximum=100, suffix=" %")
    qtbot.addWidget(box)
    box.setLocale(locale)
    box.clear()
    type_into(box, typed)
    assert box.value() == 95
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 95
    assert box.cleanText() == locale.toString(95)


@pytest.mark.parametrize("locale", [ARABIC, ENGLISH, GERMAN])
@pytest.mark.parametrize("typed", ["2.5", "2,5", "٢٫٥"])
def test_decimals_are_taken_with_any_point(qtbot: QtBot, locale: QLocale, typed: str) -> None:
    box = NumberBox(minimum=0, maximum=100, decimals=1)
    qtbot.addWidget(box)
    box.setLocale(locale)
    box.clear()
    type_into(box, typed)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 2.5
    assert box.cleanText() == locale.toString(2.5, "f", 1)


def test_what_is_no_number_and_what_is_out_of_bounds_stays_out(qtbot: QtBot) -> None:
    box = WholeNumberBox(minimum=1, maximum=50, value=7)
    qtbot.addWidget(box)
    box.setLocale(ARABIC)
    box.selectAll()
    type_into(box, "x")
    assert box.value() == 7
    box.clear()
    type_into(box, "٩٩")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() <= 50


def test_numbers_of_recipes_are_read_in_any_digits() -> None:
    assert parsed_number("٠٫٥") == parsed_number("0,5") == parsed_number("۰.۵") == 0.5
    assert parsed_number("half") == "half"
