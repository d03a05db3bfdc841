"""What the generated lesions of each class look like, as numbers that can be blended for borderline cases.

The features are the ones that dermoscopy teaches (pigment network, blue-white veil, arborising vessels, milia-like
cysts, central scar, lacunae, keratin), drawn simply. The pictures train nobody's eye; they exercise the program.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from core.data.types import CLASS_CODES

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """Colours are RGB in 0..1; `size`, `softness` are shares of the picture's width; the rest are strengths, 0..1."""

    colour: Colour
    accent_colour: Colour
    accent: float = 0.3
    size: float = 0.28
    irregular: float = 0.1
    elongated: float = 0.15
    softness: float = 0.03
    opacity: float = 0.75
    network: float = 0.0
    globules: float = 0.0
    cysts: float = 0.0
    vessels: float = 0.0
    red_dots: float = 0.0
    lacunae: float = 0.0
    scar: float = 0.0
    keratin: float = 0.0
    veil: float = 0.0
    scale: float = 0.0


LOOKS: dict[str, Look] = {
    "MEL": Look(
        (0.40, 0.25, 0.19),
        (0.17, 0.11, 0.11),
        accent=0.85,
        size=0.31,
        irregular=0.30,
        elongated=0.30,
        network=0.25,
        globules=0.45,
        veil=0.70,
        opacity=0.82,
    ),
    "NV": Look(
        (0.47, 0.31, 0.23),
        (0.36, 0.23, 0.17),
        accent=0.30,
        size=0.28,
        irregular=0.05,
        elongated=0.12,
        softness=0.05,
        network=0.75,
        globules=0.15,
        opacity=0.78,
    ),
    "BCC": Look(
        (0.74, 0.47, 0.42),
        (0.47, 0.37, 0.40),
        accent=0.40,
        irregular=0.12,
        softness=0.05,
        vessels=0.95,
        globules=0.25,
        veil=0.20,
        opacity=0.62,
    ),
    "AK": Look(
        (0.75, 0.44, 0.38),
        (0.80, 0.60, 0.52),
        accent=0.40,
        size=0.31,
        irregular=0.18,
        softness=0.09,
        red_dots=0.90,
        scale=0.70,
        opacity=0.60,
    ),
    "BKL": Look(
        (0.54, 0.38, 0.27),
        (0.42, 0.28, 0.19),
        accent=0.50,
        size=0.30,
        irregular=0.13,
        softness=0.015,
        cysts=0.95,
        globules=0.40,
        scale=0.15,
        opacity=0.76,
    ),
    "DF": Look(
        (0.58, 0.39, 0.31),
        (0.47, 0.31, 0.24),
        accent=0.25,
        size=0.24,
        irregular=0.06,
        softness=0.08,
        network=0.40,
        scar=0.95,
        opacity=0.70,
    ),
    "VASC": Look(
        (0.55, 0.18, 0.22),
        (0.38, 0.11, 0.22),
        accent=0.50,
        size=0.24,
        irregular=0.10,
        lacunae=1.0,
        opacity=0.80,
    ),
    "SCC": Look(
        (0.72, 0.41, 0.36),
        (0.50, 0.24, 0.20),
        accent=0.45,
        size=0.31,
        irregular=0.22,
        softness=0.05,
        keratin=1.0,
        vessels=0.12,
        red_dots=0.20,
        opacity=0.66,
    ),
}
"""A typical lesion of every class."""

CONFUSABLE: dict[str, tuple[str, ...]] = {
    "MEL": ("NV", "NV", "BKL"),
    "NV": ("MEL", "MEL", "BKL", "DF"),
    "BCC": ("SCC", "AK"),
    "AK": ("SCC", "BKL", "SCC"),
    "BKL": ("AK", "MEL", "NV"),
    "DF": ("NV", "BCC"),
    "VASC": ("MEL", "BCC"),
    "SCC": ("AK", "BCC", "AK"),
}
"""What each class is taken for in the clinic; borderline lesions lean towards one of these."""

_BORDERLINE_SHARE, _HARD_SHARE = 0.15, 0.04


def lesion_look(code: str, generator: np.random.Generator) -> Look:
    """A lesion of a class: its typical look with the spread of real ones, some of them nearly another class's."""
    other = CONFUSABLE[code][int(generator.integers(len(CONFUSABLE[code])))]
    kind = generator.random()
    low, high = (0.42, 0.55) if kind < _HARD_SHARE else (0.25, 0.42) if kind < _BORDERLINE_SHARE else (0.0, 0.22)
    look = _blend(LOOKS[code], LOOKS[other], float(generator.uniform(low, high)))
    return _vary(look, generator)


def _blend(first: Look, second: Look, share: float) -> Look:
    values: dict[str, float | Colour] = {}
    for item in fields(Look):
        a, b = getattr(first, item.name), getattr(second, item.name)
        if isinstance(a, tuple):
            red, green, blue = (x + share * (y - x) for x, y in zip(a, b, strict=True))
            values[item.name] = (red, green, blue)
        else:
            values[item.name] = a + share * (b - a)
    return replace(first, **values)  # type: ignore[arg-type]


def _vary(look: Look, generator: np.random.Generator) -> Look:
    """Spread of strengths, and of colour far more than between classes: colour alone must not tell them apart."""
    values: dict[str, float | Colour] = {}
    light = float(generator.uniform(-0.16, 0.16))
    tint = generator.normal(0.0, 0.022, 3)
    for item in fields(Look):
        value = getattr(look, item.name)
        if isinstance(value, tuple):
            red, green, blue = (
                float(np.clip(part + light + shift, 0.03, 0.95)) for part, shift in zip(value, tint, strict=True)
            )
            values[item.name] = (red, green, blue)
        else:
            values[item.name] = float(value * generator.uniform(0.75, 1.2))
    return replace(look, **values)  # type: ignore[arg-type]


assert set(LOOKS) == set(CLASS_CODES)
