"""Whether a model is right as often as it is sure, and the temperature that makes it so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.intervals import Interval
from core.evaluation.metrics import check_logits
from core.evaluation.resampling import RESAMPLES, group_indices

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.05, 20.0


@dataclass(frozen=True)
class ReliabilityBin:
    """The images with a confidence in (low, high]: their mean confidence and accuracy, None without images."""

    low: float
    high: float
    confidence: float | None
    accuracy: float | None
    count: int


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram's bins and the expected calibration error (0..1, 0 is best) of `images` images; `interval`
    is its 95 % interval, None of one group of images."""

    bins: tuple[ReliabilityBin, ...]
    expected_error: float
    images: int
    interval: Interval | None = None


def reliability(
    labels: NDArray[np.int64],
    logits: NDArray[np.floating[Any]],
    temperature: float = 1.0,
    bins: int = 15,
    groups: Sequence[str] | None = None,
) -> Reliability:
    """How often predictions of softmax(logits (n, classes) / temperature) are right, by how sure they are.

    The bins divide 0..1 evenly; confidence is the largest probability. The expected calibration error is the mean
    distance of accuracy and confidence over the bins, weighted by their images (Guo et al. 2017, equation 3). `groups`
    names which images belong together (as for `bootstrap_scores`), for the interval.
    Raises `SkinKDError` without images, or when a logit is not a finite number.
    """
    from scipy.special import softmax

    labels, logits = _checked(labels, logits)
    confidence = softmax(logits / temperature, axis=1).max(axis=1)
    right = logits.argmax(axis=1) == labels
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    sure, correct = (np.bincount(place, weights=values, minlength=bins) for values in (confidence, right))
    found = tuple(
        ReliabilityBin(
            k / bins,
            (k + 1) / bins,
            confidence=float(sure[k] / counts[k]) if counts[k] else None,
            accuracy=float(correct[k] / counts[k]) if counts[k] else None,
            count=int(counts[k]),
        )
        for k in range(bins)
    )
    error = float(np.abs(correct - sure).sum() / len(labels))
    return Reliability(found, error, len(labels), _error_interval(place, right - confidence, groups, bins))


def _error_interval(
    bin_of: NDArray[np.int64], gap: NDArray[np.float64], groups: Sequence[str] | None, bins: int
) -> Interval | None:
    """The interval of the expected calibration error of images in these bins (n,), with accuracy less confidence (n,).

    The distances of the bins are drawn anew from a normal distribution with the covariance of the groups' sums.
    Few images make the error too large: chance leaves no bin without a distance. So the lower bound is the 2.5th
    percentile less twice the excess that drawing anew adds, and 0 where a perfectly calibrated model would show as
    large an error in 1 of 40 test sets (consistency resampling: Broecker and Smith, Weather and Forecasting 22, 2007).
    By simulation it holds the error in 93 to 98 % of test sets; plain percentiles do in none where a model is well
    calibrated (`tests/benchmarks/coverage.py`).
    """
    group = group_indices(groups, len(gap))
    count, total = int(group.max()) + 1, len(gap)
    if count < 2:
        return None
    sums = np.zeros((count, bins))
    np.add.at(sums, (group, bin_of), gap)
    distances = sums.sum(axis=0) / total
    apart = sums - np.outer(np.bincount(group), distances)
    drawn = np.random.default_rng(0).standard_normal((RESAMPLES, bins)) @ _root(apart.T @ apart / total**2)
    anew, by_chance = np.abs(distances + drawn).sum(axis=1), np.abs(drawn).sum(axis=1)
    error = float(np.abs(distances).sum())
    low, high = np.percentile(anew, [2.5, 97.5])
    excess = max(float(anew.mean()) - error, 0.0)
    consistent = error <= np.percentile(by_chance, 97.5)
    return Interval(0.0 if consistent else float(np.clip(low - 2 * excess, 0.0, error)), float(max(high, error)))


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """A matrix whose product with its transpose is the covariance (bins, bins), which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    return root


def brier_score(labels: NDArray[np.int64], logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> float:
    """The mean squared distance of the probabilities softmax(logits (n, classes) / temperature) from the truth, summed
    over the classes: 0 is best, 2 worst (Brier 1950, equation 2). Raises as `reliability`."""
    from scipy.special import softmax

    labels, logits = _checked(labels, logits)
    probabilities = softmax(logits / temperature, axis=1)
    probabilities[np.arange(len(labels)), labels] -= 1
    return float((probabilities**2).sum(axis=1).mean())


def fit_temperature(labels: NDArray[np.int64], logits: NDArray[np.floating[Any]]) -> float:
    """The temperature T in 0.05..20 for which softmax(logits / T) has the smallest negative log-likelihood; logits are
    (n, classes).

    Guo et al. 2017, section 4.2. The likelihood has one minimum in 1/T; where it lies outside, the nearer bound is
    taken (a model that is right on every image would have T = 0). Dividing by T changes no prediction.
    Raises `SkinKDError` without images, or when a logit is not a finite number.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    labels, logits = _checked(labels, logits)
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logits / np.exp(log_temperature), axis=1)[rows, labels].mean())

    low, high = math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE)
    inside = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return math.exp(min((low, float(inside.x), high), key=loss))


def _checked(
    labels: NDArray[np.int64], logits: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    numbers = np.asarray(logits, np.float64)
    check_logits(labels, numbers)
    return np.asarray(labels), numbers
