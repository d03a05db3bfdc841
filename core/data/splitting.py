"""Divide a data set into training, validation and test, by class and without breaking lesions apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.data.allocation import Counts, allocate, assign, calibration_count, too_few, wanted_counts
from core.data.split_files import leaking_lesions, parts_of, read_split, split_notes, write_split
from core.data.types import DataSet, Division, ImageRecord, Problem, ProblemKind, Split
from core.errors import SkinKDError

__all__ = ["leaking_lesions", "make_split", "parts_of", "read_split", "split_notes", "wanted_counts", "write_split"]

Groups = list[list[int]]

_TEST_STAGE, _REST_STAGE, _CALIBRATION_STAGE = 1, 2, 3
_TEST, _UNUSED = 1, 2


def make_split(dataset: DataSet, data: Division) -> Split:
    """The parts of a data set, by the recipe's shares or exact counts; the same seed gives the same parts.

    Every class is divided in the wanted shares. With `group_by_lesion`, all images of a known lesion stay in one part
    (as do copies of one picture, always), and the counts are as near to the wanted ones as the lesions allow. With
    folds, training and validation images are divided anew and `fold` validates; the test part stays. Of the validation
    images, the share `calibration` is then set aside, by lesion and class as well; 0 sets none aside. Raises
    `SkinKDError` when there are too few images.
    """
    total = len(dataset.records)
    wanted = wanted_counts(data.split, total)
    generator = np.random.default_rng([data.seed, _TEST_STAGE])
    groups = _groups(dataset, by_lesion=data.group_by_lesion)
    counts = _class_counts(dataset, groups)
    test_targets = _test_targets(counts, wanted, total)
    place = assign(counts, test_targets, generator)
    rest = np.flatnonzero(place == 0)
    rest_counts = counts[rest]
    generator = np.random.default_rng([data.seed, _REST_STAGE])
    if data.folds > 1:
        fold = assign(rest_counts, _fold_targets(rest_counts, data.folds), generator)
        validates = fold == data.fold - 1
    else:
        validates = assign(rest_counts, _validation_targets(rest_counts, wanted), generator) == 1
    held = rest[validates]
    calibrates = _calibrates(counts[held], data)
    split = Split(
        train=_members(groups, rest[~validates]),
        validation=_members(groups, held[~calibrates]),
        calibration=_members(groups, held[calibrates]),
        test=_members(groups, np.flatnonzero(place == _TEST)),
    )
    if not split.train.size or not split.validation.size:
        raise too_few(total)
    return split


def _calibrates(counts: Counts, data: Division) -> NDArray[np.bool_]:
    """Which of the validation's groups, given their images by class (groups, classes), calibrate: `data.calibration`
    of each class, at least one group on either side where a class has two. None where all of them are one group.

    Drawn apart from the other parts, which stay the same whatever the share.
    """
    nobody = np.zeros(len(counts), bool)
    if not data.calibration or len(counts) < 2:
        return nobody
    generator = np.random.default_rng([data.seed, _CALIBRATION_STAGE])
    wanted = calibration_count(data.calibration, int(counts.sum()))
    calibrates: NDArray[np.bool_] = assign(counts, _two_sides(counts, wanted), generator) == 1
    return nobody if calibrates.all() else calibrates


def _groups(dataset: DataSet, *, by_lesion: bool) -> Groups:
    """Record indices that must stay together. Ordered by image name, so that the order of rows does not matter.

    Images that are left out take part as well: a picture that stood under two lesions makes the two one.
    """
    known = (*dataset.records, *dataset.left_out)
    parents = list(range(len(known)))

    def find(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    def join(members: Iterable[int]) -> None:
        first, *others = members
        for other in others:
            parents[find(other)] = find(first)

    for together in _ties(known, dataset.problems, by_lesion=by_lesion):
        join(together)
    found: dict[int, list[int]] = {}
    for index in sorted(range(len(dataset.records)), key=lambda position: known[position].name):
        found.setdefault(find(index), []).append(index)
    return list(found.values())


def _ties(records: Sequence[ImageRecord], problems: Iterable[Problem], *, by_lesion: bool) -> Iterable[list[int]]:
    if by_lesion:
        lesions: dict[str, list[int]] = {}
        for index, record in enumerate(records):
            if record.lesion:
                lesions.setdefault(record.lesion, []).append(index)
        yield from lesions.values()
    places = {record.name: index for index, record in enumerate(records)}
    for problem in problems:
        if problem.kind is ProblemKind.DUPLICATE:
            copies = [places[name] for name in dict.fromkeys((problem.subject, *problem.names)) if name in places]
            if len(copies) > 1:
                yield copies


def _class_counts(dataset: DataSet, groups: Groups) -> Counts:
    """Images of every group by class, shape (groups, classes)."""
    counts: Counts = np.zeros((len(groups), len(dataset.classes)), np.int64)
    for position, members in enumerate(groups):
        for index in members:
            counts[position, dataset.labels[index]] += 1
    return counts


def _test_targets(counts: Counts, wanted: tuple[int, int, int], total: int) -> Counts:
    """Wanted images by class for (training and validation, test, not used), shape (classes, 3 or 2)."""
    sizes = counts.sum(axis=0)
    groups = (counts > 0).sum(axis=0)
    # A class with two lesions gives one to training; with one, it can only be learnt or tested: it is learnt.
    lower = np.where((groups >= 3) & (wanted[2] > 0), 1, 0)
    upper = np.where(groups >= 2, np.maximum(sizes - 1, 0), 0)
    test = allocate(sizes, wanted[2], lower, upper)
    left = sizes - test
    unused = allocate(left, total - sum(wanted), np.zeros_like(sizes), left)
    targets: Counts = np.stack([left - unused, test, unused], axis=1)
    return targets if unused.any() else targets[:, :_UNUSED]


def _validation_targets(counts: Counts, wanted: tuple[int, int, int]) -> Counts:
    """Wanted images by class for (training, validation), shape (classes, 2)."""
    # Lesions may have moved a few images to or from the test part; the rest keeps its proportion.
    images = int(counts.sum())
    return _two_sides(counts, min(round(wanted[1] * images / (wanted[0] + wanted[1])), images - 1))


def _two_sides(counts: Counts, second: int) -> Counts:
    """Wanted images by class when `second` of all images go to the second side, shape (classes, 2): in proportion, and
    some of every class with two groups on either side."""
    sizes = counts.sum(axis=0)
    groups = (counts > 0).sum(axis=0)
    upper = np.where(groups >= 2, np.maximum(sizes - 1, 0), 0)
    lower = np.where(groups >= 2, 1, 0)
    given = allocate(sizes, second, lower, upper)
    targets: Counts = np.stack([sizes - given, given], axis=1)
    return targets


def _fold_targets(counts: Counts, folds: int) -> Counts:
    """Wanted images by class for every fold, shape (classes, folds); folds differ by one image at most."""
    sizes = counts.sum(axis=0)
    if int(sizes.sum()) < folds or len(counts) < folds:
        raise SkinKDError(
            "Too few images for this many folds",
            f"{folds} folds need at least {folds} lesions besides the test part; there are {len(counts)}.",
        )
    targets: Counts = np.repeat((sizes // folds)[:, None], folds, axis=1)
    start = 0
    for label, extra in enumerate(sizes % folds):
        targets[label, (start + np.arange(extra)) % folds] += 1
        start += int(extra)
    return targets


def _members(groups: Groups, chosen: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    return np.sort(np.array([index for group in chosen for index in groups[group]], dtype=np.int64))
