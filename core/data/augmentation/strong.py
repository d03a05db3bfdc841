"""Views with crops, colours and what dermoscopic pictures suffer from, for a whole batch at once. Imports torch.

Each image has parameters of its own. `torchvision.transforms.v2` takes one set for a batch, so what differs from image
to image is computed here in single operations over the batch (the formulas are v2's, and tests compare them); v2 does
what is alike for all that get it. Parameters are drawn on the CPU, so nothing waits for the device; every number of an
image is computed from its own pixels alone, by additions and products, whatever lies beside it in the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.data.augmentation.artefacts import CUTOUT, HAIR, VIGNETTE, cut_out, haired, vignetted
from core.data.augmentation.draws import even_draws
from core.data.augmentation.strong_settings import StrongSettings

Draws = NDArray[np.float64]

_CROP, _COLOUR, _CHANCES = slice(0, 4), slice(4, 10), slice(10, 14)
_FIRST = 14
"""The draws before those of the artefacts."""

_PROPORTIONS = 4 / 3
"""A crop is at most so much wider than high, or higher than wide."""

_GREY = (0.299, 0.587, 0.114)
_BLUR = 0.01
"""The standard deviation of the blur as a share of the picture's width."""


def strong_views(
    images: Tensor, indices: NDArray[np.int64], views: NDArray[np.int64], settings: StrongSettings, plain: int
) -> Tensor:
    """The images (n, S, S, 3), uint8, in their views: cropped and turned, then recoloured, blurred, under hair, with a
    vignette and a cutout, each as its draws say. Views below `plain` are turned and otherwise left, to the last bit."""
    parts = (CUTOUT, HAIR, VIGNETTE)
    draws = even_draws(indices, views, _FIRST + sum(parts), settings.view_seed)
    drawn = views >= plain
    values = _cropped(images, _matrices(draws[_CROP], views, drawn, settings.smallest_crop))
    if settings.colour:
        values = _recoloured(values, draws[_COLOUR], drawn, settings.colour)
    cutout, hair, vignette = np.split(draws[_FIRST:], np.cumsum(parts)[:-1])
    blurred, covered, hairy, dark = draws[_CHANCES]
    values = _of_some(values, drawn & (blurred < settings.blur), _blurred)
    values = _of_some(values, drawn & (hairy < settings.hair), haired, hair)
    values = _of_some(values, drawn & (dark < settings.vignette), vignetted, vignette)
    values = _of_some(values, drawn & (covered < settings.cutout), cut_out, cutout)
    return values.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _matrices(draws: Draws, views: NDArray[np.int64], drawn: NDArray[np.bool_], smallest: float) -> NDArray[np.float32]:
    """Where each point of a view comes from, (n, 2, 3): x and y from -1 to 1, the crop and the position in one."""
    area = 1 - draws[0] * (1 - smallest)
    # As v2's random resized crop: proportions even in their logarithm, so far as both sides stay within the picture.
    widest = np.minimum(math.log(_PROPORTIONS), -np.log(area))
    ratio = np.exp((2 * draws[1] - 1) * widest)
    width, height = np.sqrt(area * ratio), np.sqrt(area / ratio)
    width, height = np.where(drawn, width, 1), np.where(drawn, height, 1)
    left, top = draws[2] * (1 - width), draws[3] * (1 - height)
    found = np.zeros((len(views), 2, 3))
    swap = (views & 4) != 0
    x, y = np.where(views & 2, -width, width), np.where(views & 1, -height, height)
    found[:, 0, 0], found[:, 0, 1] = np.where(swap, 0, x), np.where(swap, x, 0)
    found[:, 1, 0], found[:, 1, 1] = np.where(swap, y, 0), np.where(swap, 0, y)
    found[:, 0, 2], found[:, 1, 2] = 2 * left + width - 1, 2 * top + height - 1
    return found.astype(np.float32)


def _cropped(images: Tensor, matrices: NDArray[np.float32]) -> Tensor:
    """The images (n, S, S, 3) seen through their matrices, float32 (n, 3, S, S), bilinear: a crop only enlarges."""
    size = images.shape[1]
    moves = torch.from_numpy(matrices).to(images.device, non_blocking=True)
    # Not affine_grid: its matrix product may round an image otherwise in another batch.
    centres = (2 * torch.arange(size, device=images.device, dtype=torch.float32) + 1) / size - 1
    across, down = centres[None, None, :, None], centres[None, :, None, None]
    grid = across * moves[:, None, None, :, 0] + down * moves[:, None, None, :, 1] + moves[:, None, None, :, 2]
    values = images.permute(0, 3, 1, 2).float()
    found = functional.grid_sample(values, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return found.contiguous()


def _recoloured(values: Tensor, draws: Draws, drawn: NDArray[np.bool_], strength: float) -> Tensor:
    """Brightness, contrast and saturation, in this order and as in v2, then a factor for each colour."""
    spread = np.where(drawn, 2 * draws - 1, 0) * strength
    brightness, contrast, saturation = 1 + spread[:3]
    tints = 1 + spread[3:] / 4
    grey = _grey(values)
    # Of whole numbers: a sum of fractions would depend on the order in which it is made.
    mean = grey.round().to(torch.int32).sum(dim=(1, 2, 3), keepdim=True).float() / (grey.shape[2] * grey.shape[3])
    # v = b c x + b (1 - c) mean; then s v + (1 - s) grey(v), and grey(v) = b c grey(x) + b (1 - c) mean.
    own = saturation * brightness * contrast
    of_grey = (1 - saturation) * brightness * contrast
    of_mean = brightness * (1 - contrast)
    factors = np.stack([tints * own, tints * of_grey, tints * of_mean]).astype(np.float32)  # (3, colours, n)
    a, b, c = torch.from_numpy(factors).to(values.device, non_blocking=True).transpose(1, 2)[..., None, None]
    found: Tensor = values * a + grey * b + mean * c
    return found


def _grey(values: Tensor) -> Tensor:
    red, green, blue = values[:, 0:1], values[:, 1:2], values[:, 2:3]
    return red * _GREY[0] + green * _GREY[1] + blue * _GREY[2]


def _blurred(values: Tensor) -> Tensor:
    from torchvision.transforms.v2.functional import gaussian_blur

    sigma = _BLUR * values.shape[-1]
    side = 2 * math.ceil(2 * sigma) + 1
    found: Tensor = gaussian_blur(values, [side, side], [sigma, sigma])
    return found


def _of_some(values: Tensor, chosen: NDArray[np.bool_], change: Callable[..., Tensor], *draws: Draws) -> Tensor:
    """`values` (n, 3, S, S) with those that are `chosen` (n,) changed; `draws` are theirs, (k, n)."""
    rows = np.flatnonzero(chosen)
    if len(rows):
        where = torch.from_numpy(rows).to(values.device, non_blocking=True)
        values.index_copy_(0, where, change(values.index_select(0, where), *(part[:, rows] for part in draws)))
    return values
