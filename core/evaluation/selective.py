"""The diagnosis given, or not: a threshold on its confidence below which it is withheld, and what that costs.

Selective classification (Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", 2017) with the
threshold chosen by Learn then Test, fixed-sequence testing (Angelopoulos, Bates, Candès, Jordan, Lei, 2021, sections 2
and 3): thresholds are tested from the highest on, each by the exact binomial p-value of "of the diagnoses above it more
than so many are wrong", until one is not rejected. The last rejected one is taken: with probability `level` over draws
of the calibration lesions, at most the share `most_wrong` of the diagnoses given on new lesions is wrong.

The thresholds are the calibration lesions' own confidences. Of the lesions above a given one, the wrong ones are
binomial; and the first threshold that is not good enough is passed with a chance of 1 - `level` at most where
diagnoses of less confidence are not more often right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.exact_bounds import trials_without_error

MOST_WRONG = 0.10
"""The share of wrong ones among the diagnoses given that is promised not to be passed."""

_TIE = 1e-6  # as in `prediction_sets`: batches of another size round so much
_FIRST = 0.1  # of the lesions are above the first threshold tested: with fewer one chance error would end the sequence


@dataclass(frozen=True)
class SelectiveThreshold:
    """Diagnoses of at least `confidence` (0..1) are given; None: no threshold bears the promise out, none is given.

    Chosen on `lesions`, of which `given` were above it and `wrong` of these wrong.
    """

    confidence: float | None
    lesions: int
    given: int = 0
    wrong: int = 0

    def gives(self, confidences: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the confidences (n,) are enough."""
        least = math.inf if self.confidence is None else self.confidence - _TIE
        return np.asarray(confidences, np.float64) >= least


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The share of wrong ones among the diagnoses given against the share of lesions that get one: both (n,), in 0..1,
    from the surest lesion alone to all of them; lesions of equal confidence come together."""

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]


def selective_threshold(
    confidences: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    level: float,
    most_wrong: float = MOST_WRONG,
) -> SelectiveThreshold:
    """The threshold for diagnoses of confidences (n,) in 0..1, of which some are `wrong` (n,), at a level and a share
    in 0..1 (both out)."""
    from scipy.stats import binom

    order, given = _ranked(confidences)
    errors = np.cumsum(np.asarray(wrong, np.bool_)[order])
    first = max(trials_without_error(most_wrong, level), math.ceil(_FIRST * len(order)))
    chosen = SelectiveThreshold(None, len(order))
    for count in given[given >= first].tolist():
        if binom.cdf(errors[count - 1], count, most_wrong) > 1 - level:
            break
        chosen = SelectiveThreshold(
            float(confidences[order[count - 1]]), len(order), given=count, wrong=int(errors[count - 1])
        )
    return chosen


def risk_coverage(confidences: NDArray[np.float64], wrong: NDArray[np.bool_]) -> RiskCoverage:
    """The curve of diagnoses of confidences (n,), of which some are `wrong` (n,); empty without any."""
    order, given = _ranked(confidences)
    errors = np.cumsum(np.asarray(wrong, np.bool_)[order])
    return RiskCoverage(given / max(len(order), 1), errors[given - 1] / np.maximum(given, 1))


def _ranked(confidences: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices from the surest on, and how many of them are at or above each different confidence (m,)."""
    order = np.argsort(-np.asarray(confidences, np.float64), kind="stable")
    ranked = np.asarray(confidences, np.float64)[order]
    ends = np.append(ranked[:-1] - ranked[1:] > _TIE, True)[: len(ranked)]
    return order, np.flatnonzero(ends) + 1
