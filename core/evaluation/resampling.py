"""Bootstrap resamples of scores: stratified by class, whole lesions at a time, several runs at once.

A score of predicted classes needs three counts per class: right, labelled so, predicted so. Lesions with the same
labels and predictions add the same counts, so a resample is told by how often each such kind of lesion is drawn: a
multinomial draw per class, instead of one draw per image. That is the same distribution as drawing lesions one by one,
only faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_AT_ONCE = 250
_RIGHT, _LABELLED, _PREDICTED = range(3)


@dataclass(frozen=True)
class Stratum:
    """The lesions of one class: kinds of lesions by what they add to the confusion matrices.

    `counts` (k,): how many lesions are of a kind; `added` (k, runs * 3 * classes): what one of them adds to `counted`
    of every run; `first` (k,): one lesion of each kind.
    """

    label: int
    counts: NDArray[np.int64]
    added: NDArray[np.float64]
    first: NDArray[np.int64]

    @property
    def lesions(self) -> int:
        """How many lesions are drawn for every resample."""
        return int(self.counts.sum())


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
    labels: NDArray[np.int64], predicted: Sequence[NDArray[np.int64]], groups: Sequence[str] | None, classes: int
) -> tuple[Stratum, ...]:
    """The classes that have lesions. `predicted` holds the classes (n,) that each run gave, each in 0..classes - 1.

    A lesion belongs to the class of most of its images (the first of equals), should its images differ.
    """
    lesion = lesion_numbers(groups, len(labels))
    lesions = int(lesion.max()) + 1 if len(lesion) else 0
    votes = np.zeros((lesions, classes), np.int32)
    np.add.at(votes, (lesion, labels), 1)
    home = votes.argmax(axis=1) if lesions else np.zeros(0, np.int64)
    keys = _keys(labels, predicted, lesion, lesions, classes)
    kinds = []
    for label in np.unique(home).tolist():
        members = np.flatnonzero(home == label)
        _, first, counts = np.unique(keys[members], return_index=True, return_counts=True)
        kinds.append((label, members[first], counts.astype(np.int64)))
    added = _added(labels, predicted, lesion, [first for _, first, _ in kinds], classes)
    return tuple(Stratum(label, counts, rows, first) for (label, first, counts), rows in zip(kinds, added, strict=True))


def _keys(
    labels: NDArray[np.int64],
    predicted: Sequence[NDArray[np.int64]],
    lesion: NDArray[np.int64],
    lesions: int,
    classes: int,
) -> NDArray[np.uint64]:
    """A number per lesion (lesions,), the same for those that add the same to every run's confusion matrix.

    They are told apart by a 64-bit sum with fixed random weights of the cells: comparing whole rows of counts would
    take half of the time, and more memory than there is for many classes.
    """
    cells = classes * classes
    weights = np.random.default_rng(0).integers(0, 2**64, len(predicted) * cells, dtype=np.uint64)
    keys = np.zeros(lesions, np.uint64)
    for run, answers in enumerate(predicted):
        np.add.at(keys, lesion, weights[run * cells + labels * classes + answers])
    return keys


def _added(
    labels: NDArray[np.int64],
    predicted: Sequence[NDArray[np.int64]],
    lesion: NDArray[np.int64],
    firsts: Sequence[NDArray[np.int64]],
    classes: int,
) -> list[NDArray[np.float64]]:
    """What the lesions `firsts` of each stratum add: (k, runs * 3 * classes) per stratum."""
    chosen = np.concatenate([np.zeros(0, np.int64), *firsts])
    place = np.full(int(lesion.max()) + 1 if len(lesion) else 0, -1)
    place[chosen] = np.arange(len(chosen))
    images = np.flatnonzero(place[lesion] >= 0) if len(lesion) else np.zeros(0, np.int64)
    row, truth = place[lesion[images]], labels[images]
    added = np.zeros((len(chosen), len(predicted), 3, classes))
    for run, answers in enumerate(predicted):
        said = answers[images]
        right = said == truth
        np.add.at(added[:, run, _RIGHT], (row[right], truth[right]), 1)
        np.add.at(added[:, run, _LABELLED], (row, truth), 1)
        np.add.at(added[:, run, _PREDICTED], (row, said), 1)
    flat = added.reshape(len(chosen), -1)
    return np.split(flat, np.cumsum([len(first) for first in firsts])[:-1]) if firsts else []


def draw(stratum: Stratum, resamples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often each kind of lesion is drawn, (resamples, k): as many lesions as the class has, with replacement."""
    return rng.multinomial(stratum.lesions, stratum.counts / stratum.lesions, size=resamples)


def resampled(strata: Sequence[Stratum], *, runs: int, classes: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Counts (resamples, runs, 3, classes) of the same resamples for all runs: so differences are paired."""
    rng = np.random.default_rng(seed)
    total = np.zeros((resamples, runs * 3 * classes))
    for stratum in strata:
        for begin in range(0, resamples, _AT_ONCE):
            rows = slice(begin, min(begin + _AT_ONCE, resamples))
            total[rows] += draw(stratum, rows.stop - begin, rng) @ stratum.added
    return total.reshape(resamples, runs, 3, classes)


def counted(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Counts (3, classes) of images by class: right, labelled so, predicted so."""
    right = labels[labels == predicted]
    return np.stack([np.bincount(rows, minlength=classes) for rows in (right, labels, predicted)]).astype(np.float64)


def drawable(strata: Sequence[Stratum], classes: int) -> NDArray[np.bool_]:
    """Per class (classes,), whether it has at least two lesions: of one alone, every resample is the same."""
    lesions = {stratum.label: stratum.lesions for stratum in strata}
    return np.array([lesions.get(k, 0) > 1 for k in range(classes)])


def knows_lesions(groups: Sequence[str] | None) -> bool:
    """Whether any image's lesion is known, so that lesions are resampled."""
    return groups is not None and any(groups)
