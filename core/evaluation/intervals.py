"""95 % intervals of scores and of their differences: how much another draw of test images could have changed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.evaluation.metrics import ScoreArrays, score_arrays
from core.evaluation.resampling import RESAMPLES, counted, knows_groups, resampled, strata

OVERALL = ("weighted_f1", "accuracy", "balanced_accuracy", "macro_f1")
"""The scores over all classes, by the names of `Scores` and `ScoreArrays`."""

FEWEST_DIFFERING = 6
"""Two runs that differ on fewer groups of images can not be told apart: of five, all in favour of one, the exact sign
test says p = 0.06."""

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Interval:
    """The bounds of a 95 % interval, in the unit of the score (fractions)."""

    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Whether 0 lies in it, bounds included."""
        return self.low <= 0.0 <= self.high


@dataclass(frozen=True)
class ScoreIntervals:
    """Intervals of the scores of one run; None where the score is undefined or nothing could be resampled.

    `per_class_f1` and `per_class_auc` are in the order of the classes; `melanoma_sensitivity` is the recall of
    melanoma, None too where no class is that. Those of AUC are known only where probabilities are. `by_group` tells
    whether whole groups of images were resampled (`core.evaluation.resampling`).
    """

    weighted_f1: Interval | None
    accuracy: Interval | None
    macro_f1: Interval | None
    balanced_accuracy: Interval | None
    per_class_f1: tuple[Interval | None, ...]
    melanoma_sensitivity: Interval | None
    resamples: int
    by_group: bool
    per_class_auc: tuple[Interval | None, ...] = ()
    macro_auc: Interval | None = None


def bootstrap_scores(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    classes: ClassSet,
    groups: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> ScoreIntervals:
    """Intervals of the scores of predicted classes (n,) for labels (n,): Wilson's, with bootstrap standard errors.

    Every resample draws, class by class, as many groups as the class has, with replacement, and takes all images of
    a drawn group (`groups`, "" for an image of which nothing is known: it stands for itself). So the counts per class
    stay as they are where a group has one image, and nearly so otherwise. The standard deviation of a score over the
    resamples says how many independent images it is worth, and `score_interval` makes the interval. F1 is taken as
    2 J / (1 + J) of J = TP / (TP + FP + FN), a share of the images that concern the class (Lam, Gopal, Qian,
    arXiv:2309.14621). By simulation such intervals hold the truth more evenly than percentiles of the resamples, above
    all for classes of few images and where the model is right on nearly all (`tests/benchmarks/coverage.py`).
    They say nothing about another training of the same model. A class with fewer than two groups has no interval:
    there is nothing to draw.
    """
    found = strata(labels, [predicted], groups, len(classes))
    drawn = score_arrays(resampled(found, runs=1, classes=len(classes), resamples=resamples, seed=seed)[:, 0])
    counts, by_group, melanoma = counted(labels, predicted, len(classes)), knows_groups(groups), classes.melanoma
    known = {stratum.label: stratum.groups for stratum in found if stratum.groups > 1}
    of_f1 = [
        _f1_interval(counts[:, k], drawn.f1[:, k], known[k], by_group) if k in known else None
        for k in range(len(classes))
    ]
    sensitivity = None
    if melanoma in known:
        recall, own = score_arrays(counts).recall[melanoma], known[melanoma]
        reach = quantile(own, by_group=by_group)
        sensitivity = score_interval(recall, _deviation(drawn.recall[:, melanoma]), counts[1, melanoma], own, reach)
    number = sum(stratum.groups for stratum in found)
    return ScoreIntervals(
        **_overall(counts, drawn, number, by_group) if known else dict.fromkeys(OVERALL),
        per_class_f1=tuple(of_f1),
        melanoma_sensitivity=sensitivity,
        resamples=resamples,
        by_group=by_group,
    )


def quantile(groups: int, *, by_group: bool) -> float:
    """How many standard errors a 95 % interval reaches: those of a normal deviate, and of Student's t where a standard
    error is that of so many `groups` of images, 2 or more."""
    from scipy.special import ndtri, stdtrit

    return float(stdtrit(groups - 1, 0.975) if by_group else ndtri(0.975))


def score_interval(score: float, deviation: float, images: float, groups: float, reach: float) -> Interval:
    """Wilson's interval (Journal of the American Statistical Association 22, 1927) of a score in 0..1 with a standard
    error `deviation` (0 and up): that of a share of so many independent images as would have this standard error. They
    are at most the `images` that there are, and their `groups` where nothing varies. `reach` is a `quantile`. It lies
    in 0..1 and has a width even where a model is right on every image."""
    variance = score * (1 - score)
    worth = min(images, variance / deviation**2) if deviation > _ROUNDING and variance > 0 else groups
    worth, square = max(worth, 1.0), reach**2
    middle = score + square / (2 * worth)
    half = reach * np.sqrt(variance / worth + square / (4 * worth**2))
    low, high = ((middle + side * half) / (1 + square / worth) for side in (-1, 1))
    return Interval(float(max(low, 0.0)), float(min(high, 1.0)))


def redrawn_variance(differing: int, resamples: int, seed: Sequence[int]) -> NDArray[np.float64]:
    """The variance of a difference as other test images would have estimated it, relative to the true one (resamples,).

    It rests on the groups on which two runs differ. Their number is Poisson's, so the estimate varies as a chi-squared
    one of twice as many degrees of freedom: Student's t, which for six images won and none lost is the exact test's."""
    freedom = 2 * max(differing, 1)
    return np.random.default_rng(seed).chisquare(freedom, resamples) / freedom


def difference_interval(difference: float, half: float, differing: int) -> Interval | None:
    """The interval of a difference of scores, `half` to either side: the one rule for what may be chance, which is a
    difference whose interval holds 0. Runs that differ on fewer than `FEWEST_DIFFERING` groups of images are not told
    apart: then it holds 0. None where `half` is infinite."""
    if not np.isfinite(half):
        return None
    low, high = (0.0 if abs(bound) < _ROUNDING else float(bound) for bound in (difference - half, difference + half))
    return Interval(min(low, 0.0), max(high, 0.0)) if differing < FEWEST_DIFFERING else Interval(low, high)


def _overall(counts: NDArray[np.float64], drawn: ScoreArrays, groups: int, by_group: bool) -> dict[str, Interval]:
    measured, images, reach = score_arrays(counts), float(counts[1].sum()), quantile(groups, by_group=by_group)
    return {
        name: score_interval(float(getattr(measured, name)), _deviation(getattr(drawn, name)), images, groups, reach)
        for name in OVERALL
    }


def _f1_interval(counts: NDArray[np.float64], drawn: NDArray[np.float64], groups: int, by_group: bool) -> Interval:
    """From a class's images: right, labelled and predicted so (3,); its F1 in each resample; its groups."""
    right, labelled, predicted = counts.tolist()
    concerned = labelled + predicted - right
    alone, reach = groups * concerned / max(labelled, 1), quantile(groups, by_group=by_group)
    found = score_interval(right / concerned, _deviation(drawn / (2 - drawn)), concerned, alone, reach)
    return Interval(*(2 * bound / (1 + bound) for bound in (found.low, found.high)))


def _deviation(drawn: NDArray[np.float64]) -> float:
    """The standard deviation of what is defined of resampled scores (resamples,); 0 of fewer than two."""
    known = drawn[~np.isnan(drawn)]
    return float(known.std(ddof=1)) if len(known) > 1 else 0.0


def intervals_to_json(intervals: ScoreIntervals, classes: ClassSet) -> dict[str, Any]:
    """The intervals as [low, high] by the names of the scores, those of classes by code, None where unknown; that of
    melanoma only where it is one of `classes`, those of AUC where they are known. `by_lesion` (the name of the first
    version) is whether whole groups of images were resampled: patients, lesions, near-copies."""
    per_class = {"per_class_f1": intervals.per_class_f1, "per_class_auc": intervals.per_class_auc}
    melanoma = {"melanoma_sensitivity": interval_to_json(intervals.melanoma_sensitivity)}
    return {
        "level": 0.95,
        "resamples": intervals.resamples,
        "by_lesion": intervals.by_group,
        **{name: interval_to_json(getattr(intervals, name)) for name in OVERALL},
        **(melanoma if classes.melanoma is not None else {}),
        **({"macro_auc": interval_to_json(intervals.macro_auc)} if intervals.per_class_auc else {}),
        **{
            name: {code: interval_to_json(each) for code, each in zip(classes.codes, found, strict=True)}
            for name, found in per_class.items()
            if found
        },
    }


def interval_to_json(interval: Interval | None) -> list[float] | None:
    """[low, high], or None."""
    return None if interval is None else [interval.low, interval.high]
