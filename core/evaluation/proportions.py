"""How many of how many, with what another draw of the same kind of images could have made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.intervals import Interval, quantile, score_interval
from core.evaluation.resampling import group_indices, knows_groups


@dataclass(frozen=True)
class Proportion:
    """`count` of `of` images; `interval` is its 95 % interval over groups of images, None with fewer than two."""

    count: int
    of: int
    interval: Interval | None = None

    @property
    def value(self) -> float | None:
        """In 0..1; None of no images."""
        return self.count / self.of if self.of else None


def proportion(flags: NDArray[np.bool_], groups: Sequence[str] | None = None) -> Proportion:
    """How many of the flags (n,) are set. `groups` names which images belong together, as for `bootstrap_scores`.

    The interval is Wilson's (`core.evaluation.intervals.score_interval`) with the standard error of a ratio over groups
    (Cochran, Sampling Techniques, 1977, section 3.12), and Student's t for as many groups.
    """
    count, total = int(flags.sum()), len(flags)
    group = group_indices(groups, total)
    number = int(group.max()) + 1 if total else 0
    if number < 2:
        return Proportion(count, total)
    value = count / total
    apart = np.bincount(group, weights=flags - value)
    deviation = math.sqrt(float((apart**2).sum()) * number / (number - 1)) / total
    reach = quantile(number, by_group=knows_groups(groups))
    return Proportion(count, total, score_interval(value, deviation, total, number, reach))
