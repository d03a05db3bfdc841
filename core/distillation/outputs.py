"""What a network says of a batch of images."""

from __future__ import annotations

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
