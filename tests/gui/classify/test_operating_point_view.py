from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from core.data.types import Part
from core.evaluation.operating_point import missed_per_1000, operating_point, referrals_per_1000
from core.reporting.model_card.content import CalibrationProbabilities
from skinkd_gui.classify.operating_point_view import OperatingPointView


def answers(melanomas: int, others: int, seed: int = 0) -> CalibrationProbabilities:
    generator = np.random.default_rng(seed)
    labels = np.array([0] * melanomas + [1] * others)
    shares = np.clip(generator.normal(0.6 - 0.4 * (labels > 0), 0.2), 0, 1)
    return CalibrationProbabilities(Part.CALIBRATION, labels == 0, shares)


@pytest.fixture
def view(qtbot: QtBot) -> OperatingPointView:
    made = OperatingPointView()
    qtbot.addWidget(made)
    made.resize(800, 500)
    made.show()
    return made


def said(view: OperatingPointView) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if not label.isHidden())


def test_it_shows_what_the_core_says(qtbot: QtBot, view: OperatingPointView) -> None:
    known = answers(200, 600)
    view.show_probabilities(known)
    view.wanted.setValue(90)
    view.prevalence.setValue(5.0)
    expected = operating_point(known.is_melanoma, known.melanoma, 0.9)
    assert view.point == expected
    qtbot.waitUntil(lambda: f"{100 * expected.threshold:.1f} %" in said(view))
    text = said(view)
    assert f"{100 * expected.specificity:.1f} % (" in text
    assert f"\n{referrals_per_1000(expected, 0.05):.0f}\n" in text
    assert f"\n{missed_per_1000(expected, 0.05):.1f}" in text
    assert "of 200" in text


def test_slider_and_number_are_one(view: OperatingPointView) -> None:
    view.show_probabilities(answers(200, 600))
    specificities = []
    for wanted in (80, 90, 100):
        view.slider.setValue(wanted)
        assert view.wanted.value() == wanted
        assert view.point is not None
        assert view.point.sensitivity >= wanted / 100
        specificities.append(view.point.specificity)
    assert specificities == sorted(specificities, reverse=True)
    assert specificities[0] > specificities[-1]


def test_few_melanomas_are_warned_of(view: OperatingPointView) -> None:
    view.show_probabilities(answers(200, 600))
    assert view._few.text == ""
    view.show_probabilities(answers(25, 600))
    assert "Only 25" in view._few.text
    assert "4.0 percentage points" in view._few.text


@pytest.mark.parametrize(("known", "expected"), [(None, "no calibration images"), (answers(0, 50), "takes melanomas")])
def test_why_there_is_no_point_is_said(
    view: OperatingPointView, known: CalibrationProbabilities | None, expected: str
) -> None:
    view.show_probabilities(known)
    assert view.point is None
    assert expected in view._few.text
    assert not view.slider.isEnabled()
    assert view.section() is None


def test_the_curve_is_drawn_after_a_moment(qtbot: QtBot, view: OperatingPointView) -> None:
    view.show_probabilities(answers(200, 600))
    qtbot.waitUntil(lambda: view.figure.figure is not None)
    first = view.figure.figure
    view.slider.setValue(85)
    qtbot.waitUntil(lambda: view.figure.figure is not first)
