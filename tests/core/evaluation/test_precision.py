"""Planning: what a study can see, against the power of such a test and against simulated studies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from core.evaluation.precision import (
    DISCORDANT,
    SEED_SPREAD,
    enough_seeds,
    images_to_see,
    seeds_to_see,
    visible_difference,
)


def power(difference: float, images: int, seeds: int, comparisons: int) -> float:
    error = math.sqrt(DISCORDANT / images + 2 * SEED_SPREAD**2 / seeds)
    return float(norm.sf(norm.isf(0.025 / comparisons) - difference / error))


@pytest.mark.parametrize("difference", [0.005, 0.01, 0.02])
@pytest.mark.parametrize(("seeds", "comparisons"), [(60, 1), (200, 20)])
def test_the_number_of_images_is_the_smallest_that_sees_it(difference: float, seeds: int, comparisons: int) -> None:
    needed = images_to_see(difference, seeds, comparisons=comparisons)
    assert needed is not None
    assert power(difference, needed, seeds, comparisons) >= 0.8 > power(difference, needed - 1, seeds, comparisons)


@pytest.mark.parametrize(("difference", "images"), [(0.01, 50_000), (0.02, 10_000)])
def test_the_number_of_seeds_is_the_smallest_that_sees_it(difference: float, images: int) -> None:
    needed = seeds_to_see(difference, images, comparisons=12)
    assert needed is not None
    assert power(difference, images, needed, 12) >= 0.8 > power(difference, images, needed - 1, 12)
    assert seeds_to_see(difference, 100) is None


def test_what_is_seen_is_what_just_needs_so_many_images() -> None:
    seen = visible_difference(2500, 5, comparisons=3)
    assert power(seen, 2500, 5, 3) == pytest.approx(0.8)
    assert images_to_see(seen * 1.0001, 5, comparisons=3) == 2500


def test_with_enough_seeds_they_and_the_images_share_the_variance() -> None:
    seeds = enough_seeds(0.01)
    images = images_to_see(0.01, seeds)
    assert images is not None
    assert 2 * SEED_SPREAD**2 / seeds == pytest.approx(DISCORDANT / images, rel=0.1)


def test_few_seeds_never_see_a_small_difference() -> None:
    assert images_to_see(0.005, 3) is None


def test_four_of_five_simulated_studies_find_what_was_promised() -> None:
    rng, difference, discordant = np.random.default_rng(0), 0.025, 0.15
    images = images_to_see(difference, 1, discordant=discordant, seed_spread=0.0)
    assert images is not None
    split = rng.multinomial(
        images, [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant], 4000
    )
    z_values = (split[:, 0] - split[:, 1]) / np.sqrt(split[:, 0] + split[:, 1])
    assert np.mean(z_values > 1.959964) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("difference", "seeds", "comparisons"), [(0.0, 1, 1), (0.01, 0, 1), (0.01, 1, 0)])
def test_nothing_to_plan_is_refused(difference: float, seeds: int, comparisons: int) -> None:
    with pytest.raises(ValueError, match="above 0"):
        images_to_see(difference, seeds, comparisons=comparisons)
