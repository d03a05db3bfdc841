"""In which order the drawn images are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.distillation.curricula.difficulties import random_ranks
from core.registry import Registry
from core.settings import Configured, SettingsSection


@dataclass(frozen=True)
class Drawn:
    """What was drawn for an epoch. `rows` (n,) are rows of the training part in the order drawn, repeats included;
    `labels` (n,) are theirs, and so is `difficulty` (n,), smaller for easier ones, unless the order needs none.
    `images` is the number of images in the training part."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    difficulty: NDArray[np.float64] | None
    images: int
    epoch: int
    seed: int


class Order(Configured, Protocol):
    """An order of the drawn images. `needs_difficulty` says whether it asks for their difficulty, `only_sorts` whether
    it does nothing but sort by it: with random difficulties it then is the random order."""

    @property
    def needs_difficulty(self) -> bool: ...
    @property
    def only_sorts(self) -> bool: ...

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        """The places 0 .. n - 1 of the drawn images in the order in which they are shown, each once (n,). A pure
        function of its arguments."""
        ...


class AsDrawn:
    """The sampler's own order, which is random."""

    name = "none"
    title = "As drawn"
    help = "the images are shown as they were drawn, in random order; the first choice"
    source = ""
    Settings = SettingsSection
    needs_difficulty = False
    only_sorts = False

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        """See `Order`."""
        return np.arange(len(drawn.rows))


class _ByDifficulty:
    """What the orders by difficulty have in common; equals stay as drawn. With `sign` 1 the easiest come first."""

    Settings = SettingsSection
    needs_difficulty = True
    only_sorts = True
    sign = 1

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        """See `Order`."""
        assert drawn.difficulty is not None
        return np.argsort(self.sign * drawn.difficulty, kind="stable")


class EasyFirst(_ByDifficulty):
    """By rising difficulty. The copies of an image that was drawn often become neighbours."""

    name = "easy_first"
    title = "Easiest first"
    help = "the images are shown by rising difficulty; seldom beats a random order (Wu et al., 2021)"
    source = "Davidi and Park, section 4.3; Bengio et al., Curriculum Learning, 2009"


class HardFirst(_ByDifficulty):
    """By falling difficulty (it is not the other order read backwards)."""

    name = "hard_first"
    title = "Hardest first"
    help = "the images are shown by falling difficulty: a control"
    source = "Wu, Dyer and Neyshabur, When Do Curricula Work?, 2021: anti-curriculum"
    sign = -1


class RandomRank:
    """By a random rank that each image keeps through all epochs: what a curriculum does besides sorting by difficulty.

    Copies are neighbours and a pacing lets the same images in early, just as when they are sorted by difficulty.
    """

    name = "random"
    title = "Random, the same in every epoch"
    help = "the images are shown by a rank that was drawn for each once: a control for the order by difficulty"
    source = "Wu, Dyer and Neyshabur, When Do Curricula Work?, 2021: random curriculum"
    Settings = SettingsSection
    needs_difficulty = False
    only_sorts = False

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        """See `Order`."""
        return np.argsort(random_ranks(drawn.images, drawn.seed)[drawn.rows], kind="stable")


class ClassInterleaved:
    """The classes take turns, each with its easiest image next; an image comes a second time only when its class has
    shown all of its images once. So a batch holds all classes and hardly an image twice."""

    name = "class_interleaved"
    title = "Classes in turn, easiest first"
    help = "the classes take turns with their easiest images, copies far apart; for sorting where rare ones repeat"
    source = "Wu, Dyer and Neyshabur, When Do Curricula Work?, 2021, appendix: class-balanced order"
    Settings = SettingsSection
    needs_difficulty = True
    only_sorts = False

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        """See `Order`."""
        assert drawn.difficulty is not None
        easy = np.lexsort((drawn.difficulty, _occurrence(drawn.rows)))
        labels = drawn.labels[easy]
        classes, first = np.unique(labels, return_index=True)
        turn_of = dict(zip(classes.tolist(), np.argsort(np.argsort(first)).tolist(), strict=True))
        turns = np.array([turn_of[label] for label in labels.tolist()], np.int64)
        return easy[np.lexsort((turns, _occurrence(labels)))]


def _occurrence(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each value (n,) how many equal ones stand before it."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.searchsorted(ordered, ordered, side="left")
    found = np.empty(len(values), np.int64)
    found[order] = np.arange(len(values)) - starts
    return found


ORDERS: Registry[Order] = Registry("order", (AsDrawn(), EasyFirst(), HardFirst(), ClassInterleaved(), RandomRank()))
