"""What losses of logits share: logits that any softmax survives, and one loss over several teachers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.distillation.outputs import Outputs

if TYPE_CHECKING:
    from torch import Tensor

_FARTHEST = -1e30
"""No class is farther below the best one than this: far beyond where its probability is 0, and sums stay finite."""


def below_best(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Logits (n, classes) over a temperature (> 0), shifted so that each sample's largest is 0: softmax does not see
    the shift, and overflows no more. Of the logits' own type, at least float32; no gradient through the shift."""
    values = logits if logits.dtype.itemsize >= 4 else logits.float()
    shifted = (values - values.detach().amax(dim=1, keepdim=True)) / temperature
    return shifted.clamp(min=_FARTHEST)


def precise(logits: Tensor) -> Tensor:
    """The logits (n, classes) in float64, or in float32 on a device that has no float64 (Apple's GPU)."""
    return logits.float() if logits.device.type == "mps" else logits.double()


def mean_over_teachers(teachers: Sequence[Outputs], loss: Callable[[Outputs], Tensor]) -> Tensor:
    """The mean of a loss, a scalar for each teacher, over the teachers (at least one), each counting equally."""
    losses = [loss(teacher) for teacher in teachers]
    total = losses[0]
    for further in losses[1:]:
        total = total + further
    return total / len(losses) if len(losses) > 1 else total
