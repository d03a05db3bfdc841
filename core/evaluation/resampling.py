"""Bootstrap resamples of confusion matrices: stratified by class, whole lesions at a time, several runs at once.

A score of predicted classes needs nothing but the confusion matrix. Lesions with the same labels and predictions add
the same counts, so a resample is told by how often each such kind of lesion is drawn: a multinomial draw per class,
instead of one draw per image. That is the same distribution as drawing lesions one by one, only faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.data.types import CLASS_CODES

RESAMPLES = 2000
_CLASSES = len(CLASS_CODES)
_CELLS = _CLASSES * _CLASSES
_AT_ONCE = 250


@dataclass(frozen=True)
class Stratum:
    """The lesions of one class: `kinds` of lesions by what they add to the confusion matrices.

    `counts` (k,): how many lesions are of a kind; `added` (k, runs * 64): what one of them adds; `first` (k,): one
    lesion of each kind.
    """

    label: int
    counts: NDArray[np.int64]
    added: NDArray[np.float64]
    first: NDArray[np.int64]

    @property
    def lesions(self) -> int:
        """How many lesions are drawn for every resample."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class ScoreArrays:
    """Scores of many confusion matrices (..., 8, 8), NaN where undefined; `f1` and `recall` are (..., 8)."""

    accuracy: NDArray[np.float64]
    weighted_f1: NDArray[np.float64]
    macro_f1: NDArray[np.float64]
    balanced_accuracy: NDArray[np.float64]
    f1: NDArray[np.float64]
    recall: NDArray[np.float64]


def lesion_numbers(groups: Sequence[str] | None, images: int) -> NDArray[np.int64]:
    """A number 0.. per image (n,), the same for the images of one lesion; an image without one is its own lesion.

    Raises ValueError unless there is one group per image.
    """
    if groups is None:
        return np.arange(images, dtype=np.int64)
    if len(groups) != images:
        raise ValueError(f"{images} lesions expected, one per image, not {len(groups)}")
    numbers: dict[str, int] = {}
    taken = 0
    found = np.empty(images, np.int64)
    for row, group in enumerate(groups):
        number = numbers.get(group, taken) if group else taken
        if number == taken:
            taken += 1
            if group:
                numbers[group] = number
        found[row] = number
    return found


def strata(
    labels: NDArray[np.int64], predicted: Sequence[NDArray[np.int64]], groups: Sequence[str] | None
) -> tuple[Stratum, ...]:
    """The classes that have lesions. `predicted` holds the classes (n,) that each run gave.

    A lesion belongs to the class of most of its images (the first of equals), should its images differ.
    """
    lesion = lesion_numbers(groups, len(labels))
    lesions = int(lesion.max()) + 1 if len(lesion) else 0
    votes = np.zeros((lesions, _CLASSES), np.int64)
    np.add.at(votes, (lesion, labels), 1)
    home = votes.argmax(axis=1) if lesions else np.zeros(0, np.int64)
    added = np.zeros((lesions, len(predicted) * _CELLS), np.int32)
    for run, classes in enumerate(predicted):
        np.add.at(added, (lesion, run * _CELLS + labels * _CLASSES + classes), 1)
    return tuple(
        _stratum(label, np.flatnonzero(home == label), added) for label in range(_CLASSES) if (home == label).any()
    )


def _stratum(label: int, members: NDArray[np.int64], added: NDArray[np.int32]) -> Stratum:
    # Rows are told apart by a 64-bit sum with fixed random weights: sorting whole rows would take half of the time.
    weights = np.random.default_rng(0).integers(0, 2**64, added.shape[1], dtype=np.uint64)
    keys = (added[members].astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64)
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    return Stratum(label, counts.astype(np.int64), added[members[first]].astype(np.float64), members[first])


def draw(stratum: Stratum, resamples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often each kind of lesion is drawn, (resamples, k): as many lesions as the class has, with replacement."""
    return rng.multinomial(stratum.lesions, stratum.counts / stratum.lesions, size=resamples)


def resampled(found: Sequence[Stratum], *, runs: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Confusion matrices (resamples, runs, 8, 8) of the same resamples for all runs: so differences are paired."""
    rng = np.random.default_rng(seed)
    total = np.zeros((resamples, runs * _CELLS))
    for stratum in found:
        for begin in range(0, resamples, _AT_ONCE):
            rows = slice(begin, min(begin + _AT_ONCE, resamples))
            total[rows] += draw(stratum, rows.stop - begin, rng) @ stratum.added
    return total.reshape(resamples, runs, _CLASSES, _CLASSES)


def drawable(found: Sequence[Stratum]) -> NDArray[np.bool_]:
    """Per class (8,), whether it has at least two lesions: of one alone, every resample is the same."""
    lesions = {stratum.label: stratum.lesions for stratum in found}
    return np.array([lesions.get(k, 0) > 1 for k in range(_CLASSES)])


def knows_lesions(groups: Sequence[str] | None) -> bool:
    """Whether any image's lesion is known, so that lesions are resampled."""
    return groups is not None and any(groups)


def score_arrays(matrices: NDArray[np.float64]) -> ScoreArrays:
    """The scores of confusion matrices (..., 8, 8), rows = truth, by the definitions of `metrics.score`."""
    right = np.diagonal(matrices, axis1=-2, axis2=-1)
    support, predicted = matrices.sum(axis=-1), matrices.sum(axis=-2)
    seen = support > 0
    f1 = np.divide(2 * right, support + predicted, out=np.full(right.shape, np.nan), where=seen)
    recall = np.divide(right, support, out=np.full(right.shape, np.nan), where=seen)
    images, classes = support.sum(axis=-1), seen.sum(axis=-1)
    return ScoreArrays(
        accuracy=right.sum(axis=-1) / images,
        weighted_f1=np.where(seen, f1 * support, 0).sum(axis=-1) / images,
        macro_f1=np.where(seen, f1, 0).sum(axis=-1) / classes,
        balanced_accuracy=np.where(seen, recall, 0).sum(axis=-1) / classes,
        f1=f1,
        recall=recall,
    )
