"""A stand-in for the store of decoded images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Images:
    """Random images in memory; counts how many were read."""

    def __init__(self, count: int = 12, size: int = 32, seed: int = 0) -> None:
        self.pixels = np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
        self.image_size = size
        self.key = f"random {count} {size} {seed}"
        self.reads: list[int] = []

    def __len__(self) -> int:
        return len(self.pixels)

    def gather(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        self.reads += indices.tolist()
        return np.asarray(self.pixels[indices])
