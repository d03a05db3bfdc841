"""KL: the student's probabilities are to be the teacher's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from core.distillation.method import LossContext, OfLogits, settings_as
from core.distillation.outputs import Outputs
from core.distillation.softmax import below_best, mean_over_images, mean_over_teachers
from core.settings import SettingsSection, setting

if TYPE_CHECKING:
    from torch import Tensor

Direction = Literal["student_teacher", "teacher_student"]


class KlSettings(SettingsSection):
    """How the two models' probabilities are compared."""

    temperature: float = setting(
        1.0, "Temperature", "Above 1 softens the probabilities before they are compared. The paper: 1.", ge=0.1, le=20
    )
    direction: Direction = setting(
        "student_teacher",
        "KL direction",
        "student_teacher: the paper's. teacher_student: Hinton's, times the temperature squared.",
        expert=True,
        titles={"student_teacher": "Student to teacher", "teacher_student": "Teacher to student"},
    )


class Kl(OfLogits):
    """Kullback-Leibler divergence between the probabilities, the mean over the samples (and over several teachers)."""

    name = "kl"
    title = "KL"
    help = "match the teacher's probabilities, as the paper does; the plainest, to compare others with"
    source = (
        "Davidi and Park, Novel Knowledge Distillation Techniques for Visual Skin Disease Detection, figure 5; "
        "temperature: Hinton et al., Distilling the Knowledge in a Neural Network, 2015"
    )
    Settings = KlSettings

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        """See `Method`."""
        settings = settings_as(KlSettings, context)
        return mean_over_teachers(
            teachers,
            context.weights,
            lambda teacher, weights: kl_divergence(
                student.logits,
                teacher.logits,
                temperature=settings.temperature,
                direction=settings.direction,
                weights=weights,
            ),
        )


KL = Kl()


def kl_divergence(
    student_logits: Tensor,
    teacher_logits: Tensor,
    *,
    temperature: float = 1.0,
    direction: Direction = "student_teacher",
    weights: Tensor | None = None,
) -> Tensor:
    """Kullback-Leibler divergence between the two models' probabilities, >= 0, times temperature squared; a float32
    scalar from logits (n, classes) of any floating type.

    `student_teacher` is the paper's: sum P log(P / Q) with P the student and Q the teacher. `teacher_student` is
    Hinton's: sum Q log(Q / P). The temperature (> 0) divides all logits; its square keeps the size of the gradient
    about the same at every temperature, in both directions. `weights` (n,) are the samples' in the mean over them.
    """
    student = below_best(student_logits.float(), temperature).log_softmax(dim=1)
    teacher = below_best(teacher_logits.detach().float(), temperature).log_softmax(dim=1)
    # F.kl_div with the student as log-target gives a NaN gradient once a probability underflows; this does not.
    first, second = (student, teacher) if direction == "student_teacher" else (teacher, student)
    return mean_over_images((first.exp() * (first - second)).sum(dim=1), weights) * temperature**2
