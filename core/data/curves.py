"""Lines with one bend, as hairs lie on lesions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def bent_line(begin: Array, middle: Array, end: Array, along: Array) -> Array:
    """The points at `along` (0..1) on quadratic Bezier curves that are drawn towards their `middle` on the way; the
    four are broadcast with one another (...,)."""
    return begin * (1 - along) ** 2 + middle * (2 * along * (1 - along)) + end * along**2
