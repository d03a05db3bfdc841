"""The views of an image: its turns and recolourings, so numbered that a student and its teachers see the very same.

View v of image i is one definite picture, whatever the run, its seed or the device: view 0 is the picture as it is
stored, upright; v modulo 8 tells which of the eight positions of a square it stands in; and from view 1 on the colours
differ slightly, for each image and view in its own way. So a teacher's outputs for a view can be computed once and
serve all runs. Which view a run shows is drawn. Imports torch: import this module where torch is needed anyway.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SCHEME = "light1"
"""The name of this numbering and recolouring. Whoever changes what a view is changes it: teachers' outputs for
views are kept under it."""

_STREAM = 0x417
_MOST = 2**62
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def drawn_views(count: int, *, seed: int, epoch: int, most: int | None = None) -> NDArray[np.int64]:
    """Which view each of the `count` images of an epoch (from 1) is shown in, int64 (count,), in their order.

    Drawn evenly from views 0 to `most` - 1; with None from so many that hardly any comes twice. A pure function of its
    arguments, so that a resumed run shows what it would have shown.
    """
    return np.random.default_rng([seed, epoch, _STREAM]).integers(0, _MOST if most is None else most, count)


def viewed(images: Tensor, indices: NDArray[np.int64], views: NDArray[np.int64]) -> Tensor:
    """The images (n, S, S, 3), uint8 and upright, in their views; `indices` (n,) number them in their data set.

    Dermoscopic images have no up or down, and lamps differ; shapes and colours stay those of the lesion. Where the
    images lie makes no difference: the few numbers per image are computed on the CPU, the pictures changed where they
    are. Raises ValueError for images that are not square.
    """
    if images.shape[1] != images.shape[2]:
        raise ValueError(f"images of {images.shape[1]} x {images.shape[2]} pixels can not be turned by a quarter")
    turned = _where(views & 1, images.flip(1), images)
    turned = _where(views & 2, turned.flip(2), turned)
    # With both flips, a transpose gives all eight positions of a square.
    turned = _where(views & 4, turned.transpose(1, 2), turned)
    return _recoloured(turned, _draws(indices, views).to(images.device, non_blocking=True))


def _recoloured(batch: Tensor, draws: Tensor) -> Tensor:
    """With draws (5, n, 1, 1, 1) in -1 to 1; those of 0 change nothing, to the last bit."""
    values = batch.float()
    # Common to the three channels: contrast +-10 %, brightness +-12; per channel: a tint of +-4 %.
    contrast, brightness = 1 + 0.10 * draws[0], 12 * draws[1]
    tint = 1 + 0.04 * torch.cat([draws[2], draws[3], draws[4]], dim=3)
    mean = values.mean(dim=(1, 2, 3), keepdim=True)
    changed = ((values - mean) * contrast + mean + brightness) * tint
    return changed.round().clamp(0, 255).to(torch.uint8)


def _draws(indices: NDArray[np.int64], views: NDArray[np.int64]) -> Tensor:
    """Five even draws in -1 to 1 for each image and view, shape (5, n, 1, 1, 1), float32; 0 for view 0."""
    steps = np.arange(1, 6, dtype=np.uint64)[:, None]
    mixed = _mixed(_mixed(indices.astype(np.uint64) + _GOLDEN) ^ views.astype(np.uint64)) + steps * _GOLDEN
    even = (_mixed(mixed) >> np.uint64(11)).astype(np.float64) / 2**53
    draws = np.where(views == 0, 0.0, 2 * even - 1).astype(np.float32)
    return torch.from_numpy(draws)[:, :, None, None, None]


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's mixing: neighbouring numbers become unrelated ones."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _where(chosen: NDArray[np.int64], yes: Tensor, no: Tensor) -> Tensor:
    mask = torch.from_numpy(chosen != 0).to(no.device, non_blocking=True)
    return torch.where(mask[:, None, None, None], yes, no)
