"""How many steps each epoch of a training has, before any of them is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from core.recipe import Recipe


def batch_count(images: int, batch_size: int) -> int:
    """Steps in an epoch of this many images: the last short batch counts unless it has a single image.

    Batch normalisation can not be computed from one image.
    """
    full, rest = divmod(images, batch_size)
    return full + (rest > 1)


@dataclass(frozen=True)
class EpochPlan:
    """`images` that each epoch shows, in batches of `batch_size`; epochs count from 1. With a pacing they differ."""

    images: tuple[int, ...]
    batch_size: int

    @classmethod
    def of(cls, recipe: Recipe, images: int) -> EpochPlan:
        """The plan of a training over this many images; a pure function of the recipe."""
        curriculum, settings = recipe.applied_curriculum.entries, recipe.optimisation
        shown = (curriculum.images_in(epoch, images) for epoch in range(1, settings.epochs + 1))
        return cls(tuple(shown), settings.batch_size)

    @property
    def epochs(self) -> int:
        """The most epochs that there can be."""
        return len(self.images)

    @property
    def total(self) -> int:
        """Steps of all epochs."""
        return self._ends[-1]

    def batches(self, epoch: int) -> int:
        """Steps of an epoch."""
        return self._ends[epoch] - self._ends[epoch - 1]

    def before(self, epoch: int) -> int:
        """Steps of all epochs before this one, which may be one behind the last."""
        return self._ends[epoch - 1]

    def trained_images(self, epoch: int) -> int:
        """Images in the steps of an epoch: one that would be a batch alone is left out."""
        return min(self.images[epoch - 1], self.batches(epoch) * self.batch_size)

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        counts = (batch_count(images, self.batch_size) for images in self.images)
        return tuple(accumulate(counts, initial=0))
