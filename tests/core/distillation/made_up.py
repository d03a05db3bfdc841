"""A method as somebody adds it, for tests of what is told of methods and asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.distillation.method import LossContext, Need
from core.distillation.outputs import Outputs
from core.settings import SettingsSection, setting

if TYPE_CHECKING:
    from torch import Tensor


class MseSettings(SettingsSection):
    margin: float = setting(0.0, "Margin", "Differences below it cost nothing.", ge=0, le=5)


class Mse:
    name, title, help, source = "mse", "MSE", "match the teacher's logits", "Ba and Caruana, 2014"
    Settings: type[SettingsSection] = MseSettings
    needs, couples_batch = frozenset({Need.LOGITS}), False

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        return (student.logits - teachers[0].logits).square().mean()

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> None:
        return None
