"""How a picture is composed, whatever its colours and brightness: what tells a photograph in the colours of skin, or
one taken from far away, from a close picture of one lesion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

STRUCTURE_SIZE = 21

_SIDE = 32
_RINGS, _BINS, _BANDS = 8, 8, 5
_NOISE = 4e-3  # of full brightness: contrast below is the camera's
_BORDER = 3

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Geometry:
    """Of the reduced picture: the maps from its pixels to the means of rings (p, 8) and to parabola terms (p, 6), the
    ring's pixels (8,), the border (s, s), a window (s, s), and the map from the power at each spatial frequency to
    that of octaves (s * (s / 2 + 1), 5)."""

    rings: NDArray[np.float64]
    counts: NDArray[np.intp]
    parabola: NDArray[np.float64]
    border: NDArray[np.bool_]
    window: NDArray[np.float64]
    octaves: NDArray[np.float64]


@cache
def _geometry() -> _Geometry:
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / (_SIDE / 2) - (1 - 1 / _SIDE)
    ring = np.minimum((np.hypot(y, x) / 1.42 * _RINGS).astype(np.intp), _RINGS - 1).ravel()
    terms = np.stack([np.ones(_SIDE**2), x.ravel(), y.ravel(), (x * y).ravel(), (x**2).ravel(), (y**2).ravel()], axis=1)
    border = np.ones((_SIDE, _SIDE), bool)
    border[_BORDER:-_BORDER, _BORDER:-_BORDER] = False
    across, down = np.meshgrid(np.fft.rfftfreq(_SIDE) * _SIDE, np.fft.fftfreq(_SIDE) * _SIDE)
    octave = np.digitize(np.hypot(down, across), (0.5, 1.5, 2.5, 4.5, 8.5, 16.5))
    window = np.outer(np.hanning(_SIDE), np.hanning(_SIDE))
    counts = np.bincount(ring, minlength=_RINGS)
    rings = (ring[:, None] == np.arange(_RINGS)) / counts
    octaves = (octave.ravel()[:, None] == np.arange(1, _BANDS + 1)).astype(np.float64)
    return _Geometry(rings, counts, np.linalg.qr(terms)[0], border, window, octaves)


def structure_of(images: NDArray[np.uint8]) -> Floats:
    """21 statistics (n, 21) of decoded images, uint8 (n, S, S, 3), that do not change when a picture is turned.

    Of the brightness over its own spread: the sorted directions of its edges and how many run along the axes, how much
    of it rings around the middle and a parabola explain, the border, the power of five octaves, dark and bright spots,
    total variation, skewness. Of the colours: how far they leave one line, which those of a toned picture do not.
    """
    if not len(images):
        return np.zeros((0, STRUCTURE_SIZE), np.float32)
    small = [np.asarray(Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.BOX)) for image in images]
    pixels: Floats = np.stack(small).astype(np.float32) / np.float32(255)
    grey: Floats = (pixels[..., 0] + pixels[..., 1] + pixels[..., 2]) / np.float32(3)
    centred: Floats = grey - grey.mean(axis=(1, 2), keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=(1, 2))) + np.float32(_NOISE)
    relief: Floats = centred / spread[:, None, None]
    columns = (
        *_directions(relief),
        *_radial(relief),
        *_border(relief),
        *_octaves(relief),
        *_spots(relief),
        np.log(spread),
        *_colour_line(pixels),
        np.clip((relief * relief * relief).mean(axis=(1, 2)), -4, 4),
    )
    return np.array(columns, np.float32).T


def _directions(relief: Floats) -> tuple[NDArray[Any], ...]:
    """Shares of the edges in the most, second most and least frequent of eight directions, and along the axes."""
    count = len(relief)
    down, across = (slope.reshape(count, -1) for slope in np.gradient(relief, axis=(1, 2)))
    strength = np.hypot(across, down)
    angle = np.mod(np.arctan2(down, across), np.pi)
    place = np.minimum((angle / np.pi * _BINS).astype(np.intp), _BINS - 1) + _BINS * np.arange(count)[:, None]
    total = strength.sum(axis=1) + 1e-6
    sums = np.bincount(place.ravel(), strength.ravel(), _BINS * count).reshape(count, _BINS)
    shares = np.sort(sums / total[:, None])
    along = np.abs(across**2 - down**2) > np.cos(np.pi / _BINS) * strength**2  # the cosine of twice the angle
    return shares[:, -1], shares[:, -2], shares[:, 0], (strength * along).sum(axis=1) / total


def _radial(relief: Floats) -> tuple[NDArray[Any], ...]:
    """The share of the variance that means of rings explain, and a parabola; the middle less the outside."""
    flat = relief.reshape(len(relief), -1).astype(np.float64)
    means = flat @ _geometry().rings
    parabola = ((flat @ _geometry().parabola) ** 2).sum(axis=1) / _SIDE**2
    return (means**2 @ _geometry().counts) / _SIDE**2, parabola, means[:, :3].mean(axis=1) - means[:, 5:].mean(axis=1)


def _border(relief: Floats) -> tuple[NDArray[Any], ...]:
    border = relief[:, _geometry().border]
    return border.std(axis=1), np.abs(border.mean(axis=1))


def _octaves(relief: Floats) -> tuple[NDArray[Any], ...]:
    """Logarithms of the shares of the power in five octaves of spatial frequency."""
    power = np.abs(np.fft.rfft2(relief * _geometry().window)) ** 2
    sums = power.reshape(len(relief), -1) @ _geometry().octaves
    return tuple(np.log(sums / (sums.sum(axis=1, keepdims=True) + 1e-6) + 1e-4).T)


def _spots(relief: Floats) -> tuple[NDArray[Any], ...]:
    """How many of 36 fields are darker, and brighter, than all fields around them; and the total variation."""
    fields = relief.reshape(len(relief), 8, _SIDE // 8, 8, _SIDE // 8).mean(axis=(2, 4))
    inner = fields[:, 1:-1, 1:-1]
    around = np.stack([fields[:, 1 + i : 7 + i, 1 + j : 7 + j] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j])
    variation = np.abs(np.diff(relief, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(relief, axis=2)).mean(axis=(1, 2))
    darker, brighter = inner < around.min(axis=0), inner > around.max(axis=0)
    return darker.sum(axis=(1, 2)), brighter.sum(axis=(1, 2)), np.log(variation + 0.01)


def _colour_line(pixels: Floats) -> tuple[NDArray[Any], ...]:
    """Logarithms of the second and third principal variance of the colours over the first."""
    flat = pixels.reshape(len(pixels), -1, 3)
    centred = flat - flat.mean(axis=1, keepdims=True)
    variances = np.linalg.eigvalsh(centred.transpose(0, 2, 1) @ centred / flat.shape[1])
    first = variances[:, 2] + 1e-6
    return np.log(np.abs(variances[:, 1]) / first + 1e-4), np.log(np.abs(variances[:, 0]) / first + 1e-5)
