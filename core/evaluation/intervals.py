"""95 % intervals of scores by bootstrap: how much another draw of test images could have changed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.evaluation.metrics import score_arrays
from core.evaluation.resampling import RESAMPLES, drawable, knows_lesions, resampled, strata

OVERALL = ("weighted_f1", "accuracy", "balanced_accuracy", "macro_f1")
"""The scores over all classes, by the names of `Scores` and `ScoreArrays`."""


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

    `per_class_f1` is in the order of the classes; `melanoma_sensitivity` is the recall of melanoma, None too where no
    class is that. `by_lesion` tells whether whole lesions were resampled.
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
    classes: ClassSet,
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
    With few lesions the intervals come out somewhat too narrow, and without any width where the model is right (or
    wrong) on all of them: no resample can show what the images do not.
    """
    found = strata(labels, [predicted], groups, len(classes))
    values = score_arrays(resampled(found, runs=1, classes=len(classes), resamples=resamples, seed=seed)[:, 0])
    per_class = drawable(found, len(classes))
    melanoma = classes.melanoma
    overall = {name: getattr(values, name) for name in OVERALL}
    return ScoreIntervals(
        **{name: percentile_interval(array) if per_class.any() else None for name, array in overall.items()},
        per_class_f1=tuple(
            percentile_interval(values.f1[:, k]) if known else None for k, known in enumerate(per_class)
        ),
        melanoma_sensitivity=(
            None if melanoma is None or not per_class[melanoma] else percentile_interval(values.recall[:, melanoma])
        ),
        resamples=resamples,
        by_lesion=knows_lesions(groups),
    )


def percentile_interval(values: NDArray[np.float64]) -> Interval | None:
    """The 2.5th and 97.5th percentiles of what is defined in values (resamples,); None when nothing is."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(low), float(high))


def intervals_to_json(intervals: ScoreIntervals, classes: ClassSet) -> dict[str, Any]:
    """The intervals as [low, high] by the names of the scores, `per_class_f1` by code, None where unknown; that of
    melanoma only where it is one of `classes`."""
    per_class = zip(classes.codes, intervals.per_class_f1, strict=True)
    melanoma = {"melanoma_sensitivity": interval_to_json(intervals.melanoma_sensitivity)}
    return {
        "level": 0.95,
        "resamples": intervals.resamples,
        "by_lesion": intervals.by_lesion,
        **{name: interval_to_json(getattr(intervals, name)) for name in OVERALL},
        **(melanoma if classes.melanoma is not None else {}),
        "per_class_f1": {code: interval_to_json(interval) for code, interval in per_class},
    }


def interval_to_json(interval: Interval | None) -> list[float] | None:
    """[low, high], or None."""
    return None if interval is None else [interval.low, interval.high]
