"""Reliability by hand, and the temperature against sklearn's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from core.errors import SkinKDError
from core.evaluation.calibration import brier_score, fit_temperature, reliability


def honest(rng: np.random.Generator, images: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels that are drawn from the softmax of the logits."""
    logits = rng.normal(size=(images, 8)) * 2
    return (logits + rng.gumbel(size=(images, 8))).argmax(axis=1), logits


class Ready(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted classifier for sklearn whose decision values are its input."""

    classes_ = np.arange(8)

    def fit(self, inputs: NDArray[np.float64], labels: NDArray[np.int64]) -> Ready:
        return self

    def decision_function(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        return inputs

    def predict(self, inputs: NDArray[np.float64]) -> NDArray[np.int64]:
        return inputs.argmax(axis=1)

    def __sklearn_is_fitted__(self) -> bool:
        return True


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_temperature_is_sklearns(factor: float) -> None:
    labels, logits = honest(np.random.default_rng(1), 800)
    logits = logits * factor
    theirs = CalibratedClassifierCV(FrozenEstimator(Ready()), method="temperature").fit(logits, labels)
    beta = theirs.calibrated_classifiers_[0].calibrators[0].beta_
    ours = fit_temperature(labels, logits)
    assert ours == pytest.approx(1 / beta, rel=2e-3)
    assert ours == pytest.approx(factor, rel=0.15)


def test_temperature_has_the_smallest_loss() -> None:
    labels, logits = honest(np.random.default_rng(2), 300)
    best = fit_temperature(labels, logits * 3)

    def loss(temperature: float) -> float:
        scaled = logits * 3 / temperature
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(300), labels]).mean())

    assert loss(best) < min(loss(best * 1.01), loss(best / 1.01))


def test_temperature_stays_in_its_bounds() -> None:
    labels = np.arange(40) % 8
    right = np.eye(8)[labels]
    assert fit_temperature(labels, right * 5) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature(labels, -right * 5) == pytest.approx(20.0, rel=1e-3)


def test_reliability_by_hand() -> None:
    # Confidence e^2 / (e^2 + 7) = 0.5135, right on one of two; and 1 / 8, right on none of two.
    logits = np.zeros((4, 8))
    logits[:2, 1] = 2.0
    found = reliability(np.array([1, 2, 3, 4]), logits, bins=10)
    sure = np.exp(2) / (np.exp(2) + 7)
    assert [(item.low, item.high, item.count) for item in found.bins if item.count] == [(0.1, 0.2, 2), (0.5, 0.6, 2)]
    assert found.bins[5].confidence == pytest.approx(sure)
    assert found.bins[5].accuracy == 0.5
    assert (found.bins[9].confidence, found.bins[9].accuracy) == (None, None)
    assert found.expected_error == pytest.approx((2 * abs(0.5 - sure) + 2 * 0.125) / 4)
    assert found.images == 4


def test_temperature_makes_an_overconfident_model_honest() -> None:
    rng = np.random.default_rng(3)
    labels, logits = honest(rng, 4000)
    before = reliability(labels, logits * 4)
    after = reliability(labels, logits * 4, fit_temperature(labels, logits * 4))
    assert before.expected_error > 0.1 > 0.03 > after.expected_error
    assert sum(item.count for item in after.bins) == 4000


def test_full_confidence_falls_into_the_last_bin() -> None:
    found = reliability(np.array([2]), np.eye(8)[[2]] * 900)
    assert found.bins[-1].count == 1
    assert found.expected_error == 0.0


def test_no_images_and_no_numbers_are_errors() -> None:
    with pytest.raises(SkinKDError, match="Nothing to score"):
        fit_temperature(np.array([], np.int64), np.zeros((0, 8)))
    with pytest.raises(SkinKDError, match="not a finite number"):
        reliability(np.array([1]), np.full((1, 8), np.nan))


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_the_brier_score_is_sklearns(temperature: float) -> None:
    from scipy.special import softmax
    from sklearn.metrics import brier_score_loss

    labels, logits = honest(np.random.default_rng(3), 200)
    expected = brier_score_loss(labels, softmax(logits / temperature, axis=1), labels=range(8), scale_by_half=False)
    assert brier_score(labels, logits, temperature) == pytest.approx(expected)


def test_the_brier_score_runs_from_0_to_2() -> None:
    sure = np.array([[100.0, 0.0], [100.0, 0.0]])
    assert brier_score(np.array([0, 0]), sure) == pytest.approx(0)
    assert brier_score(np.array([1, 1]), sure) == pytest.approx(2)
