"""Whole numbers in wanted proportions, and groups dealt out so that they are met. Knows nothing of images."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import SkinKDError

Counts = NDArray[np.int64]
Rounding = Literal["nearest", "paper"]


PAPERS_SPLIT = ((0.7, 0.2, 0.1), (17_728, 5_062, 2_541))
"""Davidi and Park, section 3: the shares that they name, and their numbers of images, which are not quite those."""


def wanted_counts(
    split: tuple[float, float, float], total: int, rounding: Rounding = "nearest"
) -> tuple[int, int, int]:
    """Whole numbers of images per part for shares (sum 1) or exact counts: those nearest to the shares, or with `paper`
    of the paper's number of images and shares the paper's own. Raises `SkinKDError` when too few exist."""
    if total < 3:
        raise too_few(total)
    shares, counts_there = PAPERS_SPLIT
    if rounding == "paper" and total == sum(counts_there) and split == shares:
        return counts_there
    if sum(split) > 1 + 1e-6:
        if sum(split) > total:
            raise SkinKDError(
                "Too few images for this split",
                f"The split asks for {int(sum(split)):,} images; the data set has {total:,} that can be used. "
                "Lower the numbers, or give shares such as 0.7, 0.2, 0.1.",
            )
        return int(split[0]), int(split[1]), int(split[2])
    exact = [share * total for share in split]
    counts = [int(value + 1e-9) for value in exact]
    for position in sorted(range(3), key=lambda index: counts[index] - exact[index])[: total - sum(counts)]:
        counts[position] += 1
    return counts[0], counts[1], counts[2]


def calibration_count(share: float, held: int) -> int:
    """How many of `held` images calibrate when the share `share` (0..1) of them is to: at least one on either side."""
    return min(max(round(share * held), 1), held - 1)


def too_few(total: int) -> SkinKDError:
    """The error for `total` images, which are too few to train with."""
    return SkinKDError(
        "Too few images",
        f"Training needs images for training and for validation, of different patients or lesions; {total:,} can be "
        "used for that. Where the data bring along a test part, its images can not, unless data.parts is pooled.",
    )


def allocate(sizes: Counts, total: int, lower: Counts, upper: Counts) -> Counts:
    """`total` items divided over classes in proportion to `sizes`, by largest remainder, within the bounds.

    The bounds give way (down to 0, up to the size) where the total can not be had within them.
    """
    quotas = sizes * (total / max(int(sizes.sum()), 1))
    least, most = np.minimum(lower, sizes), np.minimum(upper, sizes)
    given: Counts = np.clip(np.floor(quotas + 1e-9).astype(np.int64), least, most)
    for bound in (most, sizes):
        while given.sum() < total and (given < bound).any():
            given[np.argmax(np.where(given < bound, quotas - given, -np.inf))] += 1
    for bound in (least, np.zeros_like(sizes)):
        while given.sum() > total and (given > bound).any():
            given[np.argmax(np.where(given > bound, given - quotas, -np.inf))] -= 1
    return given


def assign(counts: Counts, targets: Counts, generator: np.random.Generator) -> NDArray[np.int64]:
    """A column of `targets` (classes, columns) for every group of `counts` (groups, classes), int64 (groups,), so that
    the columns' class counts come near to the targets.

    Greedy: groups in random order, large ones first, each to the column that has most of its share still to get and
    room for it; then single groups move where totals are not met.
    """
    column_of = np.zeros(len(counts), np.int64)
    columns = targets.shape[1]
    need = targets.T.tolist()
    full = np.maximum(targets.T, 1).tolist()
    shuffled = generator.permutation(len(counts))
    order = shuffled[np.argsort(-counts.sum(axis=1)[shuffled], kind="stable")]
    for group in order.tolist():
        present = [(int(label), int(counts[group, label])) for label in np.flatnonzero(counts[group])]
        best = max(range(columns), key=lambda column: _fitness(present, need[column], full[column]))
        column_of[group] = best
        for label, number in present:
            need[best][label] -= number
    _even_out(counts, targets, column_of, order)
    return column_of


def _fitness(present: list[tuple[int, int]], need: list[int], full: list[int]) -> tuple[int, float, int]:
    overflow = sum(max(0, number - need[label]) for label, number in present)
    share = sum(number * need[label] / full[label] for label, number in present)
    return -overflow, share, sum(need[label] for label, _ in present)


def _even_out(counts: Counts, targets: Counts, column_of: NDArray[np.int64], order: NDArray[np.int64]) -> None:
    """Move groups (in place) while that brings the columns' total counts nearer to the wanted ones."""
    sizes = counts.sum(axis=1)
    single = (counts > 0).sum(axis=1) == 1
    label_of = counts.argmax(axis=1)
    reached = np.stack([counts[column_of == column].sum(axis=0) for column in range(targets.shape[1])], axis=1)
    while True:
        excess = reached.sum(axis=0) - targets.sum(axis=0)
        source, goal = int(excess.argmax()), int(excess.argmin())
        room = min(int(excess[source]), -int(excess[goal]))
        if room <= 0:
            return
        movable = order[(column_of[order] == source) & single[order] & (sizes[order] <= room)]
        # The last of a class stays: an even total is not worth a class without images.
        movable = movable[reached[label_of[movable], source] > sizes[movable]]
        if not movable.size:
            return
        surplus = reached[label_of[movable], source] - targets[label_of[movable], source]
        # First classes above their target, then large classes, where one image matters least; then large groups.
        best = np.lexsort((sizes[movable], targets[label_of[movable], source], np.sign(surplus)))[-1]
        group = int(movable[best])
        column_of[group] = goal
        reached[:, source] -= counts[group]
        reached[:, goal] += counts[group]
