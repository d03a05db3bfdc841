"""What lies over dermoscopic pictures or is missing in them: hair, dark corners, covered parts. Imports torch.

Each function takes pictures float32 (n, 3, S, S), 0 to 255, and as many even draws in 0 to 1, (count, n), as its
constant says. Sizes are shares of the picture's width, so that a view is the same at any size.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.curves import bent_line

Draws = NDArray[np.float64]

_HAIRS, _OF_A_HAIR = 8, 5
CUTOUT, HAIR, VIGNETTE = 4, 3 + _HAIRS * _OF_A_HAIR, 5

_COVER = (124.0, 116.0, 104.0)
"""The mean colour of ImageNet: to a network, nothing."""

_HAIR_COLOURS = ((25.0, 20.0, 18.0), (110.0, 80.0, 55.0))
"""The darkest and the lightest."""


def cut_out(values: Tensor, draws: Draws) -> Tensor:
    """Pictures (n, 3, S, S) with a rectangle of 2 to 20 % of the area, at most twice as long as wide, covered (DeVries
    and Taylor, 2017; sizes as in random erasing, Zhong et al., 2020); draws (4, n)."""
    area, ratio = 0.02 + 0.18 * draws[0], 2 ** (2 * draws[1] - 1)
    width, height = np.sqrt(area * ratio), np.sqrt(area / ratio)
    left, top = draws[2] * (1 - width), draws[3] * (1 - height)
    edges = _on(values, np.stack([left, left + width, top, top + height]))[:, :, None, None]
    across, down = _centres(values)
    covered = (across >= edges[0]) & (across < edges[1]) & (down >= edges[2]) & (down < edges[3])
    return torch.where(covered[:, None], _colour(values, _COVER), values)


def vignetted(values: Tensor, draws: Draws) -> Tensor:
    """Pictures (n, 3, S, S), draws (5, n): darker from 0.5 to 0.7 widths off a centre that is near the picture's, by
    50 to 100 % some 0.05 to 0.3 further out."""
    numbers = np.stack(
        [0.4 + 0.2 * draws[0], 0.4 + 0.2 * draws[1], 0.5 + 0.2 * draws[2], 0.05 + 0.25 * draws[3], 0.5 + 0.5 * draws[4]]
    )
    x, y, radius, width, strength = _on(values, numbers)[:, :, None, None]
    across, down = _centres(values)
    distance = ((across - x) ** 2 + (down - y) ** 2).sqrt()
    darkness = ((distance - radius) / width).clamp(0, 1) * strength
    light: Tensor = (1 - darkness)[:, None]
    return values * light


def haired(values: Tensor, draws: Draws) -> Tensor:
    """Pictures (n, 3, S, S), draws (43, n): over each lie one to eight dark, bent hairs that begin within it."""
    count, size = len(values), values.shape[-1]
    hairs = np.arange(_HAIRS)[:, None] < 1 + np.floor(draws[0] * _HAIRS)  # (hairs, n)
    thickness = max(1, round(size / 100))
    points = _hair_points(draws[3:].reshape(_HAIRS, _OF_A_HAIR, count), 2 * size)  # (2, hairs, n, points)
    across, down = (torch.from_numpy(part).to(values.device, non_blocking=True) for part in points * size)
    shown = torch.from_numpy(hairs).to(values.device, non_blocking=True)[..., None]
    # Points outside the picture, and hairs that are not there, go to a place of their own behind the picture.
    covered = torch.zeros((count, size * size + 1), dtype=torch.bool, device=values.device)
    for right in range(thickness):
        for below in range(thickness):
            column, row = across.floor().long() + right, down.floor().long() + below
            inside = shown & (column >= 0) & (column < size) & (row >= 0) & (row < size)
            where = torch.where(inside, row * size + column, size * size)
            covered.scatter_(1, where.transpose(0, 1).reshape(count, -1), True)
    hair = covered[:, :-1].reshape(count, 1, size, size)
    shade, opacity = _on(values, np.stack([draws[1], 0.6 + 0.4 * draws[2]]))[:, :, None, None, None]
    dark, fair = (_colour(values, colour) for colour in _HAIR_COLOURS)
    colour = dark + (fair - dark) * shade
    return torch.where(hair, values + (colour - values) * opacity, values)


def _hair_points(draws: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    """Points on curves with one bend, (2, hairs, n, count), in widths of the picture; `draws`
    (hairs, 5, n)."""
    x, y, turn, length, bend = np.moveaxis(draws, 1, 0)
    start = np.stack([x, y])
    along = np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)])
    length = 0.3 + 0.9 * length
    middle = start + length / 2 * along + length * (bend - 0.5) * np.stack([-along[1], along[0]])
    end = start + length * along
    curves = bent_line(start[..., None], middle[..., None], end[..., None], np.linspace(0, 1, count))
    found: NDArray[np.float32] = curves.astype(np.float32)
    return found


def _centres(values: Tensor) -> tuple[Tensor, Tensor]:
    """The centres of the pixels, in widths: across (1, 1, S) and down (1, S, 1)."""
    size = values.shape[-1]
    centres = (torch.arange(size, device=values.device, dtype=torch.float32) + 0.5) / size
    return centres[None, None, :], centres[None, :, None]


def _on(values: Tensor, numbers: Draws) -> Tensor:
    return torch.from_numpy(numbers.astype(np.float32)).to(values.device, non_blocking=True)


def _colour(values: Tensor, colour: tuple[float, float, float]) -> Tensor:
    return torch.tensor(colour).to(values.device, non_blocking=True)[None, :, None, None]
