"""Which images an epoch shows, in which order and in which batches: a pure function of the recipe and the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

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


def batch_count(images: int, batch_size: int) -> int:
    """Steps in an epoch of this many images: the last short batch counts unless it has a single image.

    Batch normalisation can not be computed from one image.
    """
    full, rest = divmod(images, batch_size)
    return full + (rest > 1)


def epoch_indices(data: FitData, recipe: Recipe, epoch: int) -> NDArray[np.int64]:
    """The record indices of an epoch (counted from 1) in the order they are shown.

    With the teacher's curriculum the drawn images, repeats included, are sorted by falling confidence of the teacher,
    equals in the order they were drawn (paper, section 4.3).
    """
    from core.data.sampling import epoch_order

    settings = recipe.optimisation
    labels = data.store.labels[data.train]
    drawn = data.train[epoch_order(labels, sampler=settings.sampler, seed=settings.seed, epoch=epoch)]
    if recipe.task == "student" and recipe.curriculum.order == "teacher_confidence":
        from core.distillation.curriculum import order_by_confidence

        if data.teacher_logits is None:
            raise ValueError("the teacher's order needs the teacher's logits")
        drawn = order_by_confidence(drawn, data.teacher_logits)
    return np.ascontiguousarray(drawn, np.int64)


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
