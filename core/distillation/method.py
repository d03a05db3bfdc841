"""What a distillation method is: one file with its settings and its loss, which nothing else knows by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from core.distillation.outputs import Outputs
from core.settings import Configured, SettingsSection

if TYPE_CHECKING:
    from torch import Tensor, nn


class Need(StrEnum):
    """What a method asks of its teachers and, for features, of the student too.

    Outputs are always those for the very view of an image that the student sees; nobody has to ask for that.
    """

    LOGITS = "logits"
    FEATURES = "features"
    CLASS_MEANS = "class_means"
    FEATURE_NORMS = "feature_norms"


@dataclass(frozen=True)
class TeacherStatistics:
    """Of one teacher's pooled features over the training images: the mean of each class (classes, d), zero where a
    class has no image, and the Euclidean norm of each image of the batch (n,). None where no method needs them."""

    class_means: Tensor | None = None
    feature_norms: Tensor | None = None

    def of(self, part: slice) -> TeacherStatistics:
        """Those of some of the batch's images."""
        return TeacherStatistics(self.class_means, None if self.feature_norms is None else self.feature_norms[part])


@dataclass(frozen=True)
class LossContext:
    """What a loss is computed with besides the outputs: the method's own settings and modules, the epoch (from 1), how
    many training images each class has (classes,), one entry of statistics for each teacher, and how much each teacher
    counts for each image, (teachers, n) that sum to 1 over the teachers; None: all equally."""

    settings: SettingsSection
    modules: nn.Module | None
    epoch: int
    class_counts: Tensor
    statistics: tuple[TeacherStatistics, ...] = field(default=())
    weights: Tensor | None = None


class Method(Configured, Protocol):
    """A distillation method.

    `couples_batch`: the loss mixes samples, so that a batch made in parts, or on several devices, gathers them first.
    """

    @property
    def needs(self) -> frozenset[Need]: ...
    @property
    def couples_batch(self) -> bool: ...

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        """L_KD as a scalar in float32 or better, >= 0, smaller when better; labels (n,) int64.

        Finite in value and gradient for every finite input; no gradient reaches a teacher.
        """
        ...

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> nn.Module | None:
        """What is trained along with the student (a projector, say), from the widths of the pooled features; kept in
        the checkpoint, never in the model file. None for most methods."""
        ...


class OfLogits:
    """What methods have in common that look at logits alone and train no modules of their own."""

    needs = frozenset({Need.LOGITS})
    couples_batch = False

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> None:
        """See `Method`; none."""


OF_FEATURES = frozenset({Need.FEATURES, Need.CLASS_MEANS, Need.FEATURE_NORMS})
"""Any of these needs the pooled features of the teachers and of the student."""


@dataclass(frozen=True)
class LossTerm:
    """One summand of L_KD: weight * the method's loss with these settings."""

    method: Method
    settings: SettingsSection
    weight: float = 1.0


S = TypeVar("S", bound=SettingsSection)


def settings_as(kind: type[S], context: LossContext) -> S:
    """The context's settings, known to be the method's own. Raises TypeError when they are another's."""
    if not isinstance(context.settings, kind):
        raise TypeError(f"expected {kind.__name__}, found {type(context.settings).__name__}")
    return context.settings
