"""How difficult an image is: what an order of images goes by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.registry import Registry
from core.settings import Configured, SettingsSection


@dataclass(frozen=True)
class TrainingImages:
    """What is known of the training images, a row each: labels (n,) int64, and each teacher's logits (n, classes) of
    the upright image (no teacher where the run needs none)."""

    labels: NDArray[np.int64]
    teacher_logits: tuple[NDArray[np.floating[Any]], ...] = field(default=())


class Difficulty(Configured, Protocol):
    """A measure of difficulty. `needs_teacher` says whether it looks at the teachers' logits."""

    @property
    def needs_teacher(self) -> bool: ...

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        """A finite number for each training image (n,), smaller for easier ones; nothing but its order counts. A pure
        function of its arguments. Raises ValueError when something it needs was not computed."""
        ...


class _OfTeachers:
    """What the two have in common that ask the teachers; of several teachers the mean probability counts."""

    Settings = SettingsSection
    needs_teacher = True

    @staticmethod
    def mean_probabilities(images: TrainingImages) -> NDArray[np.float64]:
        """The teachers' mean probability of each class (n, classes)."""
        from scipy.special import softmax

        if not images.teacher_logits:
            raise ValueError("the difficulty needs the teacher's logits")
        if not all(np.isfinite(logits).all() for logits in images.teacher_logits):
            raise ValueError("the teacher's logits of some training images were not computed")
        means = np.mean([softmax(np.asarray(logits, np.float64), axis=1) for logits in images.teacher_logits], axis=0)
        return np.asarray(means, np.float64)


class TeacherConfidence(_OfTeachers):
    """Minus the probability of the class that the teacher predicts, whether it is right or not: -1 to -1 / classes."""

    name = "teacher_confidence"
    title = "Teacher's confidence"
    help = "an image is the easier, the higher the teacher's probability of the class that it predicts"
    source = "Davidi and Park, section 4.3"

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        """See `Difficulty`."""
        return np.asarray(-self.mean_probabilities(images).max(axis=1))


class TeacherTrueClass(_OfTeachers):
    """Minus the probability that the teacher gives to the image's label, -1 to 0: what it gets wrong is difficult."""

    name = "teacher_true_class"
    title = "Teacher's probability of the label"
    help = "an image is the easier, the higher the teacher's probability of its label; what it mistakes is difficult"
    source = "Hacohen and Weinshall, On the Power of Curriculum Learning, 2019, section 2"

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        """See `Difficulty`."""
        return -self.mean_probabilities(images)[np.arange(len(images.labels)), images.labels]


DIFFICULTIES: Registry[Difficulty] = Registry("difficulty", (TeacherConfidence(), TeacherTrueClass()))
