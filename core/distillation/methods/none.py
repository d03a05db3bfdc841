"""No distillation: the student learns from the labels alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.distillation.method import LossContext, Need
from core.distillation.outputs import Outputs
from core.settings import SettingsSection

if TYPE_CHECKING:
    from torch import Tensor


class NoDistillation:
    """The absence of a method: it needs nothing of a teacher, so no objective ever asks for its loss."""

    name = "none"
    title = "None"
    help = "learn from the labels alone: a plain student"
    source = ""
    Settings = SettingsSection
    needs: frozenset[Need] = frozenset()
    couples_batch = False

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        """See `Method`; zero."""
        return student.logits.new_zeros(())

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> None:
        """See `Method`; none."""


NONE = NoDistillation()
