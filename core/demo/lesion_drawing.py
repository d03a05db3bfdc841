"""Draws generated lesions with numpy and Pillow. Pictures are float32 RGB arrays in 0..1."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from core.demo.lesion_appearance import Colour, LesionAppearance

Picture = NDArray[np.float32]
"""Shape (n, n, 3), or (n, n) for a mask in 0..1."""

_MARGIN = 1.4
"""The lesion is drawn on a larger field, so that its views can turn and shift without showing an edge."""


@dataclass(frozen=True)
class Field:
    """A drawn lesion on its skin, larger than the views cut from it."""

    picture: Picture
    size: int


def draw_lesion(appearance: LesionAppearance, size: int, generator: np.random.Generator) -> Field:
    """A lesion for views of `size` pixels."""
    pen = _Pen(round(size * _MARGIN), size, generator)
    skin = pen.skin()
    mask = pen.mask(appearance)
    lesion = pen.pigment(appearance)
    lesion = _over(lesion, (0.20, 0.12, 0.09), pen.network() * appearance.network * 0.75)
    lesion = _over(lesion, (0.42, 0.46, 0.55), pen.patch(0.45) * appearance.veil * 0.85)
    lesion = _over(lesion, (0.13, 0.08, 0.08), pen.spots(appearance.size, 26, 0.010, 0.020) * appearance.globules * 0.9)
    lesion = _over(lesion, (0.42, 0.05, 0.14), pen.spots(appearance.size, 13, 0.034, 0.060) * appearance.lacunae * 0.9)
    lesion = _over(lesion, (0.72, 0.17, 0.16), pen.spots(appearance.size, 60, 0.008, 0.014) * appearance.red_dots * 0.8)
    lesion = _over(lesion, (0.97, 0.93, 0.80), pen.spots(appearance.size, 22, 0.009, 0.018) * appearance.cysts * 0.85)
    lesion = _over(lesion, (0.92, 0.83, 0.60), pen.crust(appearance.size) * appearance.keratin * 0.9)
    lesion = _over(lesion, (0.93, 0.85, 0.80), pen.centre(appearance.size) * appearance.scar * 0.8)
    lesion = _over(lesion, (0.95, 0.90, 0.86), pen.scales() * appearance.scale * 0.6)
    lesion = _over(lesion, (0.66, 0.12, 0.14), pen.vessels(appearance.size) * appearance.vessels * 0.85)
    cover = (mask * min(appearance.opacity, 1.0))[..., None]
    return Field(np.clip(skin * (1 - cover) + lesion * cover, 0, 1), size)


def draw_view(field: Field, generator: np.random.Generator) -> NDArray[np.uint8]:
    """One photograph of a lesion, uint8 (size, size, 3): turned, shifted, lit, with hairs, dark corners and noise."""
    size = field.size
    picture = _cut(field, generator)
    if generator.random() < 0.45:
        picture = _hairs(picture, int(generator.integers(1, 9)), generator)
    picture = picture * _lamp(size, generator)
    if generator.random() < 0.35:
        picture = picture * _dark_corners(size, generator)
    balance = generator.normal(1.0, 0.03, 3) * generator.uniform(0.85, 1.12)
    noisy = picture * balance + generator.normal(0, 0.012, picture.shape)
    return np.clip(np.rint(noisy * 255), 0, 255).astype(np.uint8)


class _Pen:
    """Masks of one lesion's features on a square of `side` pixels; lengths are shares of a view's width."""

    def __init__(self, side: int, size: int, generator: np.random.Generator) -> None:
        self.side = side
        self.size = size
        self.random = generator
        line = (np.arange(side, dtype=np.float32) - (side - 1) / 2) / size
        self.x, self.y = np.meshgrid(line, line)
        self.radius: Picture = np.hypot(self.x, self.y)

    def noise(self, cells: int) -> Picture:
        """Smooth noise of mean 0 and deviation about 1, with `cells` bumps across."""
        coarse = self.random.normal(0, 1, (cells, cells)).astype(np.float32)
        image = Image.fromarray(coarse).resize((self.side, self.side), Image.Resampling.BICUBIC)
        return np.asarray(image, dtype=np.float32) * 1.3

    def skin(self) -> Picture:
        """Skin of a random tone with slow and fine variation."""
        depth = self.random.uniform(0, 1)
        light, deep = np.array([0.90, 0.73, 0.64]), np.array([0.70, 0.50, 0.40])
        tone = light + (deep - light) * depth * 0.7 + self.random.normal(0, 0.02, 3)
        texture = 1 + 0.025 * self.noise(5) + 0.012 * self.noise(28)
        return np.asarray(tone * texture[..., None], dtype=np.float32)

    def mask(self, appearance: LesionAppearance) -> Picture:
        """The lesion's area with a border of the look's irregularity and softness."""
        angle = np.arctan2(self.y, self.x) - self.random.uniform(0, math.tau)
        border = np.ones_like(self.radius)
        for wave in range(2, 9):
            strength = appearance.irregular * self.random.normal(0, 1) * 1.8 / wave
            border += strength * np.cos(wave * angle + self.random.uniform(0, math.tau))
        border *= 1 - appearance.elongated * np.sin(angle) ** 2
        border = appearance.size * np.clip(border, 0.35, 1.7) * self.random.uniform(0.8, 1.1)
        distance = (border - self.radius) / (appearance.softness + 0.006)
        return np.asarray(1 / (1 + np.exp(-np.clip(distance * 2.5, -30, 30))), dtype=np.float32)

    def pigment(self, appearance: LesionAppearance) -> Picture:
        """The lesion's colour with patches of its accent."""
        patches = np.clip(0.5 + 0.6 * self.noise(6), 0, 1)[..., None] * min(appearance.accent, 1.0)
        base = (
            np.asarray(appearance.colour, np.float32) * (1 - patches)
            + np.asarray(appearance.accent_colour, np.float32) * patches
        )
        return np.asarray(base * (1 + 0.05 * self.noise(20))[..., None], dtype=np.float32)

    def network(self) -> Picture:
        """Thin lines of a honeycomb, bent a little."""
        bend = 0.016
        x = self.x + bend * self.noise(7)
        y = self.y + bend * self.noise(7)
        pitch = math.tau / self.random.uniform(0.055, 0.075)
        turn = self.random.uniform(0, math.pi)
        waves = [np.cos(pitch * (x * math.cos(turn + k) + y * math.sin(turn + k))) for k in (0, 2.0944, 4.1888)]
        return np.asarray(np.clip(0.55 - 0.55 * (waves[0] + waves[1] + waves[2]), 0, 1), dtype=np.float32)

    def patch(self, share: float) -> Picture:
        """One soft patch off the centre that covers about `share` of the lesion."""
        turn = self.random.uniform(0, math.tau)
        x, y = 0.11 * math.cos(turn), 0.11 * math.sin(turn)
        distance = np.hypot(self.x - x, self.y - y) + 0.03 * self.noise(9)
        return np.asarray(np.clip((share * 0.32 - distance) / 0.11 + 0.5, 0, 1), dtype=np.float32)

    def spots(self, extent: float, most: int, smallest: float, largest: float) -> Picture:
        """Up to `most` round spots of the given radii within the lesion."""
        places = self.random.normal(0, extent * 0.48, (int(self.random.integers(most // 2, most + 1)), 2))
        radii = self.random.uniform(smallest, largest, len(places))

        def paint(draw: ImageDraw.ImageDraw) -> None:
            for (x, y), radius in zip(places, radii, strict=True):
                draw.ellipse([*self._pixel(x - radius, y - radius), *self._pixel(x + radius, y + radius)], fill=255)

        return self._painted(paint, 0.004)

    def vessels(self, extent: float) -> Picture:
        """Branching lines that grow from the border inwards."""
        branches: list[tuple[list[tuple[float, float]], float]] = []
        for _ in range(int(self.random.integers(3, 6))):
            start = self.random.uniform(0, math.tau)
            point = (extent * 0.9 * math.cos(start), extent * 0.9 * math.sin(start))
            self._grow(branches, point, start + math.pi, 0.013, 11)

        def paint(draw: ImageDraw.ImageDraw) -> None:
            for points, width in branches:
                draw.line([self._pixel(x, y) for x, y in points], fill=255, width=max(1, round(width * self.size * 2)))

        return self._painted(paint, 0.003)

    def _grow(
        self,
        branches: list[tuple[list[tuple[float, float]], float]],
        point: tuple[float, float],
        heading: float,
        width: float,
        steps: int,
    ) -> None:
        points = [point]
        for step in range(steps):
            heading += self.random.normal(0, 0.35)
            point = (point[0] + 0.032 * math.cos(heading), point[1] + 0.032 * math.sin(heading))
            points.append(point)
            if steps > 4 and step % 3 == 2:
                side = 1 if self.random.random() < 0.5 else -1
                self._grow(branches, point, heading + side * 0.8, width * 0.7, steps // 2)
        branches.append((points, width))

    def crust(self, extent: float) -> Picture:
        """Ragged masses in the middle."""
        ragged = self.noise(9) * 0.6 + self.noise(24) * 0.5
        middle = np.clip(1.15 - self.radius / (extent * 0.75), 0, 1)
        return np.asarray(np.clip((ragged * 0.8 + middle * 2.2 - 1.15) * 2, 0, 1), dtype=np.float32)

    def centre(self, extent: float) -> Picture:
        """A pale patch in the very middle."""
        distance = self.radius + 0.02 * self.noise(8)
        return np.asarray(np.clip((extent * 0.42 - distance) / 0.035 + 0.5, 0, 1), dtype=np.float32)

    def scales(self) -> Picture:
        """Fine white flakes all over."""
        return np.asarray(np.clip(self.noise(34) * 0.9 + self.noise(8) * 0.4 - 0.5, 0, 1), dtype=np.float32)

    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        """From lengths to a drawing of twice the side."""
        return (x * self.size + self.side / 2) * 2, (y * self.size + self.side / 2) * 2

    def _painted(self, paint: Callable[[ImageDraw.ImageDraw], None], blur: float) -> Picture:
        canvas = Image.new("L", (self.side * 2, self.side * 2))
        paint(ImageDraw.Draw(canvas))
        small = canvas.resize((self.side, self.side), Image.Resampling.BOX)
        soft = small.filter(ImageFilter.GaussianBlur(max(blur * self.size, 0.3)))
        return _unit(soft)


def _unit(image: Image.Image) -> Picture:
    scaled: Picture = np.asarray(image, dtype=np.float32) / np.float32(255)
    return scaled


def _over(below: Picture, colour: Colour, cover: Picture) -> Picture:
    share = np.clip(cover, 0, 1).astype(np.float32)[..., None]
    return below + (np.asarray(colour, np.float32) - below) * share


def _cut(field: Field, generator: np.random.Generator) -> Picture:
    """A view of the field: any turn, a little zoom and shift."""
    side, size = field.picture.shape[0], field.size
    turn, zoom = generator.uniform(0, math.tau), generator.uniform(0.93, 1.08)
    cosine, sine = math.cos(turn) / zoom, math.sin(turn) / zoom
    dx, dy = generator.normal(0, 0.035, 2) * size
    middle, half = side / 2, size / 2
    affine = (
        cosine,
        -sine,
        middle + dx - half * (cosine - sine),
        sine,
        cosine,
        middle + dy - half * (sine + cosine),
    )
    whole = Image.fromarray(np.rint(field.picture * 255).astype(np.uint8))
    # A turned view may reach a little beyond the field; there it gets the skin's colour.
    view = whole.transform(
        (size, size), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC, fillcolor=_edge(whole)
    )
    return _unit(view)


def _edge(whole: Image.Image) -> tuple[int, int, int]:
    rim = np.asarray(whole)[0].mean(axis=0)
    return int(rim[0]), int(rim[1]), int(rim[2])


def _hairs(picture: Picture, count: int, generator: np.random.Generator) -> Picture:
    size = picture.shape[0]
    canvas = Image.new("L", (size * 2, size * 2))
    draw = ImageDraw.Draw(canvas)
    steps = np.linspace(0, 1, 16)
    for _ in range(count):
        start, bend, end = generator.uniform(-0.2, 1.2, (3, 2)) * size * 2
        curve = np.outer((1 - steps) ** 2, start) + np.outer(2 * steps * (1 - steps), bend) + np.outer(steps**2, end)
        draw.line(
            [(float(x), float(y)) for x, y in curve], fill=int(generator.integers(140, 256)), width=1 + size // 96
        )
    return _over(picture, (0.16, 0.11, 0.09), _unit(canvas.resize((size, size), Image.Resampling.BOX)))


def _lamp(size: int, generator: np.random.Generator) -> Picture:
    """Light that falls off to one side."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    slope = generator.normal(0, 0.05, 2)
    return np.asarray((1 + slope[0] * line[None, :] + slope[1] * line[:, None])[..., None], dtype=np.float32)


def _dark_corners(size: int, generator: np.random.Generator) -> Picture:
    """The tube of the dermoscope."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = generator.normal(0, 0.04, 2)
    distance = np.hypot(line[None, :] - x, line[:, None] - y)
    edge = generator.uniform(1.02, 1.25)
    return np.asarray(np.clip((edge - distance) / 0.09 + 0.5, 0.03, 1)[..., None], dtype=np.float32)
