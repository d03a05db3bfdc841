"""Which images an epoch shows, in which order and in which batches: a pure function of the recipe and the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.data.augmentation.draws import drawn_views
from core.data.augmentation.mixtures import Mix, mix_of_step
from core.distillation.curricula import TrainingImages
from core.errors import SkinKDError
from core.recipe import Recipe

if TYPE_CHECKING:
    from core.data.store import ImageStore
    from core.teachers.sources import TeacherSource


@dataclass(frozen=True)
class FitData:
    """What a training sees. `train` and `validation` are indices into the store's records.

    `teachers`, where the run needs some, can be asked about every image of `train`.
    """

    store: ImageStore
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    teachers: tuple[TeacherSource, ...] = ()

    @property
    def views(self) -> int | None:
        """How many views of an image every teacher can be asked about; None: any number."""
        return min((teacher.views for teacher in self.teachers if teacher.views is not None), default=None)

    @property
    def teacher_logits(self) -> tuple[NDArray[np.float32], ...]:
        """Every teacher's logits (records, classes), the mean over its stored flips and turns, as far as they were
        computed."""
        return tuple(teacher.logits for teacher in self.teachers if teacher.logits is not None)

    @property
    def upright_features(self) -> tuple[NDArray[np.float32], ...]:
        """The pooled features (records, d) of the upright images, of the teachers that have them stored."""
        return tuple(teacher.upright_features for teacher in self.teachers if teacher.upright_features is not None)


def class_counts(data: FitData, recipe: Recipe) -> NDArray[np.int64]:
    """How many training images each class has, (classes,)."""
    return np.bincount(data.store.labels[data.train], minlength=len(recipe.class_set)).astype(np.int64)


def epoch_indices(
    data: FitData, recipe: Recipe, epoch: int, student_logits: NDArray[np.floating[Any]] | None = None
) -> NDArray[np.int64]:
    """The record indices (n,) of an epoch (counted from 1) in the order they are shown, as many as its curriculum
    says. `student_logits` (records, classes) are the student's latest before it, where the curriculum needs them."""
    from core.data.sampling import epoch_order

    settings, curriculum = recipe.optimisation, recipe.applied_curriculum.entries
    labels = data.store.labels[data.train]
    images = TrainingImages(
        labels,
        tuple(logits[data.train] for logits in data.teacher_logits),
        # Copies of hundreds of megabytes, of use to difficulties that ask the student alone.
        tuple(features[data.train] for features in data.upright_features) if curriculum.needs_student else (),
        None if student_logits is None else student_logits[data.train],
        settings.seed,
    )

    def sampler(draw: int) -> NDArray[np.int64]:
        return epoch_order(labels, sampler=settings.sampler, seed=settings.seed, epoch=draw)

    rows = curriculum.rows(epoch, images, sampler, settings.seed)
    return np.ascontiguousarray(data.train[rows], np.int64)


def epoch_views(images: int, recipe: Recipe, epoch: int, most: int | None) -> NDArray[np.int64] | None:
    """In which of the first `most` views each image of an epoch is shown, (n,) as `epoch_indices`; None: all upright.

    Without bound (None) from as many as the augmentation has, mostly ever new ones.
    """
    rule = recipe.view_rule
    if rule.most == 1:
        return None
    bounds = [bound for bound in (most, rule.most) if bound is not None]
    return drawn_views(images, seed=recipe.optimisation.seed, epoch=epoch, most=min(bounds, default=None))


def step_mix(images: int, recipe: Recipe, epoch: int, batch: int) -> Mix | None:
    """What is mixed among the `images` of step `batch` (from 0) of an epoch; None: nothing."""
    settings = recipe.optimisation
    return mix_of_step(
        recipe.mixture,
        settings,
        images,
        recipe.data.image_size,
        seed=settings.seed,
        epoch=epoch,
        batch=batch,
    )


def check_data(data: FitData, recipe: Recipe) -> None:
    """Raise `SkinKDError` when the data can not be trained on as the recipe asks, ValueError when a teacher is missing
    in them."""
    if len(data.train) < 2 or not len(data.validation):
        raise SkinKDError(
            "Too few images",
            f"Training needs at least two images and validation one; there are {len(data.train)} and "
            f"{len(data.validation)}. Add images, or change data.split.",
        )
    if recipe.needs_teacher:
        if not data.teachers:
            raise ValueError("the recipe needs a teacher")
        if not all(np.isfinite(logits[data.train]).all() for logits in data.teacher_logits):
            raise SkinKDError(
                "The teacher gives no numbers",
                "For some training images the teacher's output is not a finite number. Train the teacher again with a "
                "lower learning rate or with 32-bit precision.",
            )
