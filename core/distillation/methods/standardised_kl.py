"""Standardised KL: the student's logits are to relate to one another as the teacher's do, whatever their size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.distillation.method import LossContext, OfLogits, settings_as
from core.distillation.methods.kl import kl_divergence
from core.distillation.outputs import Outputs
from core.distillation.softmax import centred, mean_over_teachers, norm, precise
from core.settings import SettingsSection, setting

if TYPE_CHECKING:
    from torch import Tensor

_EPSILON = 1e-7
"""Added to the standard deviation, as the authors do."""


class StandardisedKlSettings(SettingsSection):
    """How the standardised logits are compared."""

    temperature: float = setting(
        2.0, "Temperature", "Above 1 softens the probabilities. The authors: 2.", ge=0.1, le=20
    )
    kl_weight: float = setting(
        10.0,
        "KL weight",
        "What the divergence is multiplied by. With alpha 0.9, 10 gives the authors' loss: 9 times the divergence and "
        "0.1 times that of the labels.",
        gt=0,
        le=1000,
    )


class StandardisedKl(OfLogits):
    """KL divergence (Hinton's) of logits that have, for each sample, mean 0 and standard deviation 1."""

    name = "standardised_kl"
    title = "Standardised KL"
    help = (
        "match how the teacher ranks and spaces the classes, however large its logits; the only loss that did better "
        "than no teacher on validation images here, at alpha 0.5 (docs/proof; the authors: 0.9)"
    )
    source = "Sun et al., Logit Standardization in Knowledge Distillation, 2024, equation 9 and algorithm 1"
    Settings = StandardisedKlSettings

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        """See `Method`."""
        settings = settings_as(StandardisedKlSettings, context)
        own, temperature = standardised(student.logits), settings.temperature
        return settings.kl_weight * mean_over_teachers(
            teachers,
            context.weights,
            lambda teacher, weights: kl_divergence(
                own,
                standardised(teacher.logits.detach()),
                temperature=temperature,
                direction="teacher_student",
                weights=weights,
            ),
        )


STANDARDISED_KL = StandardisedKl()


def standardised(logits: Tensor) -> Tensor:
    """Logits (n, classes), of at least two classes, minus each sample's mean, over its unbiased standard deviation
    + 1e-7, in float64 where the device has it. A sample whose logits are constant but for rounding becomes 0, without
    gradient."""
    deviations, varies = centred(precise(logits), dim=1)
    deviations = deviations.where(varies, 0.0)
    spread = norm(deviations, dim=1)[:, None] / (logits.shape[1] - 1) ** 0.5
    values: Tensor = deviations / (spread + _EPSILON)
    return values
