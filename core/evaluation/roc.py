"""The ROC curve of one class against the rest, and what is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RocCurve:
    """Images called positive at every threshold, from none to all: `true` of `positives`, `false` of `negatives`.

    `thresholds` (t,) falls from +inf; an image counts as called when its value is at least the threshold. Images with
    equal values are called together, so ties give slanted steps. `true` and `false` (t,) begin at 0.
    """

    thresholds: NDArray[np.float64]
    true: NDArray[np.int64]
    false: NDArray[np.int64]

    @property
    def positives(self) -> int:
        """Images of the class."""
        return int(self.true[-1])

    @property
    def negatives(self) -> int:
        """Images of all other classes."""
        return int(self.false[-1])


def roc_curve(positive: NDArray[np.bool_], values: NDArray[np.float64]) -> RocCurve:
    """The curve of values (n,), larger where the class is likelier, for the truth positive (n,)."""
    thresholds, place = np.unique(-values, return_inverse=True)
    called = np.bincount(place, minlength=len(thresholds))
    true = np.bincount(place, weights=positive, minlength=len(thresholds)).astype(np.int64)
    start = np.zeros(1, np.int64)
    return RocCurve(
        np.concatenate([[np.inf], -thresholds]),
        np.concatenate([start, np.cumsum(true)]),
        np.concatenate([start, np.cumsum(called - true)]),
    )


def area(curve: RocCurve) -> float | None:
    """The area under the curve, 0..1: the chance that an image of the class has a larger value than another image,
    ties counting half (Mann and Whitney). None when the class is absent or alone."""
    if not curve.positives or not curve.negatives:
        return None
    doubled = int((np.diff(curve.false) * (curve.true[1:] + curve.true[:-1])).sum())
    return doubled / (2 * curve.positives * curve.negatives)


def area_influence(positive: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """How far each image moves the area under the curve: (n,), with a sum of 0, and a sum of squares that is the
    variance of the area (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988, for many images). None when the class
    is absent or alone."""
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return None
    ranks = _ranks(values)
    below = (ranks[positive] - _ranks(values[positive])) / negatives
    above = 1 - (ranks[~positive] - _ranks(values[~positive])) / positives
    moved = np.zeros(len(values))
    moved[positive] = (below - below.mean()) / positives
    moved[~positive] = (above - above.mean()) / negatives
    return moved


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rank of each value (n,) from 1, equals their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def sensitivity_at(curve: RocCurve, specificity: Fraction) -> float | None:
    """The highest sensitivity among all thresholds whose specificity is at least `specificity`.

    Thresholds are the values that occur, and +inf (nothing is called): points between them, which an interpolated curve
    would have, can not be chosen in practice and do not count. None when the class is absent or alone.
    """
    if not curve.positives or not curve.negatives:
        return None
    # In whole numbers: a rounded fraction must not shut out a threshold that lies exactly on the wanted specificity.
    wanted = curve.false * specificity.denominator <= curve.negatives * (
        specificity.denominator - specificity.numerator
    )
    return int(curve.true[wanted].max()) / curve.positives


def one_against_rest(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The log-odds ln(p / (1 - p)) of every class's softmax probability p, (n, classes).

    They order the images as the probabilities do, but still tell them apart where p is rounded to 1 or 0.
    """
    from scipy.special import logsumexp

    values = logits.astype(np.float64)
    # Sorted first, so that images with the same logits in another order get the same sum and stay tied.
    others = [logsumexp(np.sort(np.delete(values, k, axis=1), axis=1), axis=1) for k in range(values.shape[1])]
    odds: NDArray[np.float64] = values - np.stack(others, axis=1)
    return odds
