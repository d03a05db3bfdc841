"""Where to put the melanoma threshold: what a wanted sensitivity costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import SkinKDError
from core.evaluation.intervals import Interval


@dataclass(frozen=True)
class OperatingPoint:
    """Refer an image when its melanoma probability is at least `threshold` (0..1).

    `sensitivity` is the share of `melanomas` referred, `specificity` the share of `others` not referred, both with 95 %
    Wilson intervals.
    """

    threshold: float
    sensitivity: float
    sensitivity_interval: Interval
    specificity: float
    specificity_interval: Interval
    melanomas: int
    others: int


def operating_point(
    melanoma: NDArray[np.bool_], melanoma_probability: NDArray[np.floating], sensitivity: float
) -> OperatingPoint:
    """The highest threshold that refers at least the share `sensitivity` (0..1] of the melanomas.

    `melanoma` (n,) tells which images are melanomas, `melanoma_probability` (n,) is in 0..1. Measured on the images
    given: on those that the threshold is chosen with it comes out a little too good. Raises `SkinKDError` without
    melanomas or without other images, ValueError for a sensitivity outside 0..1.
    """
    if not 0 < sensitivity <= 1:
        raise ValueError(f"a sensitivity of {sensitivity}")
    ill = np.asarray(melanoma, np.bool_)
    shares = np.asarray(melanoma_probability, np.float64)
    _check_both(ill)
    ranked = np.sort(shares[ill])[::-1]
    threshold = float(ranked[max(math.ceil(sensitivity * len(ranked) - 1e-9), 1) - 1])
    return applied(threshold, ill, shares)


def applied(
    threshold: float, melanoma: NDArray[np.bool_], melanoma_probability: NDArray[np.floating]
) -> OperatingPoint:
    """What a `threshold` (0..1) that was chosen before does on these images: melanoma (n,) and probabilities (n,) as
    for `operating_point`. Raises `SkinKDError` without melanomas or without other images."""
    ill = np.asarray(melanoma, np.bool_)
    flagged = np.asarray(melanoma_probability, np.float64) >= threshold
    _check_both(ill)
    caught, spared = int(flagged[ill].sum()), int((~flagged[~ill]).sum())
    melanomas, others = int(ill.sum()), int((~ill).sum())
    return OperatingPoint(
        threshold,
        sensitivity=caught / melanomas,
        sensitivity_interval=wilson(caught, melanomas),
        specificity=spared / others,
        specificity_interval=wilson(spared, others),
        melanomas=melanomas,
        others=others,
    )


def _check_both(ill: NDArray[np.bool_]) -> None:
    if not ill.any() or ill.all():
        raise SkinKDError(
            "No operating point",
            f"It takes melanomas and other images to choose one; there are {int(ill.sum())} and {int((~ill).sum())}.",
        )


def referrals_per_1000(point: OperatingPoint, prevalence: float) -> float:
    """Expected referrals among 1,000 people when a share `prevalence` (0..1) of them has melanoma:
    1000 (p sensitivity + (1 - p) (1 - specificity)). Raises ValueError outside 0..1."""
    if not 0 <= prevalence <= 1:
        raise ValueError(f"a prevalence of {prevalence}")
    return 1000 * (prevalence * point.sensitivity + (1 - prevalence) * (1 - point.specificity))


def missed_per_1000(point: OperatingPoint, prevalence: float) -> float:
    """Expected melanomas not referred among 1,000 people: 1000 p (1 - sensitivity). Raises ValueError as above."""
    if not 0 <= prevalence <= 1:
        raise ValueError(f"a prevalence of {prevalence}")
    return 1000 * prevalence * (1 - point.sensitivity)


def wilson(successes: int, trials: int) -> Interval:
    """The 95 % score interval of a share (Wilson 1927). `trials` is at least 1."""
    z, share = 1.959963984540054, successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))
