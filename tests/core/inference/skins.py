"""Drawn pictures of skin that a model can know and that are cheap to make by the hundred."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def skins(count: int, seed: int, side: int = 32) -> NDArray[np.uint8]:
    """Brown spots on skin, of many sizes and tones: (count, side, side, 3)."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] - (side - 1) / 2
    spots = np.hypot(x, y)[None] < generator.uniform(side / 8, side * 3 / 8, count)[:, None, None]
    tones = np.array([220.0, 170, 150]) + generator.normal(0, 10, (count, 1, 1, 3))
    pixels = np.where(spots[..., None], tones * generator.uniform(0.3, 0.6, (count, 1, 1, 1)), tones)
    return np.clip(pixels + generator.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)
