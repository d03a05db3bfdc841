"""Pictures that are none of skin: told by their pixels alone, cheaply, and only where there is no doubt."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_SIDE = 96
"""About so many rows and columns are looked at."""

_DARK, _BRIGHT = 24, 231
_ALIKE = 6
_COLOURLESS = 10.0
_TWO_VALUED = 0.95
_PAPER, _INK = 0.7, 0.01

BLACK: Final = "It is all black."
ONE_COLOUR: Final = "It is of one colour."
MASK: Final = "It is black and white only, as a drawing of where a lesion lies (a mask) is."
TEXT: Final = "It is a page of text or a drawing on white."


def not_skin(pixels: NDArray[np.uint8]) -> str:
    """Why a picture, uint8 RGB (height, width, 3), shows no skin, as a sentence; empty where it may."""
    if not pixels.size:
        return ""
    height, width = pixels.shape[:2]
    seen = pixels[:: max(1, height // _SIDE), :: max(1, width // _SIDE)].astype(np.int16)
    lowest, highest = seen.min(axis=(0, 1)), seen.max(axis=(0, 1))
    if int(highest.max()) < _DARK:
        return BLACK
    if int((highest - lowest).max()) <= _ALIKE:
        return ONE_COLOUR
    if float((seen.max(axis=2) - seen.min(axis=2)).mean()) > _COLOURLESS:
        return ""
    grey = seen.mean(axis=2)
    dark, bright = float((grey <= _DARK).mean()), float((grey >= _BRIGHT).mean())
    if dark + bright >= _TWO_VALUED and min(dark, bright) > 0:
        return MASK if (dark > _INK and bright < _PAPER) or dark > 1 - _PAPER else TEXT
    return TEXT if bright >= _PAPER and float((grey < 128).mean()) >= _INK else ""
