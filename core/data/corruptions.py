"""Harm that comes to photographs of skin, in five severities each: to see what of it a model's scores survive.

Kinds and steps follow Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and
perturbations" (2019), section 3 and its appendix; hair is drawn, as it lies on lesions. Lengths are for pictures of 224
pixels and grow with the picture. All are functions of the pixels and of (picture, severity) alone: the same picture is
harmed in the same way each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from core.data.curves import bent_line
from core.registry import Registry

SEVERITIES = (1, 2, 3, 4, 5)
"""From hardly seen to hardly bearable."""

_SIDE = 224

Draw = Callable[[Image.Image, float, np.random.Generator], Image.Image]


@dataclass(frozen=True)
class Corruption:
    """An entry of `CORRUPTIONS`: `amounts` are what `draw` gets at each severity, `unit` says of what."""

    name: str
    title: str
    help: str
    source: str
    unit: str
    amounts: tuple[float, float, float, float, float]
    draw: Draw

    def applied(self, pixels: NDArray[np.uint8], severity: int, number: int) -> NDArray[np.uint8]:
        """The picture (size, size, 3), uint8 RGB, harmed; `number` tells pictures apart where chance takes part.
        Severity 0 gives it unharmed. Raises ValueError for a severity that there is not."""
        if severity == 0:
            return pixels
        if severity not in SEVERITIES:
            raise ValueError(f"a severity of {severity}")
        chance = np.random.default_rng((number, severity, *self.name.encode()))
        drawn = self.draw(Image.fromarray(pixels), self.amounts[severity - 1], chance)
        return np.asarray(drawn.convert("RGB"), np.uint8)


def _blurred(image: Image.Image, amount: float, chance: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(amount * image.width / _SIDE))


def _noisy(image: Image.Image, amount: float, chance: np.random.Generator) -> Image.Image:
    pixels = np.asarray(image, np.float64)
    noise = chance.normal(0, 255 * amount, pixels.shape)
    return Image.fromarray(np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8))


def _brightened(image: Image.Image, amount: float, chance: np.random.Generator) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1 + amount)


def _compressed(image: Image.Image, amount: float, chance: np.random.Generator) -> Image.Image:
    content = BytesIO()
    image.save(content, "JPEG", quality=round(amount))
    return Image.open(BytesIO(content.getvalue()))


def _hairy(image: Image.Image, amount: float, chance: np.random.Generator) -> Image.Image:
    """Dark curved strokes across the picture, drawn at twice the size so that their edges are soft."""
    side = 2 * image.width
    mask = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(mask)
    for _ in range(round(amount)):
        begin, end, middle = chance.uniform(-0.1, 1.1, (3, 2)) * side
        steps = np.linspace(0, 1, 24)[:, None]
        points = bent_line(begin, middle, end, steps)
        width = max(1, round(chance.uniform(1.5, 4.0) * side / (2 * _SIDE)))
        pen.line([(float(x), float(y)) for x, y in points], fill=int(chance.integers(150, 240)), width=width)
    colour = Image.new("RGB", image.size, (35, 24, 20))
    return Image.composite(colour, image, mask.resize(image.size, Image.Resampling.BILINEAR))


_PAPER = "Hendrycks and Dietterich 2019, section 3"

CORRUPTIONS: Registry[Corruption] = Registry(
    "corruption",
    (
        Corruption("blur", "Blur", "out of focus", _PAPER, "pixels", (0.75, 1.25, 2.0, 3.0, 4.5), _blurred),
        Corruption("noise", "Noise", "too little light", _PAPER, "of the range", (0.03, 0.06, 0.1, 0.15, 0.22), _noisy),
        Corruption("bright", "Too bright", "overexposed", _PAPER, "brighter", (0.1, 0.2, 0.35, 0.5, 0.75), _brightened),
        Corruption(
            "dark", "Too dark", "underexposed", _PAPER, "brighter", (-0.1, -0.2, -0.35, -0.5, -0.65), _brightened
        ),
        Corruption("jpeg", "JPEG", "compressed to a small file", _PAPER, "quality", (60, 40, 25, 15, 8), _compressed),
        Corruption("hair", "Hair", "hair across the lesion", "", "hairs", (4, 8, 16, 32, 64), _hairy),
    ),
)
"""What there is, in the order in which it is shown."""
