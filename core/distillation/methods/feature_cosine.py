"""Features: the student's pooled features, projected, are to point where the teacher's point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.distillation.method import LossContext, Need
from core.distillation.outputs import Outputs
from core.distillation.projection import cosine, projected, projectors
from core.distillation.softmax import mean_over_images, mean_over_teachers
from core.settings import SettingsSection

if TYPE_CHECKING:
    from torch import Tensor, nn


class FeatureCosine:
    """One minus the cosine of the student's projected and the teacher's pooled features, the mean over the samples."""

    name = "feature_cosine"
    title = "Features"
    help = (
        "turn the student's projected features the way the teacher's point; pays as a further loss beside one of "
        "logits, where images are few and the teacher was pretrained on many"
    )
    source = "Romero et al., FitNets, 2015, equation 3, with the cosine of pooled features in place of the distance"
    Settings = SettingsSection
    needs = frozenset({Need.FEATURES})
    couples_batch = False

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        """See `Method`."""
        pairs = list(zip(projected(student, context.modules), (teacher.features for teacher in teachers), strict=True))
        return mean_over_teachers(
            pairs, context.weights, lambda pair, weights: feature_distance(pair[0], pair[1], weights=weights)
        )

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> nn.Module:
        """See `Method`; a projector for each teacher."""
        return projectors(student_dim, teacher_dims)


FEATURE_COSINE = FeatureCosine()


def feature_distance(student: Tensor, teacher: Tensor | None, *, weights: Tensor | None = None) -> Tensor:
    """One minus the cosine of features (n, d), 0 to 2, the mean over samples with `weights` (n,); a float32 scalar. A
    sample without features (all 0) has cosine 0, and no gradient. Raises ValueError without the teacher's."""
    if teacher is None:
        raise ValueError("the teacher's features are needed")
    return mean_over_images(1 - cosine(student, teacher.detach()), weights).float()
