"""Slight changes of colour, each image and view in its own way. Imports torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.augmentation.draws import even_draws


def recoloured(images: Tensor, indices: NDArray[np.int64], views: NDArray[np.int64]) -> Tensor:
    """The images (n, S, S, 3), uint8, with contrast, brightness and tint a little otherwise; those in view 0 stay as
    they are, to the last bit."""
    return _recoloured(images, _draws(indices, views).to(images.device, non_blocking=True))


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
    draws = np.where(views == 0, 0.0, 2 * even_draws(indices, views, 5) - 1).astype(np.float32)
    return torch.from_numpy(draws)[:, :, None, None, None]
