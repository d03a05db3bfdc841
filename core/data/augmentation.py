"""Light augmentation of a batch. Imports torch: import this module only where torch is needed anyway."""

from __future__ import annotations

import torch
from torch import Tensor

_STREAM = 0x417


def augment(batch: Tensor, *, seed: int, epoch: int, batch_index: int) -> Tensor:
    """Flips, quarter turns and slight changes of brightness, contrast and colour; uint8 NHWC in and out.

    Every image gets its own draw. Dermoscopic images have no up or down, and lamps differ; shapes and colours stay
    those of the lesion. A pure function of its arguments, the same on every device: the few numbers per image are
    drawn on the CPU, the pictures are changed where they are. Images must be square (else only half turns are made).
    """
    generator = torch.Generator().manual_seed(_mixed_seed(seed, epoch, batch_index))
    count = batch.shape[0]
    flips = torch.rand((2, count), generator=generator) < 0.5
    square = batch.shape[1] == batch.shape[2]
    turns = (torch.rand(count, generator=generator) < 0.5) & torch.tensor(square)
    colour = torch.rand((3, count, 1, 1, 3), generator=generator) * 2 - 1
    turned = _where(flips[0], batch.flip(1), batch)
    turned = _where(flips[1], turned.flip(2), turned)
    if square:
        # With both flips, a transpose gives all eight positions of a square.
        turned = _where(turns, turned.transpose(1, 2), turned)
    return _recolour(turned, colour.to(batch.device, non_blocking=True))


def _recolour(batch: Tensor, draw: Tensor) -> Tensor:
    values = batch.float()
    # Common to the three channels: contrast +-10 %, brightness +-12; per channel: a tint of +-4 %.
    contrast = 1 + 0.10 * draw[0, ..., :1]
    brightness = 12 * draw[1, ..., :1]
    tint = 1 + 0.04 * draw[2]
    mean = values.mean(dim=(1, 2, 3), keepdim=True)
    changed = ((values - mean) * contrast + mean + brightness) * tint
    return changed.round().clamp(0, 255).to(torch.uint8)


def _where(chosen: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    return torch.where(chosen.to(no.device, non_blocking=True)[:, None, None, None], yes, no)


def _mixed_seed(seed: int, epoch: int, batch_index: int) -> int:
    """One 63-bit number from three, so that neighbouring batches and epochs do not share draws."""
    mixed = _STREAM
    for value in (seed, epoch, batch_index):
        mixed = ((mixed ^ (value & 0xFFFFFFFFFFFF)) * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & (2**64 - 1)
        mixed ^= mixed >> 29
    return mixed >> 1
