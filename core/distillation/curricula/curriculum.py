"""The curriculum of a run: one difficulty, order, pacing and redraw with their settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.distillation.curricula.difficulties import Difficulty, TrainingImages
from core.distillation.curricula.orders import Drawn, Order
from core.distillation.curricula.pacings import Pacing
from core.distillation.curricula.redraws import Redraw
from core.settings import SettingsSection

FEWEST_IMAGES = 2
"""An epoch shows at least this many: batch normalisation can not be computed from one image."""

Sampler = Callable[[int], NDArray[np.int64]]
"""The number of a draw (from 1) to rows of the training part (n,), as many in every draw."""


@dataclass(frozen=True)
class Curriculum:
    """What an epoch shows; everything it says is a pure function of the seed, the epoch (from 1) and what is known of
    the images."""

    difficulty: Difficulty
    order: Order
    pacing: Pacing
    redraw: Redraw
    settings: SettingsSection

    @property
    def needs_teacher(self) -> bool:
        """Whether the teacher's logits are looked at: a difficulty that no order asks for is not computed."""
        return self.order.needs_difficulty and self.difficulty.needs_teacher

    @property
    def needs_student(self) -> bool:
        """Whether the student's logits are asked for, so that the order changes as it learns."""
        return self.order.needs_difficulty and self.difficulty.needs_student

    def images_in(self, epoch: int, drawn: int) -> int:
        """How many of the `drawn` images an epoch shows: the pacing's share, rounded, 2 at least."""
        share = min(1.0, float(self.pacing.share(epoch, self.settings)))
        return min(drawn, max(FEWEST_IMAGES, round(share * drawn)))

    def rows(self, epoch: int, images: TrainingImages, sampler: Sampler, seed: int) -> NDArray[np.int64]:
        """The rows (n,) of the training part that an epoch shows, in their order, repeats included.

        Raises ValueError when the teachers' logits are needed and were not computed, or when an order does not give
        every place once.
        """
        rows = sampler(self.redraw.draw(epoch, self.settings))
        difficulty = None
        if self.order.needs_difficulty:
            difficulty = np.asarray(self.difficulty.of(images, self.settings), np.float64)[rows]
        drawn = Drawn(rows, images.labels[rows], difficulty, len(images.labels), epoch, seed)
        places = np.asarray(self.order.arranged(drawn, self.settings), np.int64)
        if not np.array_equal(np.sort(places), np.arange(len(rows))):
            raise ValueError(f"the order {self.order.name} does not give each of the drawn images once")
        return rows[places[: self.images_in(epoch, len(rows))]]
