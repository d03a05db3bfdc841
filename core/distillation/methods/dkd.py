"""DKD: what the teacher says of the label, and of the other classes among themselves, with a weight for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.distillation.method import LossContext, OfLogits, settings_as
from core.distillation.methods.standardised_kl import standardised
from core.distillation.outputs import Outputs
from core.distillation.softmax import below_best, mean_over_images, mean_over_teachers, precise
from core.settings import SettingsSection, setting

if TYPE_CHECKING:
    from torch import Tensor


class DkdSettings(SettingsSection):
    """The weights of the two losses."""

    temperature: float = setting(
        4.0, "Temperature", "Above 1 softens the probabilities before they are compared. The authors: 4.", ge=0.1, le=20
    )
    other_weight: float = setting(
        8.0,
        "Weight of the other classes",
        "Of what the teacher says of the other classes among themselves (the authors' beta, 0.5 to 10): the larger its "
        "logits, the larger.",
        ge=0,
        le=1000,
    )
    target_weight: float = setting(
        1.0,
        "Weight of the label's class",
        "Of what the teacher says of the label's class against all others (the authors' alpha: 1).",
        expert=True,
        ge=0,
        le=1000,
    )
    dkd_warmup: int = setting(
        0,
        "DKD warm-up",
        "Over these epochs the loss grows from nothing; the authors: 20 of 240.",
        unit="epochs",
        expert=True,
        ge=0,
        le=1000,
    )
    standardise: bool = setting(
        False,
        "Standardise the logits",
        "First bring each sample's logits to mean 0 and standard deviation 1 (Sun et al., 2024; there with temperature "
        "2).",
        expert=True,
    )


class Dkd(OfLogits):
    """Decoupled distillation: KL divergence of (label's class, all others), and of the others without the label's."""

    name = "dkd"
    title = "DKD"
    help = (
        "match what the teacher says of the wrong classes with a weight of its own; pays with a very sure teacher, of "
        "whom little else is learned"
    )
    source = "Zhao et al., Decoupled Knowledge Distillation, 2022, equation 7"
    Settings = DkdSettings

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        """See `Method`."""
        settings = settings_as(DkdSettings, context)
        begun = min(1.0, context.epoch / settings.dkd_warmup) if settings.dkd_warmup else 1.0
        prepared = standardised if settings.standardise else precise
        return begun * mean_over_teachers(
            teachers,
            context.weights,
            lambda teacher, weights: decoupled(
                prepared(student.logits),
                prepared(teacher.logits.detach()),
                labels,
                target_weight=settings.target_weight,
                other_weight=settings.other_weight,
                temperature=settings.temperature,
                weights=weights,
            ),
        )


DKD = Dkd()


def decoupled(
    student_logits: Tensor,
    teacher_logits: Tensor,
    labels: Tensor,
    *,
    target_weight: float = 1.0,
    other_weight: float = 8.0,
    temperature: float = 4.0,
    weights: Tensor | None = None,
) -> Tensor:
    """(target_weight * TCKD + other_weight * NCKD) * temperature^2, >= 0; a float32 scalar from logits (n, classes, at
    least 2) and labels (n,) int64.

    TCKD is the divergence KL(teacher || student) of (probability of the label, of all others), NCKD that of the others'
    probabilities without the label's class. `weights` (n,) are the samples' in the mean over them.
    """
    student = _parts(student_logits, labels, temperature)
    teacher = _parts(teacher_logits.detach(), labels, temperature)
    target, others = ((there.exp() * (there - here)).sum(dim=1) for here, there in zip(student, teacher, strict=True))
    return (mean_over_images(target_weight * target + other_weight * others, weights) * temperature**2).float()


def _parts(logits: Tensor, labels: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Log-probabilities of (label's class, all others) (n, 2), and of the others among themselves (n, classes - 1)."""
    import torch

    scaled, label = below_best(logits, temperature), labels[:, None]
    # Gathered, for a mask would have to be counted first, and the device be waited for.
    others = torch.arange(scaled.shape[1] - 1, device=scaled.device).expand(len(scaled), -1)
    rest = scaled.gather(1, others + (others >= label))
    both = torch.cat([scaled.gather(1, label), rest.logsumexp(dim=1, keepdim=True)], dim=1)
    return both.log_softmax(dim=1), below_best(rest).log_softmax(dim=1)
