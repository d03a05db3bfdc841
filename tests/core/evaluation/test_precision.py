"""Planning: what a study can see, against its own formula turned round and against simulated studies."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.precision import images_to_see, precision


def test_more_images_and_seeds_see_less() -> None:
    assert precision(800, 3).detectable > precision(8000, 3).detectable > precision(8000, 30).detectable
    assert precision(800, 3, comparisons=20).detectable > precision(800, 3).detectable


@pytest.mark.parametrize("difference", [0.005, 0.01, 0.02])
def test_the_number_of_images_is_the_smallest_that_sees_it(difference: float) -> None:
    needed = images_to_see(difference, 60)
    assert needed is not None
    assert precision(needed, 60).detectable <= difference < precision(needed - 1, 60).detectable


def test_few_seeds_never_see_a_small_difference() -> None:
    assert images_to_see(0.005, 3) is None


def test_four_of_five_simulated_studies_find_what_was_promised() -> None:
    rng, images, discordant = np.random.default_rng(0), 2000, 0.15
    found = precision(images, 1, discordant=discordant, seed_spread=0.0).detectable
    split = rng.multinomial(images, [(discordant + found) / 2, (discordant - found) / 2, 1 - discordant], 4000)
    z_values = (split[:, 0] - split[:, 1]) / np.sqrt(split[:, 0] + split[:, 1])
    assert np.mean(z_values > 1.959964) == pytest.approx(0.8, abs=0.03)


def test_nothing_to_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        precision(0, 1)
    with pytest.raises(ValueError, match="above 0"):
        images_to_see(0.0, 1)
