from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from core.evaluation.exact_bounds import chance_of_at_most, lower_bound, trials_without_error, upper_bound


@pytest.mark.parametrize(("errors", "trials"), [(0, 1), (0, 59), (1, 59), (7, 80), (79, 80)])
def test_at_the_upper_bound_so_few_errors_have_a_chance_of_five_percent(errors: int, trials: int) -> None:
    assert binom.cdf(errors, trials, upper_bound(errors, trials)) == pytest.approx(0.05)


@pytest.mark.parametrize(("errors", "trials"), [(1, 1), (1, 59), (7, 80), (80, 80)])
def test_at_the_lower_bound_so_many_errors_have_a_chance_of_five_percent(errors: int, trials: int) -> None:
    assert binom.sf(errors - 1, trials, lower_bound(errors, trials)) == pytest.approx(0.05)


def test_the_edges() -> None:
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(5, 5) == 1.0
    assert lower_bound(0, 0) == 0.0
    assert lower_bound(0, 9) == 0.0


@pytest.mark.parametrize(("share", "needed"), [(0.05, 59), (0.10, 29), (0.01, 299)])
def test_so_many_trials_without_an_error_bear_a_share_out_and_one_less_does_not(share: float, needed: int) -> None:
    assert trials_without_error(share) == needed
    assert upper_bound(0, needed) <= share < upper_bound(0, needed - 1)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.3])
def test_the_bound_holds_the_true_share_as_often_as_it_says(share: float) -> None:
    errors = np.random.default_rng(3).binomial(60, share, 4000)
    bounds = {count: upper_bound(int(count), 60) for count in np.unique(errors)}
    assert np.mean([bounds[count] >= share for count in errors]) >= 0.95 - 0.01


def test_the_chance_of_so_few_errors_is_the_binomial_one() -> None:
    errors, trials = np.array([0, 0, 2, 3, 25, 300, 5]), np.array([1, 22, 22, 60, 400, 2500, 5])
    found = chance_of_at_most(errors, trials, 0.1)
    assert found == pytest.approx(binom.cdf(errors, trials, 0.1), rel=1e-9)
    assert found[-1] == 1.0
