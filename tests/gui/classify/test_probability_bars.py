from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from core.inference.results import Classification
from skinkd_gui.classify.probability_bars import ProbabilityBars
from skinkd_gui.widgets.theme import colours

ISIC2019 = CLASS_SETS["isic2019"]

RESULT = Classification(Path("a"), (0.02, 0.9, 0.01, 0.03, 0.01, 0.01, 0.01, 0.01), "NV", classes=ISIC2019)
FAILED = Classification(Path("a"), None, None, "damaged", classes=ISIC2019)
OTHER = Classification(Path("a"), (0.7, 0.1, 0.1, 0.02, 0.02, 0.02, 0.02, 0.02), "MEL", classes=ISIC2019)


@pytest.fixture
def bars(qtbot: QtBot) -> ProbabilityBars:
    made = ProbabilityBars()
    qtbot.addWidget(made)
    made.show_result(FAILED)
    made.resize(600, made.sizeHint().height())
    return made


def row_of(bars: ProbabilityBars, code: str) -> int:
    """The middle of the line of a class, or of the heading that begins so."""
    lines = [line.code or line.label for line in bars._lines]
    place = next(place for place, said in enumerate(lines) if said == code or said.startswith(f"{code} together"))
    return round(bars._top() + (place + 0.5) * bars._line())


def filled(bars: ProbabilityBars, code: str, colour: str) -> int:
    image = bars.grab().toImage()
    return [image.pixelColor(x, row_of(bars, code)).name() for x in range(image.width())].count(colour.lower())


def test_values_are_drawn_and_spoken(bars: ProbabilityBars) -> None:
    empty = bars.grab().toImage()
    bars.show_result(RESULT)
    assert bars.grab().toImage() != empty
    spoken = bars.accessibleDescription()
    assert spoken.startswith("Malignant together 4.0 %, Melanoma 2.0 %")  # the precancerous class is not counted
    assert "Actinic keratosis (precancerous) 3.0 %, Benign together 93.0 %, Melanocytic nevus 90.0 %" in spoken
    bars.show_result(FAILED)
    assert bars.accessibleDescription() == "No result"
    assert bars.grab().toImage() == empty


def test_a_bar_is_as_long_as_its_value(bars: ProbabilityBars) -> None:
    accent = colours().accent
    assert filled(bars, "NV", accent) == 0
    lengths = []
    for share in (1.0, 0.5):
        bars.show_result(Classification(Path("a"), (0.0, share, 1 - share, *(0.0,) * 5), "NV", classes=ISIC2019))
        lengths.append(filled(bars, "NV", accent))
    assert abs(lengths[0] - 2 * lengths[1]) <= 8
    assert lengths[0] > 100


def test_answers_that_mean_nothing_lose_their_colour(bars: ProbabilityBars) -> None:
    bars.show_result(RESULT)
    assert filled(bars, "NV", colours().accent) > 100
    bars.show_result(RESULT, dimmed=True)
    assert filled(bars, "NV", colours().accent) == 0
    assert "Melanocytic nevus 90.0 %" in bars.accessibleDescription()


def test_two_models_stand_beside_each_other(bars: ProbabilityBars) -> None:
    bars.show_result(RESULT)
    one = filled(bars, "NV", colours().accent)
    bars.show_results([("teacher", RESULT, False), ("student", OTHER, False)])
    bars.resize(bars.width(), bars.sizeHint().height())
    two = filled(bars, "NV", colours().accent)
    assert 0 < two < one  # shorter bars, one of 90 % and one of 10 %
    assert filled(bars, "MEL", colours().error) > 0
    spoken = bars.accessibleDescription()
    assert "teacher: Malignant together 4.0 %" in spoken
    assert "student: Malignant together 82.0 %" in spoken


def test_mouse_and_keys_choose_a_class(qtbot: QtBot, bars: ProbabilityBars) -> None:
    bars.show_result(RESULT)
    told: list[str] = []
    bars.selected.connect(told.append)
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(20, row_of(bars, "SCC")))
    qtbot.keyClick(bars, Qt.Key.Key_Down)
    qtbot.keyClick(bars, Qt.Key.Key_Up)
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(20, row_of(bars, "Benign")))  # a heading
    assert told == ["SCC", "AK", "SCC"]


def test_the_class_under_the_mouse_is_explained(qtbot: QtBot, bars: ProbabilityBars) -> None:
    bars.show()
    for code, expected in (("BKL", "Benign keratosis"), ("Malignant", "Melanoma, Basal cell carcinoma, Squamous")):
        place = QPoint(20, row_of(bars, code))
        QApplication.sendEvent(bars, QHelpEvent(QEvent.Type.ToolTip, place, bars.mapToGlobal(place)))
        assert expected in QToolTip.text()
    QToolTip.hideText()
