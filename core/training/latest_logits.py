"""What the student last said of each training image, kept from its own steps: what a curriculum may go by, without a
pass more."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.models.transfer import to_device
from core.training.checkpoint import Values


class LatestLogits:
    """The latest logits (images, classes) of all images of a store, NaN where there are none, on the device.

    `before_epoch` stays as it was when the epoch began: an epoch's order must be the same when it is gone on with.
    """

    def __init__(self, images: int, classes: int, device: torch.device) -> None:
        self._latest = torch.full((images, classes), torch.nan, device=device)
        self._start = self._latest.clone()

    def begin_epoch(self) -> None:
        """What there is now is what the epoch's order goes by."""
        self._start.copy_(self._latest)

    def record(self, indices: NDArray[np.int64], logits: Tensor) -> None:
        """Take up the logits (n, classes) of the images `indices` (n,); of an image's copies the last."""
        _, reversed_index = np.unique(indices[::-1], return_index=True)
        last = torch.from_numpy(len(indices) - 1 - reversed_index)
        rows = torch.from_numpy(indices)[last]
        device = self._latest.device
        self._latest[to_device(rows, device)] = logits.float()[to_device(last, device)]

    @property
    def before_epoch(self) -> NDArray[np.floating[Any]]:
        """The logits (images, classes) as they were before the epoch; waits for the device."""
        found: NDArray[np.float32] = self._start.cpu().numpy()
        return found

    def state(self) -> Values:
        """What a checkpoint keeps of it."""
        return {"latest": self._latest.cpu(), "start": self._start.cpu()}

    def restore(self, state: Values) -> None:
        """Go back to a state. Raises KeyError or RuntimeError when it is of other images."""
        self._latest.copy_(state["latest"])
        self._start.copy_(state["start"])
