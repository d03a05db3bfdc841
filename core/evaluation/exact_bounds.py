"""Exact bounds of a share that was counted: how large, or small, it may be in truth (Clopper and Pearson, "The Use of
Confidence or Fiducial Limits Illustrated in the Case of the Binomial", Biometrika 26, 1934).

One-sided: what a promise needs is that its share of errors is not larger than so much.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
"""How often such a bound holds the true share, at least."""

_ROUNDING = 1e-9


def upper_bound(errors: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The largest share (0..1) under which `errors` or fewer of independent `trials` are not rarer than 1 -
    `confidence`: the true share lies above in at most 1 - `confidence` of samples. 1 without trials."""
    from scipy.special import betaincinv

    return 1.0 if errors >= trials else float(betaincinv(errors + 1, trials - errors, confidence))


def lower_bound(errors: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The smallest share (0..1) under which `errors` or more of `trials` are not rarer than 1 - `confidence`; 0 without
    errors."""
    from scipy.special import betaincinv

    return 0.0 if errors <= 0 else float(betaincinv(errors, trials - errors + 1, 1 - confidence))


def trials_without_error(share: float, confidence: float = CONFIDENCE) -> int:
    """How many trials without an error it takes until `upper_bound` is at most `share` (between 0 and 1, both out): 59
    for 5 %. Solves (1 - share)^n <= 1 - confidence."""
    return math.ceil(math.log1p(-confidence) / math.log1p(-share) - _ROUNDING)


def chance_of_at_most(
    errors: NDArray[np.integer[Any]], trials: NDArray[np.integer[Any]], share: float
) -> NDArray[np.float64]:
    """How probable so few `errors` (n,) of independent `trials` (n,) are, each wrong with the probability `share`: the
    binomial distribution function (n,), the exact p-value of "the true share is at least so large"."""
    from scipy.special import betaincc  # scipy.stats has it too, and takes a second to import

    right = np.maximum(trials - errors, 1)
    return np.where(errors >= trials, 1.0, betaincc(errors + 1, right, share))
