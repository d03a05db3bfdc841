"""How difficult an image is: what an order of images goes by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.distillation.curricula.discriminator import projected, separability
from core.registry import Registry
from core.settings import Configured, SettingsSection

_STREAM = 0x0C43
"""Keeps the random ranks apart from other uses of the same seed."""

_LEAST = 1e-6
"""Probabilities below it are all the same to the discriminator."""


@dataclass(frozen=True)
class TrainingImages:
    """What is known of the training images, a row each: labels (n,) int64, and each teacher's logits (n, classes) of
    the upright image (no teacher where the run needs none).

    `teacher_features` (n, d) are there where the run stores them anyway and the student is asked. `student_logits`
    (n, classes) are what the student last said of each image before the epoch, in whatever view or mixture it then saw
    it, NaN where it did not yet; None where nobody needs them. `seed` is the run's.
    """

    labels: NDArray[np.int64]
    teacher_logits: tuple[NDArray[np.floating[Any]], ...] = field(default=())
    teacher_features: tuple[NDArray[np.floating[Any]], ...] = field(default=())
    student_logits: NDArray[np.floating[Any]] | None = None
    seed: int = 0


class Difficulty(Configured, Protocol):
    """A measure of difficulty. `needs_teacher` says whether it asks for the teachers' logits, `needs_student` whether
    for the student's: then it changes from epoch to epoch."""

    @property
    def needs_teacher(self) -> bool: ...
    @property
    def needs_student(self) -> bool: ...

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        """A finite number for each training image (n,), smaller for easier ones; nothing but its order counts. A pure
        function of its arguments. Raises ValueError when something it needs was not computed."""
        ...


class _OfTeachers:
    """What the two have in common that ask the teachers; of several teachers the mean probability counts."""

    Settings = SettingsSection
    needs_teacher = True
    needs_student = False


def _teachers_probabilities(images: TrainingImages) -> NDArray[np.float64]:
    """The teachers' mean probability of each class (n, classes). Raises ValueError where it is not known."""
    from scipy.special import softmax

    if not images.teacher_logits:
        raise ValueError("the difficulty needs the teacher's logits")
    if not all(np.isfinite(logits).all() for logits in images.teacher_logits):
        raise ValueError("the teacher's logits of some training images were not computed")
    means = np.mean([softmax(np.asarray(logits, np.float64), axis=1) for logits in images.teacher_logits], axis=0)
    return np.asarray(means, np.float64)


class _OfStudent:
    """What the ones have in common that ask the student. An image that it has not met yet is as difficult as the median
    of those that it has; before the first epoch all are alike, and stay as drawn."""

    Settings = SettingsSection
    needs_teacher = True
    needs_student = True

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        """See `Difficulty`."""
        if images.student_logits is None:
            raise ValueError("the difficulty needs the student's logits")
        known = np.isfinite(images.student_logits).all(axis=1)
        found = np.zeros(len(known))
        if known.any():
            found[known] = self._measured(images, known)
            found[~known] = np.median(found[known])
        return found

    def _measured(self, images: TrainingImages, known: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The difficulty of the images (k,) that the student has met."""
        raise NotImplementedError


def _log_softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    from scipy.special import log_softmax

    return np.asarray(log_softmax(np.asarray(logits, np.float64), axis=1), np.float64)


class TeacherConfidence(_OfTeachers):
    """Minus the probability of the class that the teacher predicts, whether it is right or not: -1 to -1 / classes."""

    name = "teacher_confidence"
    title = "Teacher's confidence"
    help = "an image is the easier, the higher the teacher's probability of the class that it predicts"
    source = "Davidi and Park, section 4.3"

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        """See `Difficulty`."""
        return np.asarray(-_teachers_probabilities(images).max(axis=1))


class TeacherTrueClass(_OfTeachers):
    """Minus the probability that the teacher gives to the image's label, -1 to 0: what it gets wrong is difficult."""

    name = "teacher_true_class"
    title = "Teacher's probability of the label"
    help = "an image is the easier, the higher the teacher's probability of its label; what it mistakes is difficult"
    source = "Hacohen and Weinshall, On the Power of Curriculum Learning, 2019, section 2"

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        """See `Difficulty`."""
        return -_teachers_probabilities(images)[np.arange(len(images.labels)), images.labels]


class StudentLoss(_OfStudent):
    """The student's cross entropy with the label, when it last met the image."""

    name = "loss"
    title = "Student's loss"
    help = "an image is the easier, the lower the student's loss when last shown; asks no teacher, changes every epoch"
    source = "Kumar et al., Self-Paced Learning for Latent Variable Models, 2010, equation 4"
    needs_teacher = False

    def _measured(self, images: TrainingImages, known: NDArray[np.bool_]) -> NDArray[np.float64]:
        assert images.student_logits is not None
        logs = _log_softmax(images.student_logits[known])
        return -logs[np.arange(len(logs)), images.labels[known]]


class TeacherStudentGap(_OfStudent):
    """KL(teacher || student): the teachers' mean probabilities of the upright image against what the student said of it
    when it last met it."""

    name = "gap"
    title = "Gap between teacher and student"
    help = (
        "an image is the easier, the nearer the student came to the teacher when it last met it; changes as it learns"
    )
    source = "Zhu et al., Combining Curriculum Learning and Knowledge Distillation for Dialogue Generation, 2021"

    def _measured(self, images: TrainingImages, known: NDArray[np.bool_]) -> NDArray[np.float64]:
        from scipy.special import xlogy

        assert images.student_logits is not None
        teacher, student = _teachers_probabilities(images)[known], _log_softmax(images.student_logits[known])
        return np.asarray((xlogy(teacher, teacher) - teacher * student).sum(axis=1), np.float64)


class Discriminator(_OfStudent):
    """How surely a small network, trained anew before each epoch to tell the student's outputs from the teachers',
    knows the student's for what they are."""

    name = "discriminator"
    title = "Discriminator"
    help = (
        "an image is the easier, the less a small network can tell the student's outputs from the teacher's; it learns "
        "that before each epoch from what is stored, and the student against it"
    )
    source = "Zhu et al., Combining Curriculum Learning and Knowledge Distillation for Dialogue Generation, 2021"

    def _measured(self, images: TrainingImages, known: NDArray[np.bool_]) -> NDArray[np.float64]:
        assert images.student_logits is not None
        teacher = np.log(np.maximum(_teachers_probabilities(images)[known], _LEAST))
        context = [np.eye(teacher.shape[1])[images.labels[known]]]
        context += [projected(features[known]) for features in images.teacher_features]
        student = np.maximum(_log_softmax(images.student_logits[known]), np.log(_LEAST))
        return separability(student, teacher, np.hstack(context), images.seed)


class RandomDifficulty:
    """A number that each image drew once for the whole run."""

    name = "random"
    title = "Random"
    help = (
        "images are as difficult as they drew once: the control, which shows what a curriculum owes to its order alone"
    )
    source = "Wu, Dyer and Neyshabur, When Do Curricula Work?, 2021: random curriculum"
    Settings = SettingsSection
    needs_teacher = False
    needs_student = False

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        """See `Difficulty`."""
        return random_ranks(len(images.labels), images.seed).astype(np.float64)


def random_ranks(images: int, seed: int) -> NDArray[np.int64]:
    """A rank 0 .. images - 1 for each image (images,), drawn from the seed alone."""
    return np.random.default_rng([seed, _STREAM]).permutation(images).astype(np.int64)


DIFFICULTIES: Registry[Difficulty] = Registry(
    "difficulty",
    (TeacherConfidence(), TeacherTrueClass(), TeacherStudentGap(), StudentLoss(), Discriminator(), RandomDifficulty()),
)
