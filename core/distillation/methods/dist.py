"""DIST: the student's probabilities are to rise and fall with the teacher's, between classes and within each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.distillation.method import LossContext, OfLogits, settings_as
from core.distillation.outputs import Outputs
from core.distillation.softmax import below_best, centred, mean_over_images, mean_over_teachers, norm, precise
from core.settings import SettingsSection, setting

if TYPE_CHECKING:
    from torch import Tensor

_EPSILON = 1e-8
"""Added to the product of the norms in the correlation, as DIST's authors do."""


class DistSettings(SettingsSection):
    """How the two correlations are weighed."""

    temperature: float = setting(
        1.0,
        "Temperature",
        "Above 1 softens the probabilities before they are compared. The paper: 1. DIST's author advises 4 where there "
        "are few classes.",
        ge=0.1,
        le=20,
    )
    beta: float = setting(1.0, "DIST beta", "Weight of the correlation between classes.", expert=True, ge=0, le=10)
    gamma: float = setting(1.0, "DIST gamma", "Weight of the correlation within classes.", expert=True, ge=0, le=10)


class Dist(OfLogits):
    """How far the probabilities are from correlating, over each sample's classes and over each class's samples (the
    mean over several teachers)."""

    name = "dist"
    title = "DIST"
    help = (
        "match how the teacher's answers relate, between classes and within each; pays where a strong teacher is too "
        "sure to be matched exactly, with large batches"
    )
    source = (
        "Huang et al., Knowledge Distillation from A Stronger Teacher, 2022, equations 7 to 9; "
        "Davidi and Park, Novel Knowledge Distillation Techniques for Visual Skin Disease Detection, figure 6"
    )
    Settings = DistSettings
    couples_batch = True

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        """See `Method`."""
        settings = settings_as(DistSettings, context)
        return mean_over_teachers(
            teachers,
            context.weights,
            lambda teacher, weights: dist(
                student.logits,
                teacher.logits,
                beta=settings.beta,
                gamma=settings.gamma,
                temperature=settings.temperature,
                weights=weights,
            ),
        )


DIST = Dist()


def dist(
    student_logits: Tensor,
    teacher_logits: Tensor,
    *,
    beta: float = 1.0,
    gamma: float = 1.0,
    temperature: float = 1.0,
    weights: Tensor | None = None,
) -> Tensor:
    """DIST: how far the two models' probabilities are from correlating, 0 to 2 * (beta + gamma), times temperature^2;
    a float32 scalar from logits (n, classes) of any floating type.

    temperature^2 * (beta * (1 - mean correlation over samples) + gamma * (1 - mean correlation over classes)), with
    correlation = <a, b> / (|a| |b| + 1e-8) of the centred vectors. A vector without variance (one sample, a head
    that was just initialised) correlates with nothing: 0, and no gradient through it. With `weights` (n,) each sample's
    correlation counts as much, and those along the batch as their mean.

    Computed in float64 (where the device has it): a confident student's probabilities of the other classes are below
    float32's rounding of the mean that is taken from them, and their correlation is what remains.
    """
    student = _deviations(precise(student_logits), temperature)
    teacher = _deviations(precise(teacher_logits.detach()), temperature)
    between = mean_over_images(1 - _correlation(student, teacher, dim=1), weights)
    within = 1 - _correlation(student, teacher, dim=0).mean()
    if weights is not None:
        within = within * weights.mean()
    return ((beta * between + gamma * within) * temperature**2).float()


def _deviations(logits: Tensor, temperature: float) -> Tensor:
    """Softmax probabilities minus 1 / classes, shape (n, classes).

    Computed from exp(z) - 1, so that nearly equal probabilities keep their differences.
    """
    excess = below_best(logits, temperature).expm1()
    classes = excess.shape[1]
    return (excess - excess.mean(dim=1, keepdim=True)) / (classes + excess.sum(dim=1, keepdim=True))


def _correlation(student: Tensor, teacher: Tensor, dim: int) -> Tensor:
    """Correlation of probabilities (given minus 1 / classes) along `dim`; 0 where either does not vary."""
    offset = 1 / student.shape[1]
    student_centred, student_varies = centred(student, dim, offset)
    teacher_centred, teacher_varies = centred(teacher, dim, offset)
    varies = student_varies & teacher_varies
    # Constant vectors leave the sums here, not after the division: their gradient must be 0, not 0 times infinity.
    a = student_centred.where(varies, 0.0)
    b = teacher_centred.where(varies, 0.0)
    norms = norm(a, dim) * norm(b, dim)
    return (a * b).sum(dim=dim) / (norms + _EPSILON)
