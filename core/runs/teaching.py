"""A run's teachers: checked against its test images, made ready to be asked, and in which precision they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Level, Notice
from core.recipe import Recipe
from core.runs.annotations import read_annotations
from core.runs.folder import RunFolder
from core.runs.preparing import PreparedData, decoded
from core.runs.teachers import Teacher, teacher_leaks, unseen_classes

if TYPE_CHECKING:
    from core.data.store import ImageStore
    from core.teachers.sources import TeacherSource
    from core.teachers.stored_outputs import StoredOutputs
    from core.training.hardware import Hardware, Precision

RECORD = "teacher_precision"
"""The name in environment.json."""


def prepare_teachers(
    teachers: Sequence[Teacher],
    recipe: Recipe,
    data: PreparedData,
    *,
    hardware: Hardware,
    precision: Precision,
    emit: Emit,
    token: CancelToken,
) -> tuple[tuple[TeacherSource, ...], tuple[str, ...]]:
    """The `teachers` of a run ready to be asked, in their order; and what a reader of its scores must know of them.

    What the recipe wants stored is computed here, in `precision`.

    Raises `SkinKDError` for a teacher that is unusable, and `Cancelled`.
    """
    preparation = _Preparation(teachers, recipe, data, hardware, precision, emit, token)
    notes = list(preparation.notes())
    sources = []
    for teacher in teachers:
        emit(Notice(f"The teacher is {teacher.name} ({teacher.path.name})."))
        unseen = unseen_classes(teacher, data.dataset)
        for note in unseen:
            emit(Notice(note, Level.WARNING))
        notes += (*unseen, *teacher_leaks(teacher, data.dataset, data.split))
        sources.append(preparation.source(teacher))
    return tuple(sources), tuple(notes)


@dataclass(frozen=True)
class _Preparation:
    """What the teachers of a run are made ready with."""

    teachers: Sequence[Teacher]
    recipe: Recipe
    data: PreparedData
    hardware: Hardware
    precision: Precision
    emit: Emit
    token: CancelToken

    def notes(self) -> tuple[str, ...]:
        """What a reader must know of how they are asked."""
        if not self.recipe.loss_terms or self.recipe.infers_online:
            return ()
        notes = []
        if self.recipe.view_rule.most != 1 and any(teacher.given for teacher in self.teachers):
            notes.append(
                "A teacher that is given as a file knows the upright images: the student sees no others, and there is "
                "no augmentation."
            )
        elif self.recipe.view_rule.most != 1 and self.recipe.stored_views == 1:
            notes.append("With teacher.views = 1 the student sees every image upright only; there is no augmentation.")
        if self.recipe.optimisation.mixture != "none":
            notes.append(
                "What the teacher says of mixed images is the mixture of what it said of each: an approximation. With "
                "teacher.source = online it is asked about the very mixtures."
            )
        return tuple(notes)

    def source(self, teacher: Teacher) -> TeacherSource:
        """A finished teacher, ready to be asked."""
        from core.models.files import read_model_info

        if teacher.given:
            return self._given(teacher)
        size = read_model_info(teacher.model_file).preprocessing.image_size
        images = self.data.store
        if size != self.recipe.data.image_size:
            self.emit(Notice(f"The teacher sees the images at {size} pixels, as it was trained."))
            images = decoded(self.data.dataset, size, self.recipe, self.emit, self.token)
        return self._online(teacher, images) if self.recipe.infers_online else self._stored(teacher, images)

    def _given(self, teacher: Teacher) -> TeacherSource:
        """Read from its file: what it says of the upright images. Of features without logits a head is fitted."""
        from core.teachers.given_outputs import read_given_outputs
        from core.teachers.sources import StoredTeacher
        from core.teachers.stored_outputs import StoredOutputs

        if self.recipe.infers_online:
            raise SkinKDError(
                "A file can not be asked",
                f"{teacher.path.name} holds what a teacher said of the images, and teacher.source = online asks it in "
                "every step. Set teacher.source to stored.",
            )
        given = read_given_outputs(teacher.model_file)
        if given.features is None and self.recipe.needs_features:
            raise SkinKDError(
                "The teacher gives no features",
                f"The method learns from pooled features, and {teacher.path.name} holds logits alone. Add features to "
                "it, or choose a method that learns from logits.",
            )
        rows = given.rows_of(self.data.dataset, self.data.split.train)
        features = None if given.features is None else _taken(given.features, rows)
        logits = given.logits_of(self.recipe.class_set)
        found = self._head(features, rows) if logits is None else _taken(logits, rows)
        stored = StoredOutputs(found[None], () if features is None or not self.recipe.needs_features else (features,))
        return StoredTeacher(stored, self._class_means(stored))

    def _head(self, features: NDArray[np.float32] | None, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        from core.teachers.feature_head import head_logits

        assert features is not None  # a file holds at least one of the two
        split, classes = self.data.split, len(self.recipe.class_set)
        held_out = split.validation[rows[split.validation] >= 0]
        logits, strength = head_logits(features, self.data.dataset.labels, split.train, held_out, classes)
        how = f"chosen on {len(held_out):,} validation images" if len(held_out) else "the usual one"
        self.emit(Notice(f"A linear head was fitted to the teacher's features (penalty {strength:g}, {how})."))
        return logits

    def _stored(self, teacher: Teacher, images: ImageStore) -> TeacherSource:
        """Asked now about all training images in all views."""
        from core.teachers.sources import StoredTeacher

        found = self._outputs(teacher, images, features=self.recipe.needs_teacher_features)
        return StoredTeacher(found, self._class_means(found), plain_views=self.recipe.view_rule.plain_views)

    def _online(self, teacher: Teacher, images: ImageStore) -> TeacherSource:
        """Asked in every step; only what concerns all images together is computed now, from the plain views."""
        from core.teachers.sources import OnlineTeacher

        found = self._outputs(teacher, images, features=False) if self.recipe.stored_views else None
        return OnlineTeacher(
            teacher.model_file,
            None if images is self.data.store else images,
            device=self.hardware.device,
            precision=self.precision,
            rule=self.recipe.view_rule,
            features=self.recipe.needs_features,
            logits=None if found is None else found.mean_logits(self.recipe.view_rule.plain_views),
            class_means=None if found is None else self._class_means(found),
        )

    def _outputs(self, teacher: Teacher, images: ImageStore, *, features: bool) -> StoredOutputs:
        from core.teachers.stored_outputs import stored_outputs

        return stored_outputs(
            teacher.model_file,
            images,
            self.data.split.train,
            views=self.recipe.stored_views,
            rule=self.recipe.view_rule,
            features=features,
            labels=self.data.dataset.labels if self.recipe.needs_statistics and not features else None,
            device=self.hardware.device,
            precision=self.precision,
            emit=self.emit,
            token=self.token,
        )

    def _class_means(self, outputs: StoredOutputs) -> NDArray[np.float32] | None:
        from core.teachers.sources import class_means

        if not self.recipe.needs_class_means or outputs.class_means is not None:
            return outputs.class_means
        return class_means(
            outputs.features[0], self.data.dataset.labels, self.data.split.train, outputs.logits.shape[2]
        )


def _taken(values: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """For each record its row of `values` (n, d), NaN where it has none (-1)."""
    return np.where(rows[:, None] >= 0, values[rows], np.float32(np.nan))


def teacher_precision(folder: RunFolder, hardware: Hardware) -> Precision:
    """The precision of the teacher's answers for a run.

    A recipe that names one gets it. With `auto` it is what the run began with, otherwise what another run of its study
    began with, on whatever hardware that was, otherwise the best of `hardware`.
    """
    if folder.recipe().hardware.precision != "auto":
        return hardware.inference_precision
    for environment in _environments(folder):
        recorded = environment.get(RECORD, "32")  # the first version asked with 32 bits and did not record it
        if recorded in ("32", "bf16", "16"):
            return recorded  # type: ignore[no-any-return]
    return hardware.inference_precision


def _environments(folder: RunFolder) -> Iterator[dict[str, Any]]:
    """What is recorded of this run, and then of the students of its study in the same folder of runs."""
    study = read_annotations(folder.path).study
    others = sorted(folder.path.parent.glob("*/annotations.json")) if study else []
    for path in [folder.path, *(file.parent for file in others if file.parent != folder.path)]:
        if path != folder.path and read_annotations(path).study != study:
            continue
        try:
            environment = RunFolder(path).environment()
            asked = bool(environment) and RunFolder(path).recipe().needs_teacher
        except SkinKDError:
            continue
        if asked:
            yield environment
