"""How many test images and trainings it takes to see a difference: to be asked before training, not after.

Of two models tested on the same images only those count that one of them alone got right (McNemar); of several
trainings of a configuration, how much they differ among themselves. Both are guesses before the first run, and are
taken from runs that there are.
"""

from __future__ import annotations

import math
from statistics import NormalDist

DISCORDANT = 0.15
"""Share of test images that one of two similar students alone gets right, where no runs tell it."""

SEED_SPREAD = 0.008
"""Standard deviation of the score between trainings that differ in the seed alone, where no runs tell it."""


def images_to_see(
    difference: float,
    seeds: int,
    *,
    discordant: float = DISCORDANT,
    seed_spread: float = SEED_SPREAD,
    comparisons: int = 1,
) -> int | None:
    """The smallest number of independent test images (lesions) with which 80 % of studies see a true `difference` (a
    fraction above 0) at 5 % false alarms, with `seeds` trainings on either side; None where so few trainings never see
    it, whatever the number of images. `comparisons` with one baseline share the 5 % (Bonferroni: a little too careful).
    Raises ValueError for counts below 1."""
    _check(difference, seeds, comparisons)
    left = (difference / _quantiles(comparisons)) ** 2 - 2 * seed_spread**2 / seeds
    return math.ceil(discordant / left) if left > 0 else None


def seeds_to_see(
    difference: float,
    images: int,
    *,
    discordant: float = DISCORDANT,
    seed_spread: float = SEED_SPREAD,
    comparisons: int = 1,
) -> int | None:
    """The smallest number of trainings on either side, as `images_to_see`; None where so few `images` never see it."""
    _check(difference, images, comparisons)
    left = (difference / _quantiles(comparisons)) ** 2 - discordant / images
    return math.ceil(2 * seed_spread**2 / left) if left > 0 else None


def enough_seeds(difference: float, *, seed_spread: float = SEED_SPREAD, comparisons: int = 1) -> int:
    """The trainings on either side with which those leave half of the variance to the test images, as `images_to_see`:
    fewer take many more images, more save few."""
    _check(difference, 1, comparisons)
    return max(1, math.ceil(4 * (seed_spread * _quantiles(comparisons) / difference) ** 2))


def visible_difference(
    images: int,
    seeds: int,
    *,
    discordant: float = DISCORDANT,
    seed_spread: float = SEED_SPREAD,
    comparisons: int = 1,
) -> float:
    """The smallest true difference (fraction) that 80 % of studies see, as `images_to_see`."""
    _check(1.0, min(images, seeds), comparisons)
    return _quantiles(comparisons) * math.sqrt(discordant / images + 2 * seed_spread**2 / seeds)


def _quantiles(comparisons: int) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - 0.025 / comparisons) + normal.inv_cdf(0.8)


def _check(difference: float, count: int, comparisons: int) -> None:
    if min(count, comparisons) < 1 or difference <= 0:
        raise ValueError(f"expected a difference above 0 and counts from 1, not {difference}, {count}, {comparisons}")
