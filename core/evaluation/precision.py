"""How many test images and trainings it takes to see a difference: to be asked before training, not after.

Of two models tested on the same images only those count that one of them alone got right (McNemar); of several
trainings of a configuration, how much they differ among themselves. Both are guesses before the first run, and are
taken from runs that there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

DISCORDANT = 0.15
"""Share of test images that one of two similar students alone gets right, where no runs tell it."""

SEED_SPREAD = 0.008
"""Standard deviation of the score between trainings that differ in the seed alone, where no runs tell it."""

_SUM_OF_QUANTILES = float(ndtri(0.975) + ndtri(0.8))
"""A two-sided test at 5 % that finds a true difference in 80 % of studies."""


@dataclass(frozen=True)
class Precision:
    """What a study with `images` independent test images (lesions) and `seeds` trainings on either side can see:
    `detectable` is the difference in score (fraction) found in 80 % of such studies, at 5 % false alarms."""

    images: int
    seeds: int
    detectable: float


def precision(
    images: int, seeds: int, *, discordant: float = DISCORDANT, seed_spread: float = SEED_SPREAD, comparisons: int = 1
) -> Precision:
    """The difference that a study can see, both counts from 1. `comparisons` with one baseline share the 5 %
    (Bonferroni: a little too careful). Raises ValueError for counts below 1."""
    if min(images, seeds, comparisons) < 1:
        raise ValueError(f"expected at least 1 image, seed and comparison, not {images}, {seeds}, {comparisons}")
    error = math.sqrt(discordant / images + 2 * seed_spread**2 / seeds)
    return Precision(images, seeds, _quantiles(comparisons) * error)


def images_to_see(
    difference: float,
    seeds: int,
    *,
    discordant: float = DISCORDANT,
    seed_spread: float = SEED_SPREAD,
    comparisons: int = 1,
) -> int | None:
    """The smallest number of independent test images with which a study sees `difference` (a fraction above 0); None
    where so few trainings never see it, whatever the number of images. Raises ValueError for counts below 1."""
    if min(seeds, comparisons) < 1 or difference <= 0:
        raise ValueError(f"expected a difference above 0 and at least 1 seed, not {difference}, {seeds}")
    left = (difference / _quantiles(comparisons)) ** 2 - 2 * seed_spread**2 / seeds
    return math.ceil(discordant / left) if left > 0 else None


def _quantiles(comparisons: int) -> float:
    if comparisons == 1:
        return _SUM_OF_QUANTILES
    return float(ndtri(1 - 0.025 / comparisons) + ndtri(0.8))
