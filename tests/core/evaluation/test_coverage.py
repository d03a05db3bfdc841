"""How often intervals hold the truth in simulated test sets; `tests/benchmarks/coverage.py` does it at length."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.evaluation.simulated import Population, coverage

TRIALS = 200
ROOM = 2.5 * np.sqrt(0.05 * 0.95 / TRIALS)
"""Monte-Carlo standard errors of one coverage; there are some fifteen in each population."""


@pytest.mark.parametrize(
    "population",
    [Population((55, 154, 300), 1.5), Population((120, 160, 400), 1.5, together=2)],
    ids=["images", "lesions of two"],
)
def test_intervals_hold_the_truth_as_often_as_they_say_for_classes_of_50_and_more(population: Population) -> None:
    found = coverage(population, TRIALS)
    assert {"weighted_f1", "balanced_accuracy", "macro_auc", "error", "f1:MEL", "difference weighted_f1"} <= set(found)
    assert min(found.values()) >= 0.93 - ROOM, found
    assert 0.93 <= np.mean(list(found.values())) <= 0.97


def test_f1_of_ten_images_is_held_too() -> None:
    found = coverage(Population((10, 20, 154), 1.5), TRIALS)
    assert min(found["f1:MEL"], found["f1:NV"]) >= 0.93 - ROOM


def test_a_calibrated_model_is_not_said_to_have_an_error_for_certain() -> None:
    """Its error comes out at 5 points and more, of 154 images; percentiles of resamples would never hold 0."""
    assert coverage(Population((60, 94), 1.5, sureness=1.0), 100)["error"] >= 0.93
