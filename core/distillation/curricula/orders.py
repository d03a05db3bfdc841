"""In which order the drawn images are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.registry import Registry
from core.settings import Configured, SettingsSection

_STREAM = 0x0C43
"""Keeps the random ranks apart from other uses of the same seed."""


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
    """An order of the drawn images. `needs_difficulty` says whether it looks at their difficulty."""

    @property
    def needs_difficulty(self) -> bool: ...

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        """The places 0 .. n - 1 of the drawn images in the order in which they are shown, each once (n,). A pure
        function of its arguments."""
        ...


class AsDrawn:
    """The sampler's own order, which is random."""

    name = "none"
    title = "As drawn"
    help = "the images are shown as they were drawn, in random order"
    source = ""
    Settings = SettingsSection
    needs_difficulty = False

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        """See `Order`."""
        return np.arange(len(drawn.rows))


class _ByDifficulty:
    """What the orders by difficulty have in common; equals stay as drawn. With `sign` 1 the easiest come first."""

    Settings = SettingsSection
    needs_difficulty = True
    sign = 1

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        """See `Order`."""
        assert drawn.difficulty is not None
        return np.argsort(self.sign * drawn.difficulty, kind="stable")


class EasyFirst(_ByDifficulty):
    """By rising difficulty. The copies of an image that was drawn often become neighbours."""

    name = "easy_first"
    title = "Easiest first"
    help = "the images are shown by rising difficulty"
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

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        """See `Order`."""
        ranks = np.random.default_rng([drawn.seed, _STREAM]).permutation(drawn.images)
        return np.argsort(ranks[drawn.rows], kind="stable")


ORDERS: Registry[Order] = Registry("order", (AsDrawn(), EasyFirst(), HardFirst(), RandomRank()))
