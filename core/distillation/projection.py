"""What losses of features share: trained projectors to the width of each teacher, and cosines that survive zeros."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.distillation.outputs import Outputs
from core.distillation.softmax import SHORTEST, norm, precise

if TYPE_CHECKING:
    from torch import Tensor, nn


def projectors(student_dim: int, teacher_dims: Sequence[int]) -> nn.ModuleList:
    """A linear layer without bias for each teacher, from the student's pooled features (n, student_dim) to the
    teacher's width."""
    from torch import nn

    return nn.ModuleList(nn.Linear(student_dim, width, bias=False) for width in teacher_dims)


def projected(student: Outputs, modules: nn.Module | None) -> list[Tensor]:
    """The student's features (n, d) of each teacher's width. Raises ValueError without features or projectors."""
    from torch import nn

    if student.features is None or not isinstance(modules, nn.ModuleList):
        raise ValueError("the student's features and a projector for each teacher are needed")
    return [module(student.features) for module in modules]


def cosine(student: Tensor, other: Tensor) -> Tensor:
    """The cosine of the angle between the rows of two (n, d) tensors, (n,) in float64 where the device has it; 0,
    without gradient, where either is 0 (the student's: where it is shorter than `SHORTEST`)."""
    a, b = precise(student), precise(other)
    own = norm(a, dim=1)
    lengths = own * norm(b, dim=1)
    defined = ~((own < SHORTEST) | (lengths <= 0))  # a NaN must stay in the loss
    inner = (a * b).sum(dim=1)
    return inner.where(defined, 0.0) / lengths.where(defined, 1.0)
