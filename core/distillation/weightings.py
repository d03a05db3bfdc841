"""How much each of several teachers counts for an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from core.distillation.outputs import Outputs
from core.distillation.softmax import below_best, precise
from core.registry import Entry, Registry

if TYPE_CHECKING:
    from torch import Tensor


class Weighting(Entry, Protocol):
    """The weights of several teachers, image by image."""

    def weights(self, teachers: Sequence[Outputs], labels: Tensor) -> Tensor | None:
        """Weights (teachers, n) >= 0 that sum to 1 over the teachers (at least one), without gradient, from their
        logits (n, classes) and the labels (n,) int64; None: all count equally."""
        ...


class Equally:
    """Each teacher counts equally for every image."""

    name = "equal"
    title = "Equally"
    help = "every teacher counts equally for every image; hard to beat where the teachers are about equally good"
    source = ""

    def weights(self, teachers: Sequence[Outputs], labels: Tensor) -> None:
        """See `Weighting`; None."""


class ByLabel:
    """The lower a teacher's cross entropy with the label, the more it counts: (1 - softmax of the entropies over the
    teachers) / (teachers - 1)."""

    name = "by_label"
    title = "By the label"
    help = "for each image the teachers count the more, the surer they are of its label; pays where they differ much"
    source = "Zhang et al., Confidence-Aware Multi-Teacher Knowledge Distillation, 2022, equation 3"

    def weights(self, teachers: Sequence[Outputs], labels: Tensor) -> Tensor | None:
        """See `Weighting`."""
        import torch

        if len(teachers) == 1:
            return None
        with torch.no_grad():
            losses = [
                torch.nn.functional.cross_entropy(below_best(precise(teacher.logits)), labels, reduction="none")
                for teacher in teachers
            ]
            return ((1 - torch.stack(losses).softmax(dim=0)) / (len(teachers) - 1)).float()


WEIGHTINGS: Registry[Weighting] = Registry("weighting of teachers", (Equally(), ByLabel()))
