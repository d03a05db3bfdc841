"""What losses share: logits that any softmax survives, norms that any division survives, and means over teachers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

_ROUNDING = 4 * 2.0**-23
"""A vector whose values differ by no more than this share of the largest is constant but for the rounding of the
float32 logits that it comes from."""

SHORTEST = 2.0**-126
"""A vector shorter than this, float32's smallest normal number, has no direction: its gradient, about 1 / length, would
be more than float32 holds."""

_FARTHEST = -1e30
"""No class is farther below the best one than this: far beyond where its probability is 0, and sums stay finite."""


def below_best(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Logits (n, classes) over a temperature (> 0), shifted so that each sample's largest is 0: softmax does not see
    the shift, and overflows no more. Of the logits' own type, at least float32; no gradient through the shift."""
    values = at_least_float32(logits)
    shifted = (values - values.detach().amax(dim=1, keepdim=True)) / temperature
    return shifted.clamp(min=_FARTHEST)


def precise(values: Tensor) -> Tensor:
    """Values of any shape (...,) in float64, or in float32 on a device that has no float64 (Apple's GPU)."""
    return values.float() if values.device.type == "mps" else values.double()


def at_least_float32(values: Tensor) -> Tensor:
    """Values of any shape (...,) as they are, or in float32 where their type is shorter."""
    return values if values.dtype.itemsize >= 4 else values.float()


def centred(vectors: Tensor, dim: int, offset: float = 0.0) -> tuple[Tensor, Tensor]:
    """Vectors along `dim` of a tensor (n, d) minus their mean, and whether each varies beyond the rounding of its
    values, (n, 1) or (1, d); `offset` is what was taken from the values before."""
    found = vectors - vectors.mean(dim=dim, keepdim=True)
    spread = found.detach().abs().amax(dim=dim, keepdim=True)
    largest = (vectors.detach() + offset).abs().amax(dim=dim, keepdim=True)
    # "not constant" rather than "spread >": a NaN must stay in the loss.
    return found, ~(spread <= _ROUNDING * largest)


def norm(vectors: Tensor, dim: int) -> Tensor:
    """Euclidean norm (n,) or (d,) along `dim` of a tensor (n, d), whose squares can not underflow, and whose gradient
    at 0 is 0."""
    import torch

    scale = vectors.detach().abs().amax(dim=dim, keepdim=True)
    is_zero = scale == 0
    scale = scale.clamp(min=torch.finfo(vectors.dtype).tiny).where(~is_zero, 1.0)
    squares = (vectors / scale).square().sum(dim=dim, keepdim=True)
    root = squares.where(~is_zero, 1.0).sqrt()
    return (root * scale).where(~is_zero, 0.0).squeeze(dim)


def mean_over_teachers(
    teachers: Sequence[T], weights: Tensor | None, loss: Callable[[T, Tensor | None], Tensor]
) -> Tensor:
    """One loss over several teachers (at least one), a scalar.

    `loss` gives that of one teacher: a mean over the images, each counting as the weights (n,) say that it is called
    with (None: all alike). With `weights` (teachers, n), which sum to 1 over the teachers, it is the sum over the
    teachers; without, each counts equally.
    """
    if weights is not None:
        return _sum([loss(teacher, own) for teacher, own in zip(teachers, weights, strict=True)])
    losses = [loss(teacher, None) for teacher in teachers]
    return _sum(losses) / len(losses) if len(losses) > 1 else losses[0]


def mean_over_images(values: Tensor, weights: Tensor | None) -> Tensor:
    """The mean of values (n,), each times its weight (n,); None: all alike."""
    return values.mean() if weights is None else (values * weights).mean()


def _sum(losses: Sequence[Tensor]) -> Tensor:
    total = losses[0]
    for further in losses[1:]:
        total = total + further
    return total
