from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.selective import SelectiveThreshold, risk_coverage, selective_threshold


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
