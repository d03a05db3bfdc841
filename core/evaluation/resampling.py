"""Bootstrap resamples of scores: stratified by class, whole groups at a time, several runs at once.

A group is what a split keeps together: the images of one patient or lesion, and near-copies (`core.data.groups`). A
score of predicted classes needs three counts per class: right, labelled so, predicted so. Groups with the same labels
and predictions add the same counts, so a resample is told by how often each such kind of group is drawn: a multinomial
draw per class, instead of one draw per image. That is the same distribution as drawing groups one by one, only faster.
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
    """The groups of one class: kinds of groups by what they add to the confusion matrices.

    `counts` (k,): how many groups are of a kind; `added` (k, runs * 3 * classes): what one of them adds to `counted`
    of every run; `first` (k,): one group of each kind.
    """

    label: int
    counts: NDArray[np.int64]
    added: NDArray[np.float64]
    first: NDArray[np.int64]

    @property
    def groups(self) -> int:
        """How many groups are drawn for every resample."""
        return int(self.counts.sum())


def group_indices(groups: Sequence[str] | None, images: int) -> NDArray[np.int64]:
    """A number 0.. per image (n,), the same for the images of one group; an image without one is its own group.

    Raises ValueError unless there is one group per image.
    """
    if groups is None:
        return np.arange(images, dtype=np.int64)
    if len(groups) != images:
        raise ValueError(f"{images} groups expected, one per image, not {len(groups)}")
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
    """The classes that have groups. `predicted` holds the classes (n,) that each run gave, each in 0..classes - 1.

    A group belongs to the class of most of its images (the first of equals), should its images differ.
    """
    group = group_indices(groups, len(labels))
    count = int(group.max()) + 1 if len(group) else 0
    votes = np.zeros((count, classes), np.int32)
    np.add.at(votes, (group, labels), 1)
    home = votes.argmax(axis=1) if count else np.zeros(0, np.int64)
    keys = _keys(labels, predicted, group, count, classes)
    kinds = []
    for label in np.unique(home).tolist():
        members = np.flatnonzero(home == label)
        _, first, counts = np.unique(keys[members], return_index=True, return_counts=True)
        kinds.append((label, members[first], counts.astype(np.int64)))
    added = _added(labels, predicted, group, [first for _, first, _ in kinds], classes)
    return tuple(Stratum(label, counts, rows, first) for (label, first, counts), rows in zip(kinds, added, strict=True))


def _keys(
    labels: NDArray[np.int64],
    predicted: Sequence[NDArray[np.int64]],
    group: NDArray[np.int64],
    groups: int,
    classes: int,
) -> NDArray[np.uint64]:
    """A number per group (groups,), the same for those that add the same to every run's confusion matrix.

    They are told apart by a 64-bit sum with fixed random weights of the cells: comparing whole rows of counts would
    take half of the time, and more memory than there is for many classes.
    """
    cells = classes * classes
    weights = np.random.default_rng(0).integers(0, 2**64, len(predicted) * cells, dtype=np.uint64)
    keys = np.zeros(groups, np.uint64)
    for run, answers in enumerate(predicted):
        np.add.at(keys, group, weights[run * cells + labels * classes + answers])
    return keys


def _added(
    labels: NDArray[np.int64],
    predicted: Sequence[NDArray[np.int64]],
    group: NDArray[np.int64],
    firsts: Sequence[NDArray[np.int64]],
    classes: int,
) -> list[NDArray[np.float64]]:
    """What the groups `firsts` of each stratum add: (k, runs * 3 * classes) per stratum."""
    chosen = np.concatenate([np.zeros(0, np.int64), *firsts])
    place = np.full(int(group.max()) + 1 if len(group) else 0, -1)
    place[chosen] = np.arange(len(chosen))
    images = np.flatnonzero(place[group] >= 0) if len(group) else np.zeros(0, np.int64)
    row, truth = place[group[images]], labels[images]
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
    """How often each kind of group is drawn, (resamples, k): as many groups as the class has, with replacement."""
    return rng.multinomial(stratum.groups, stratum.counts / stratum.groups, size=resamples)


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
    """Per class (classes,), whether it has at least two groups: of one alone, every resample is the same."""
    groups = {stratum.label: stratum.groups for stratum in strata}
    return np.array([groups.get(k, 0) > 1 for k in range(classes)])


def knows_groups(groups: Sequence[str] | None) -> bool:
    """Whether any group has several images: only then are groups drawn other than images."""
    named = [group for group in groups or () if group]
    return len(set(named)) < len(named)


def differing_groups(differ: NDArray[np.bool_], groups: Sequence[str]) -> int:
    """How many groups hold an image (n,) on which runs differ."""
    return len(np.unique(group_indices(groups, len(differ))[differ]))


def joint_groups(runs: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """One group per image (n,) from those that each run knows ("" where not): what any run holds together is."""
    from core.data.components import components

    first = tuple(runs[0])
    if all(tuple(groups) == first for groups in runs):
        return first
    links = []
    for groups in runs:
        latest: dict[str, int] = {}
        for place, group in enumerate(groups):
            if group:
                links += [(latest[group], place)] if group in latest else []
                latest[group] = place
    return tuple(map(str, components(np.array(links, np.int64).reshape(-1, 2), len(first)).tolist()))
