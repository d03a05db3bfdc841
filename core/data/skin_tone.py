"""How light the skin around a lesion is on a picture: the individual typology angle, where nobody noted a skin type.

An estimate. It measures the picture, and with it light, camera and exposure, as much as the person: groups made by it
show whether scores depend on how light the skin looks, not who the people are.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

ESTIMATED = (
    "Skin tone is estimated from the pictures: the individual typology angle (ITA) of the lightest of eight patches at "
    "the edges. It depends on light and camera as well as on the person."
)
"""What is said wherever groups by this angle are shown."""

_EDGE = 0.12  # of the side: how large a patch is
_DARKEST = 20.0  # L* of what is no skin but the rim of a dermatoscope
_BANDS = (
    (55.0, "very light (ITA above 55°)"),
    (41.0, "light (41 to 55°)"),
    (28.0, "intermediate (28 to 41°)"),
    (10.0, "tan (10 to 28°)"),
    (-30.0, "brown (−30 to 10°)"),
    (-math.inf, "dark (below −30°)"),
)
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def skin_angle(pixels: NDArray[np.uint8]) -> float | None:
    """The individual typology angle in degrees, arctan((L* - 50) / b*) * 180 / pi (Chardon et al. 1991), of the skin on
    a picture (size, size, 3), uint8 sRGB: the largest of eight patches at its edges, each told by its median colour, so
    that hair does not count (after Bevan and Atapour-Abarghouei 2022, section 3.2). None where all of them are dark.
    """
    side = pixels.shape[0]
    size = max(1, round(_EDGE * side))
    places = sorted({0, (side - size) // 2, side - size})
    corners = [(y, x) for y in places for x in places if not (len(places) == 3 and y == x == places[1])]
    medians = np.array([np.median(pixels[y : y + size, x : x + size].reshape(-1, 3), axis=0) for y, x in corners])
    lab = lab_of(medians)
    angles = [typology_angle(lightness, b) for lightness, _, b in lab if lightness > _DARKEST]
    return max(angles) if angles else None


def typology_angle(lightness: float, b: float) -> float:
    """The angle of a colour by its L* (0..100) and b*, in -90..90 degrees; 90 or -90 for a colour without yellow."""
    if b <= 0:
        return 90.0 if lightness >= 50 else -90.0
    return math.degrees(math.atan((lightness - 50) / b))


def tone_band(angle: float | None) -> str | None:
    """The group of an angle in degrees (Chardon et al. 1991; Del Bino and Bernerd 2013); None without one."""
    return None if angle is None else next(name for above, name in _BANDS if angle > above or above == -math.inf)


TONE_BANDS = tuple(name for _, name in _BANDS)
"""The groups from light to dark."""


def lab_of(colours: NDArray[np.floating]) -> NDArray[np.float64]:
    """sRGB colours (n, 3) in 0..255 as CIE L*a*b* (n, 3) under D65 (IEC 61966-2-1 and CIE 15)."""
    values = np.asarray(colours, np.float64) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    ratios = linear @ _TO_XYZ.T / _WHITE
    bent = np.where(ratios > (6 / 29) ** 3, np.cbrt(ratios), ratios / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = bent.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)
