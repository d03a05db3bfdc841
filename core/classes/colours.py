"""Colours that tell classes apart: given ones are kept, missing ones chosen as far from all others as can be.

Distances are those of OKLab (Ottosson, "A perceptual color space for image processing", 2020), where a step of 0.02 is
just seen.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

JUST_NOTICEABLE = 0.02
"""Colours nearer than this look alike."""

_FIRST = ("#0072B2", "#C65200", "#00805E", "#A8478A", "#8A6A00", "#3A6FD8", "#7A4B2A", "#555555")
"""What the first classes without a colour get: after Okabe and Ito, as in the figures."""

_LIGHTNESS = (0.42, 0.82)  # visible on white and on black


def filled(colours: Sequence[str]) -> tuple[str, ...]:
    """The colours ("#RRGGBB", "" where none is given) with the missing ones chosen; the same input gives the same."""
    found = list(colours)
    missing = [place for place, colour in enumerate(found) if not colour]
    if not missing:
        return tuple(found)
    taken = [colour for colour in found if colour]
    chosen = [colour for colour in _FIRST if all(distance(colour, other) > 4 * JUST_NOTICEABLE for other in taken)]
    chosen = chosen[: len(missing)]
    chosen += _farthest((*taken, *chosen), len(missing) - len(chosen))
    for place, colour in zip(missing, chosen, strict=True):
        found[place] = colour
    return tuple(found)


def distance(first: str, second: str) -> float:
    """How different two colours look: 0 for the same, 1 for black and white."""
    a, b = _oklab(np.array([_rgb(first), _rgb(second)]))
    return float(np.linalg.norm(a - b))


def alike(colours: Sequence[str]) -> tuple[int, int] | None:
    """The places of two colours nearer than `JUST_NOTICEABLE`; None where all can be told apart."""
    places = _oklab(np.array([_rgb(colour) for colour in colours]).reshape(-1, 3))
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    first, second = np.nonzero(np.triu(apart < JUST_NOTICEABLE, k=1))
    return (int(first[0]), int(second[0])) if len(first) else None


def _farthest(taken: Sequence[str], count: int) -> list[str]:
    """Of many colours those that are, one after another, farthest from all before."""
    names, places = _candidates()
    nearest = np.full(len(names), np.inf)
    for colour in taken:
        nearest = np.minimum(nearest, np.linalg.norm(places - _oklab(np.array([_rgb(colour)])), axis=1))
    found: list[str] = []
    for _ in range(count):
        best = int(nearest.argmax())
        found.append(names[best])
        nearest = np.minimum(nearest, np.linalg.norm(places - places[best], axis=1))
    return found


@cache
def _candidates() -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Colours to choose from: names (n,) and places in OKLab (n, 3)."""
    grid = [
        colorsys.hsv_to_rgb(hue / 72, saturation, value)
        for value in (1.0, 0.85, 0.7, 0.55, 0.4)
        for saturation in (1.0, 0.7, 0.4, 0.15)
        for hue in range(72)
    ]
    rounded = np.unique(np.rint(np.array(grid) * 255).astype(np.int64), axis=0)
    places = _oklab(rounded / 255)
    low, high = _LIGHTNESS
    kept = (places[:, 0] >= low) & (places[:, 0] <= high)
    names = tuple("#{:02X}{:02X}{:02X}".format(*row) for row in rounded[kept].tolist())
    return names, places[kept]


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _oklab(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB in 0..1 (n, 3) as OKLab (n, 3)."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    found: NDArray[np.float64] = np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T
    return found
