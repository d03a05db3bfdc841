"""The eight positions of a square: dermoscopic images have no up or down. Imports torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.augmentation.augmentation import POSITIONS


def turned(images: Tensor, views: NDArray[np.int64]) -> Tensor:
    """The images (n, S, S, 3), each in position `views` (n,) modulo 8; 0 is upright.

    Bit 1 of a view mirrors the rows, bit 2 the columns, bit 4 then swaps both: so all eight come about.
    """
    positions = views & (POSITIONS - 1)
    order = np.argsort(positions, kind="stable")
    edges = np.searchsorted(positions[order], np.arange(POSITIONS + 1))
    if len(images) in np.diff(edges):  # all alike
        return in_position(images, int(positions[0])).contiguous() if len(images) else images
    # Sorted by position, so that each image is copied by one change and not by all three.
    rows = torch.from_numpy(order).to(images.device, non_blocking=True)
    gathered = images.index_select(0, rows)
    parts = [in_position(gathered[edges[p] : edges[p + 1]], p) for p in range(POSITIONS)]
    return torch.empty_like(images).index_copy_(0, rows, torch.cat(parts))


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
