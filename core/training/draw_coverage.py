"""Which share of the training images the sampler's draws show. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.data.sampling import epoch_order
from core.quantities import fraction, whole_percent
from core.recipe import Recipe


@dataclass(frozen=True)
class DrawCoverage:
    """Shares in 0..1 of `images` training images that `draws` draws show, and that the first alone shows: of all, and
    by class code (of the classes with images)."""

    images: int
    draws: int
    first: float
    by_class: tuple[tuple[str, float], ...]
    all: float

    @property
    def sentence(self) -> str:
        """What one draw leaves out, for people, with the class of which it shows least; empty where it shows all."""
        if self.first == 1:
            return ""
        code, least = min(self.by_class, key=lambda item: item[1])
        return (
            f"One draw shows {_percent(self.first)} of the {self.images:,} training images and {_percent(least)} of "
            f"{code}; drawn once, the others are never seen. {self.draws} draws, one for each epoch, show "
            f"{_percent(self.all)}."
        )


def draw_coverage(
    labels: NDArray[np.int64], codes: Sequence[str], *, sampler: str, seed: int, draws: int
) -> DrawCoverage:
    """The coverage of the training images with these class indices (n,), by the very draws of a training with this
    sampler and seed. Raises ValueError for no images or another sampler."""
    seen = np.zeros(labels.size, bool)
    first = seen
    for draw in range(1, draws + 1):
        seen[epoch_order(labels, sampler=sampler, seed=seed, epoch=draw)] = True
        if draw == 1:
            first = seen.copy()
        if seen.all():
            break
    shares = ((code, labels == index) for index, code in enumerate(codes))
    by_class = tuple((code, float(first[mine].mean())) for code, mine in shares if mine.any())
    return DrawCoverage(labels.size, draws, float(first.mean()), by_class, float(seen.mean()))


def never_shown(labels: NDArray[np.int64], codes: Sequence[str], recipe: Recipe) -> str:
    """What a reader of a run's scores must know where all epochs show one draw of its training images (n,), of these
    class indices: how much it left out. Empty for any other run."""
    curriculum, settings = recipe.applied_curriculum, recipe.optimisation
    redraw = curriculum.entries.redraw
    if len({redraw.draw(epoch, curriculum) for epoch in range(1, settings.epochs + 1)}) > 1 or settings.epochs == 1:
        return ""
    found = draw_coverage(labels, codes, sampler=settings.sampler, seed=settings.seed, draws=settings.epochs)
    return found.sentence


def _percent(share: float) -> str:
    """A share that is not all never reads as 100 %."""
    return whole_percent(share) if share < 0.99 or share == 1 else fraction(min(share, 0.999))
