"""95 % intervals of scores by bootstrap: how much another draw of test images could have changed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.resampling import RESAMPLES, ScoreArrays, confusions, score_arrays


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

    `per_class_f1` is in the order of `CLASS_CODES`; `melanoma_sensitivity` is the recall of MEL. `by_lesion` tells
    whether whole lesions were resampled.
    """

    weighted_f1: Interval | None
    accuracy: Interval | None
    macro_f1: Interval | None
    balanced_accuracy: Interval | None
    per_class_f1: tuple[Interval | None, ...]
    melanoma_sensitivity: Interval | None
    resamples: int
    by_lesion: bool


def bootstrap_scores(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    groups: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> ScoreIntervals:
    """Percentile intervals for predicted classes (n,) of labels (n,).

    Every resample draws, class by class, as many lesions as the class has, with replacement, and takes all images of
    a drawn lesion (`groups`, "" for an image whose lesion is not known: it stands for itself). So the counts per class
    stay as they are where a lesion has one image, and nearly so otherwise. The bounds are the 2.5th and 97.5th
    percentiles (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3). They say nothing about
    another training of the same model. A class with fewer than two lesions has no interval: there is nothing to draw.
    """
    values = score_arrays(confusions(labels, [predicted], groups, resamples=resamples, seed=seed)[:, 0])
    drawable = drawable_classes(labels, groups)
    return ScoreIntervals(
        **overall_intervals(values, bool(drawable.any())),
        per_class_f1=tuple(percentile_interval(values.f1[:, k]) if drawable[k] else None for k in range(len(drawable))),
        melanoma_sensitivity=percentile_interval(values.recall[:, 0]) if drawable[0] else None,
        resamples=resamples,
        by_lesion=knows_lesions(groups),
    )


def overall_intervals(values: ScoreArrays, drawable: bool) -> dict[str, Interval | None]:
    """Intervals of the scores over all classes."""
    arrays = {name: getattr(values, name) for name in ("weighted_f1", "accuracy", "macro_f1", "balanced_accuracy")}
    return {name: percentile_interval(array) if drawable else None for name, array in arrays.items()}


def percentile_interval(values: NDArray[np.float64]) -> Interval | None:
    """The 2.5th and 97.5th percentiles of what is defined in values (resamples,); None when nothing is."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(low), float(high))


def drawable_classes(labels: NDArray[np.int64], groups: Sequence[str] | None) -> NDArray[np.bool_]:
    """Per class (8,), whether it has at least two lesions to draw from."""
    from core.data.types import CLASS_CODES
    from core.evaluation.resampling import strata

    lesions = {stratum.label: stratum.lesions for stratum in strata(labels, [], groups)}
    return np.array([lesions.get(k, 0) > 1 for k in range(len(CLASS_CODES))])


def knows_lesions(groups: Sequence[str] | None) -> bool:
    """Whether any image's lesion is known, so that lesions are resampled."""
    return groups is not None and any(groups)
