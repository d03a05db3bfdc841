"""The eight positions of a square: dermoscopic images have no up or down. Imports torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def turned(images: Tensor, views: NDArray[np.int64]) -> Tensor:
    """The images (n, S, S, 3), each in position `views` (n,) modulo 8; 0 is upright.

    Bit 1 of a view mirrors the rows, bit 2 the columns, bit 4 then swaps both: so all eight come about.
    """
    found = images
    for bit, change in _CHANGES:
        chosen = (views & bit) != 0
        if chosen.all():
            found = change(found)
        elif chosen.any():
            found = _where(chosen, change(found), found)
    return found


def in_position(images: Tensor, position: int) -> Tensor:
    """All images (n, S, S, 3) in one of the eight positions, 0 to 7, as `turned` numbers them."""
    for bit, change in _CHANGES:
        images = change(images) if position & bit else images
    return images


def _rows(images: Tensor) -> Tensor:
    return images.flip(1)


def _columns(images: Tensor) -> Tensor:
    return images.flip(2)


def _swapped(images: Tensor) -> Tensor:
    return images.transpose(1, 2)


_CHANGES = ((1, _rows), (2, _columns), (4, _swapped))


def _where(chosen: NDArray[np.bool_], yes: Tensor, no: Tensor) -> Tensor:
    mask = torch.from_numpy(chosen).to(no.device, non_blocking=True)
    return torch.where(mask[:, None, None, None], yes, no)
