"""Divide a data set into training, validation and test: by class, and without breaking groups apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from core.data.allocation import Counts, allocate, assign, calibration_count, too_few, wanted_counts
from core.data.groups import group_numbers
from core.data.own_parts import held_out
from core.data.split_files import parts_of, read_split, split_notes, write_split
from core.data.types import DataSet, Division, Part, Split
from core.errors import SkinKDError

__all__ = ["make_split", "parts_of", "read_split", "split_notes", "count_test_groups", "wanted_counts", "write_split"]

Groups = list[list[int]]
"""Record indices that must stay together."""

_TEST_STAGE, _REST_STAGE, _CALIBRATION_STAGE = 1, 2, 3
_TEST, _UNUSED = 1, 2
_DIVIDED = (Part.TRAIN, Part.VALIDATION, Part.TEST)


def make_split(dataset: DataSet, data: Division) -> Split:
    """The parts of a data set, by the recipe's shares or exact counts; the same seed gives the same parts.

    Every class is divided in the wanted shares. What `data.group_by` ties together stays in one part, and the counts
    are as near to the wanted ones as the groups allow. Where the data have parts of their own and `data.parts` is
    `found`, their test and validation parts stay as they are, what is missing is made from the other images in the
    proportion of `data.split`, and images tied to a held-out one are in no part. With folds, training and validation
    images are divided anew and `fold` validates; the test part stays. With test folds, `test_fold` is the test part and
    the others are divided in the proportion of training and validation, so that each image is tested in one fold. Of
    the validation images, the share `calibration` is then set aside, by group and class as well; 0 sets none aside.
    Raises `SkinKDError` when there are too few images.
    """
    groups = _groups(dataset, data)
    own = {part: set(members.tolist()) for part, members in held_out(dataset, data).items()}
    free = [group for group in groups if not any(own[part].intersection(group) for part in own)]
    train, held, test = _assigned(dataset, free, data, own)
    test += [[index for index in group if index in own[Part.TEST]] for group in groups] if Part.TEST in own else []
    if Part.VALIDATION in own:
        tested = own.get(Part.TEST, set())
        apart = [group for group in groups if not tested.intersection(group)]
        held += [[index for index in group if index in own[Part.VALIDATION]] for group in apart]
    held = [group for group in held if group]
    calibrates = _calibrates(_class_counts(dataset, held), data)
    split = Split(
        train=_members(train),
        validation=_members(group for group, aside in zip(held, calibrates, strict=True) if not aside),
        calibration=_members(group for group, aside in zip(held, calibrates, strict=True) if aside),
        test=_members(test),
    )
    if not split.train.size or not split.validation.size:
        raise too_few(sum(map(len, free)) if own else len(dataset.records))
    return split


def count_test_groups(dataset: DataSet, data: Division) -> int:
    """How many independent test images a division has: those of one patient or lesion, and near-copies, count once."""
    return len(np.unique(group_numbers(dataset)[make_split(dataset, data).test]))


def _assigned(dataset: DataSet, groups: Groups, data: Division, own: Collection[Part]) -> tuple[Groups, Groups, Groups]:
    """The groups of the images that are in none of the data's held-out parts, for training, validation and test."""
    counts = _class_counts(dataset, groups)
    total = int(counts.sum())
    wanted = wanted_counts(_left_to_make(data.split, own) if own else data.split, total, data.rounding)
    generator = np.random.default_rng([data.seed, _TEST_STAGE])
    if data.test_folds > 1:
        fold = assign(counts, _fold_targets(counts, data.test_folds), generator)
        place = np.where(fold == data.test_fold - 1, _TEST, 0)
    else:
        place = assign(counts, _test_targets(counts, wanted, total), generator)
    rest = np.flatnonzero(place == 0)
    rest_counts = counts[rest]
    generator = np.random.default_rng([data.seed, _REST_STAGE])
    if data.folds > 1:
        fold = assign(rest_counts, _fold_targets(rest_counts, data.folds), generator)
        validates = fold == data.fold - 1
    else:
        validates = assign(rest_counts, _validation_targets(rest_counts, wanted), generator) == 1
    parts = (rest[~validates], rest[validates], np.flatnonzero(place == _TEST))
    train, held, test = ([groups[group] for group in chosen.tolist()] for chosen in parts)
    return train, held, test


def _left_to_make(split: tuple[float, float, float], own: Collection[Part]) -> tuple[float, float, float]:
    """The shares of the parts that the data do not bring along, in the proportion of `split`."""
    train, held, test = (0.0 if part in own else share for part, share in zip(_DIVIDED, split, strict=True))
    whole = train + held + test
    return train / whole, held / whole, test / whole


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


def _groups(dataset: DataSet, data: Division) -> Groups:
    """Ordered by the names of the images, so that the order of rows does not matter."""
    numbers = group_numbers(dataset, data.group_by).tolist()
    found: dict[int, list[int]] = {}
    for index in sorted(range(len(dataset.records)), key=lambda position: dataset.records[position].name):
        found.setdefault(numbers[index], []).append(index)
    return list(found.values())


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
            f"{folds} folds need at least {folds} lesions to divide; there are {len(counts)}.",
        )
    targets: Counts = np.repeat((sizes // folds)[:, None], folds, axis=1)
    start = 0
    for label, extra in enumerate(sizes % folds):
        targets[label, (start + np.arange(extra)) % folds] += 1
        start += int(extra)
    return targets


def _members(groups: Iterable[list[int]]) -> NDArray[np.int64]:
    return np.sort(np.array([index for group in groups for index in group], dtype=np.int64))
