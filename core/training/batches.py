"""Which images an epoch shows, in which order and in which batches: a pure function of the recipe and the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.distillation.curricula import TrainingImages
from core.errors import SkinKDError
from core.recipe import Recipe

if TYPE_CHECKING:
    from core.data.store import ImageStore


@dataclass(frozen=True)
class FitData:
    """What a training sees. `train` and `validation` are indices into the store's records.

    `teacher_logits` (records, 8), where the run needs a teacher, hold numbers at least in the rows of `train`.
    """

    store: ImageStore
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    teacher_logits: NDArray[np.float32] | None = None


def epoch_indices(data: FitData, recipe: Recipe, epoch: int) -> NDArray[np.int64]:
    """The record indices of an epoch (counted from 1) in the order they are shown, as many as its curriculum says."""
    from core.data.sampling import epoch_order

    settings, curriculum = recipe.optimisation, recipe.applied_curriculum.entries
    labels = data.store.labels[data.train]
    logits = () if data.teacher_logits is None else (data.teacher_logits[data.train],)
    images = TrainingImages(labels, logits)

    def sampler(draw: int) -> NDArray[np.int64]:
        return epoch_order(labels, sampler=settings.sampler, seed=settings.seed, epoch=draw)

    rows = curriculum.rows(epoch, images, sampler, settings.seed)
    return np.ascontiguousarray(data.train[rows], np.int64)


def epoch_views(images: int, recipe: Recipe, epoch: int) -> NDArray[np.int64] | None:
    """In which view each image of an epoch is shown, in the order of `epoch_indices`; None: all upright."""
    if recipe.optimisation.augmentation == "none":
        return None
    from core.data.views import drawn_views

    return drawn_views(images, seed=recipe.optimisation.seed, epoch=epoch)


def check_data(data: FitData, recipe: Recipe) -> None:
    """Raise `SkinKDError` when the data can not be trained on as the recipe asks."""
    if len(data.train) < 2 or not len(data.validation):
        raise SkinKDError(
            "Too few images",
            f"Training needs at least two images and validation one; there are {len(data.train)} and "
            f"{len(data.validation)}. Add images, or change data.split.",
        )
    if recipe.needs_teacher:
        if data.teacher_logits is None:
            raise ValueError("the recipe needs the teacher's logits")
        if not np.isfinite(data.teacher_logits[data.train]).all():
            raise SkinKDError(
                "The teacher gives no numbers",
                "For some training images the teacher's output is not a finite number. Train the teacher again with a "
                "lower learning rate or with 32-bit precision.",
            )
