from __future__ import annotations

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.evaluation.class_groups import BENIGN, MALIGNANT
from core.evaluation.decisions import LesionOutputs, RightOf
from core.evaluation.selective import GivenDiagnoses, SelectiveThreshold, risk_coverage, selective_threshold


def test_the_share_of_wrong_ones_is_passed_in_no_more_draws_than_promised() -> None:
    """A model that is right with its own confidence: the true share of wrong ones above a threshold is known."""
    generator, passed, given = np.random.default_rng(0), 0, []
    for _ in range(500):
        confidences = generator.uniform(0.5, 1, 400)
        found = selective_threshold(confidences, generator.random(400) > confidences, 0.9)
        if found.confidence is None:
            continue
        risk = 1 - (1 + found.confidence) / 2  # uniform above it
        passed += risk > 0.10
        given.append(1 - (found.confidence - 0.5) / 0.5)
    assert passed / 500 <= 0.10 + 0.02
    assert np.mean(given) > 0.15  # of the 40 % that could be given


@pytest.mark.parametrize("errors", [0.11, 0.3])
def test_a_model_that_is_wrong_more_often_gives_hardly_ever_a_diagnosis(errors: float) -> None:
    generator = np.random.default_rng(1)
    given = [
        selective_threshold(generator.random(300), generator.random(300) < errors, 0.9).confidence is not None
        for _ in range(400)
    ]
    assert np.mean(given) <= 0.10 + 0.03


def test_without_an_error_all_are_given_once_there_are_enough() -> None:
    few, enough = (selective_threshold(np.linspace(0.3, 1, n), np.zeros(n, bool), 0.9) for n in (21, 22))
    assert few == SelectiveThreshold(None, 21)
    assert enough == SelectiveThreshold(0.3, 22, given=22, wrong=0)
    assert enough.gives(np.array([0.29, 0.3, 0.3 - 1e-8])).tolist() == [False, True, True]
    assert not few.gives(np.array([1.0])).any()


def test_lesions_of_equal_confidence_are_given_together_or_not_at_all() -> None:
    confidences = np.concatenate([np.full(30, 0.9), np.full(30, 0.6)])
    wrong = np.arange(60) >= 40
    assert selective_threshold(confidences, wrong, 0.9) == SelectiveThreshold(0.9, 60, given=30, wrong=0)
    curve = risk_coverage(confidences, wrong)
    assert curve.coverage.tolist() == [0.5, 1.0]
    assert curve.risk == pytest.approx([0.0, 1 / 3])


def test_nothing_makes_nothing() -> None:
    nothing = np.zeros(0)
    assert selective_threshold(nothing, nothing.astype(bool), 0.9) == SelectiveThreshold(None, 0)
    assert len(risk_coverage(nothing, nothing.astype(bool)).coverage) == 0


def test_each_group_has_a_threshold_of_its_own_and_is_tested_by_itself() -> None:
    """Of the benign diagnoses all are right, of the malignant ones a third are wrong."""
    labels = np.repeat([1, 4, 0], [40, 40, 20])
    likeliest = np.repeat([1, 4, 0], [40, 30, 30])
    shares = np.full((100, 8), 0.02)
    shares[np.arange(100), likeliest] = 0.86
    lesions = LesionOutputs(labels, shares)
    made = GivenDiagnoses(CLASS_SETS["isic2019"], lesions, lesions, 0.9)
    assert made.thresholds == {
        BENIGN: SelectiveThreshold(0.86, 70, given=70),
        MALIGNANT: SelectiveThreshold(None, 30),
    }
    assert made.gives(shares).tolist() == [True] * 70 + [False] * 30
    assert (made.tally(1), made.tally(0)) == (RightOf(70, 70), RightOf(0, 0))
    assert (made.curve.coverage.tolist(), made.curve.risk.tolist()) == ([1.0], [0.1])


def test_a_model_without_a_test_has_no_curve_and_still_gives_diagnoses() -> None:
    rows = np.eye(8)[np.full(30, 1)]
    nothing = LesionOutputs(np.zeros(0, np.int64), np.zeros((0, 8)))
    made = GivenDiagnoses(CLASS_SETS["isic2019"], LesionOutputs(np.full(30, 1), rows), nothing, 0.9)
    assert made.gives(rows).all()
    assert made.tally(1) == RightOf(0, 0)
    assert len(made.curve.risk) == 0
