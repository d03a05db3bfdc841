"""What a network says of a batch of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Outputs:
    """Logits (n, classes) and, where somebody needs them, the pooled features (n, d) that the last layer turns into
    logits. Of a student with gradient, of a teacher without."""

    logits: Tensor
    features: Tensor | None = None

    def of(self, part: slice) -> Outputs:
        """Those of some of the images."""
        return Outputs(self.logits[part], None if self.features is None else self.features[part])


def joined(parts: Sequence[Outputs]) -> Outputs:
    """The outputs for a batch that was made in parts, at least one, in their order."""
    import torch

    features = [part.features for part in parts if part.features is not None]
    return Outputs(torch.cat([part.logits for part in parts]), torch.cat(features) if features else None)
