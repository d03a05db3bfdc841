"""One picture laid over another: the small turn, shift and stretch between them, and how well they then agree.

Gauss-Newton on affine motion, gain and offset, with the derivatives of the first picture (the inverse compositional
algorithm of Lucas and Kanade: Baker and Matthews 2004, section 2.2), for many pairs at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.float32]
Motions = NDArray[np.float32]

_LARGEST_STEP = 0.1
_DAMPING = 1e-2


def still(count: int) -> Motions:
    """`count` motions that move nothing, (count, 3, 3); of coordinates (x, y, 1) in [-1, 1]."""
    return np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))


def align(first: Pictures, second: Pictures, motions: Motions, steps: int) -> Motions:
    """The motions that lay `second` over `first`, both float32 (n, side, side), beginning with `motions` (n, 3, 3)."""
    points, weight = _grid(first.shape[1])
    down, across = np.gradient(first, 2 / first.shape[1], axis=(1, 2))
    flat = first.reshape(len(first), -1)
    level = flat - flat.mean(axis=1, keepdims=True)
    slopes = [axis.reshape(len(first), 1, -1) * points for axis in (across, down)]
    derivatives = np.concatenate([*slopes, level[:, None], np.ones_like(level)[:, None]], axis=1)
    weighted = derivatives * weight
    normal = weighted @ derivatives.transpose(0, 2, 1)
    damping = _DAMPING * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-3
    solver = np.linalg.solve(normal + damping * np.eye(8, dtype=np.float32), weighted)
    for _ in range(steps):
        there, inside = _sampled(second, motions)
        found = np.clip((solver @ ((there - flat) * inside)[..., None])[..., 0], -_LARGEST_STEP, _LARGEST_STEP)
        step = still(len(first))
        step[:, :2] += found[:, :6].reshape(-1, 2, 3)
        motions = motions @ np.linalg.inv(step)
    return motions


def agreement(first: Pictures, second: Pictures, motions: Motions) -> NDArray[np.float32]:
    """The correlation (n,) of `first` and `second` where they lie over one another, -1..1; 0 where one is flat."""
    _, weight = _grid(first.shape[1])
    there, inside = _sampled(second, motions)
    shared = weight * inside
    total = np.maximum(shared.sum(axis=1, keepdims=True), 1)
    left, right = (
        values - (values * shared).sum(axis=1, keepdims=True) / total
        for values in (first.reshape(len(first), -1), there)
    )
    power = (left * left * shared).sum(axis=1) * (right * right * shared).sum(axis=1)
    return np.asarray((left * right * shared).sum(axis=1) / np.sqrt(power + 1e-3), np.float32)


def _grid(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The middles of the pixels as (x, y, 1), (3, side²), and their weights; none at edges, black after a turn."""
    ticks = ((np.arange(side) + 0.5) / side * 2 - 1).astype(np.float32)
    y, x = (axis.ravel() for axis in np.meshgrid(ticks, ticks, indexing="ij"))
    weight = np.clip((0.87 - np.hypot(x, y)) / 0.1, 0, 1)
    return np.stack([x, y, np.ones_like(x)]), weight.astype(np.float32)


def _sampled(pictures: Pictures, motions: Motions) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The pictures where the motions take the grid, bilinearly, (n, side²), and which of these points lie inside."""
    side = pictures.shape[1]
    place = (motions[:, :2] @ _grid(side)[0] + 1) * (side / 2) - 0.5
    inside = ((place >= 0) & (place <= side - 1)).all(axis=1)
    place = np.clip(place, 0, side - 1.001)
    whole = place.astype(np.int32)
    right, down = (place - whole).transpose(1, 0, 2)
    corner = whole[:, 1] * side + whole[:, 0]
    flat = pictures.reshape(len(pictures), -1)
    a, b, c, d = (np.take_along_axis(flat, corner + offset, axis=1) for offset in (0, 1, side, side + 1))
    return (a * (1 - right) + b * right) * (1 - down) + (c * (1 - right) + d * right) * down, inside
