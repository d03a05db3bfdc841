"""The one normalisation: training, evaluation and inference all come through here."""

from __future__ import annotations

import torch
from torch import Tensor

from core.models.info import Preprocessing


def normalise(batch: Tensor, preprocessing: Preprocessing, dtype: torch.dtype = torch.float32) -> Tensor:
    """(x / 255 - mean) / std of decoded images, on the device where they are.

    `batch`: uint8 RGB, shape (n, H, W, 3). Returns shape (n, 3, H, W) in channels_last memory format. Computed in
    float32, then cast to `dtype`. Raises TypeError for anything but uint8: already scaled images must not come twice.
    Pooled features (n, d), from which a probe learns in place of images, come out as they are.
    """
    if batch.ndim == 2:
        return batch
    if batch.dtype != torch.uint8:
        raise TypeError(f"expected uint8 images, got {batch.dtype}")
    mean = torch.tensor(preprocessing.mean).to(batch.device, non_blocking=True)  # a plain copy would wait for a GPU
    std = torch.tensor(preprocessing.std).to(batch.device, non_blocking=True)
    scaled = (batch.float() / 255 - mean) / std  # (n, H, W, 3)
    return scaled.to(dtype).permute(0, 3, 1, 2)  # in memory still n, H, W, 3: this is channels_last
