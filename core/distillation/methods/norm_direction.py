"""ND: the student's features are to point to the mean of their class in the teacher, and be no shorter than there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.distillation.method import LossContext, Need, TeacherStatistics
from core.distillation.outputs import Outputs
from core.distillation.projection import projected, projectors
from core.distillation.softmax import SHORTEST, mean_over_images, mean_over_teachers, norm, precise
from core.settings import SettingsSection

if TYPE_CHECKING:
    from torch import Tensor, nn


class NormDirection:
    """One minus the share of the larger norm that the student's features have along the teacher's class mean."""

    name = "norm_direction"
    title = "Norm and direction (ND)"
    help = (
        "turn the student's features to where the teacher has their class, and let them be as long as there; pays as a "
        "further loss beside KL or DIST"
    )
    source = "Wang et al., Improving Knowledge Distillation via Regularizing Feature Norm and Direction, 2023"
    Settings = SettingsSection
    needs = frozenset({Need.CLASS_MEANS, Need.FEATURE_NORMS})
    couples_batch = False

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        """See `Method`."""
        pairs = list(zip(projected(student, context.modules), context.statistics, strict=True))
        return mean_over_teachers(
            pairs, context.weights, lambda pair, weights: norm_direction(pair[0], pair[1], labels, weights=weights)
        )

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> nn.Module:
        """See `Method`; a projector for each teacher."""
        return projectors(student_dim, teacher_dims)


NORM_DIRECTION = NormDirection()


def norm_direction(
    student: Tensor, teacher: TeacherStatistics, labels: Tensor, *, weights: Tensor | None = None
) -> Tensor:
    """1 - <s, c / |c|> / max(|s|, |t|) of the student's features s (n, d), the class means c of their labels (n,) and
    the norms |t| of the teacher's features; the mean over samples with `weights` (n,), 0 to 2; a float32 scalar.

    Where the class has no mean (0), or both norms are 0 (below `SHORTEST`), it is 1 without gradient. Raises ValueError
    without statistics.
    """
    if teacher.class_means is None or teacher.feature_norms is None:
        raise ValueError("class means and feature norms of the teacher are needed")
    own, means = precise(student), precise(teacher.class_means.detach())[labels]
    lengths, theirs = norm(own, dim=1), precise(teacher.feature_norms.detach())
    longer = lengths.where(lengths >= theirs, theirs)
    divisors = norm(means, dim=1) * longer
    defined = ~((longer < SHORTEST) | (divisors <= 0))  # a NaN must stay in the loss
    share = (own * means).sum(dim=1).where(defined, 0.0) / divisors.where(defined, 1.0)
    return mean_over_images(1 - share, weights).float()
