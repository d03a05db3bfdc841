"""What the generated lesions of each class look like, as numbers that can be blended for borderline cases.

The features are the ones that dermoscopy teaches (pigment network, blue-white veil, arborising vessels, milia-like
cysts, central scar, lacunae, keratin), drawn simply. The pictures train nobody's eye; they exercise the program.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np

from resources.files import resource_text

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class LesionAppearance:
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


@dataclass(frozen=True)
class DrawnClass:
    """A class of the sample set: images of 1,000, mean age in years, its typical look, and the codes of the classes
    that it is `taken_for` in the clinic."""

    share: int
    mean_age: int
    taken_for: tuple[str, ...]
    appearance: LesionAppearance


@cache
def drawn_classes() -> dict[str, DrawnClass]:
    """The classes that the sample set shows, by code, in the order of isic2019."""
    tables = tomllib.loads(resource_text("sample_set/isic2019.toml"))
    return {
        code: DrawnClass(table["share"], table["mean_age"], tuple(table["taken_for"]), _appearance(table["look"]))
        for code, table in tables.items()
    }


def _appearance(values: dict[str, Any]) -> LesionAppearance:
    colours = {name: tuple(values[name]) for name in ("colour", "accent_colour")}
    return LesionAppearance(**{**values, **colours})


_BORDERLINE_SHARE, _HARD_SHARE = 0.15, 0.04


def lesion_appearance(code: str, generator: np.random.Generator) -> LesionAppearance:
    """A lesion of a class: its typical look with the spread of real ones, some of them nearly another class's."""
    drawn = drawn_classes()
    others = drawn[code].taken_for
    other = others[int(generator.integers(len(others)))]
    kind = generator.random()
    low, high = (0.42, 0.55) if kind < _HARD_SHARE else (0.25, 0.42) if kind < _BORDERLINE_SHARE else (0.0, 0.22)
    appearance = _blend(drawn[code].appearance, drawn[other].appearance, float(generator.uniform(low, high)))
    return _vary(appearance, generator)


def _blend(first: LesionAppearance, second: LesionAppearance, share: float) -> LesionAppearance:
    values: dict[str, float | Colour] = {}
    for item in fields(LesionAppearance):
        a, b = getattr(first, item.name), getattr(second, item.name)
        if isinstance(a, tuple):
            red, green, blue = (x + share * (y - x) for x, y in zip(a, b, strict=True))
            values[item.name] = (red, green, blue)
        else:
            values[item.name] = a + share * (b - a)
    return replace(first, **values)  # type: ignore[arg-type]


def _vary(appearance: LesionAppearance, generator: np.random.Generator) -> LesionAppearance:
    """Spread of strengths, and of colour far more than between classes: colour alone must not tell them apart."""
    values: dict[str, float | Colour] = {}
    light = float(generator.uniform(-0.16, 0.16))
    tint = generator.normal(0.0, 0.022, 3)
    for item in fields(LesionAppearance):
        value = getattr(appearance, item.name)
        if isinstance(value, tuple):
            red, green, blue = (
                float(np.clip(part + light + shift, 0.03, 0.95)) for part, shift in zip(value, tint, strict=True)
            )
            values[item.name] = (red, green, blue)
        else:
            values[item.name] = float(value * generator.uniform(0.75, 1.2))
    return replace(appearance, **values)  # type: ignore[arg-type]
