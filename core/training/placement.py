"""Where the decoded images lie while training, and how a batch of them reaches the device."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from core.data.store import ImageStore
from core.errors import SkinKDError
from core.events import Emit, Level, Notice, ignore
from core.models.transfer import to_device
from core.quantities import file_size

StoreLocation = Literal["auto", "memory", "disk", "device"]

_DEVICE_SHARE = 0.5
"""Of the free GPU memory, how much the images may take; the rest is for the model and its activations."""

_PIECE = 64 * 2**20
"""Bytes that go to the GPU at once."""


class StagedImages:
    """The images of a store, ready to be gathered as uint8 tensors (n, H, W, 3) on `device`.

    `place` tells where they lie: "device" (all of them in the GPU's memory), "memory" or "disk" (the store's file).
    """

    def __init__(self, images: ImageStore | torch.Tensor, device: torch.device, location: StoreLocation) -> None:
        self._images = images
        self._device = device
        self.location = location

    def batch(self, indices: NDArray[np.int64], rows: torch.Tensor | None = None) -> torch.Tensor:
        """The images, uint8 (n, H, W, 3), at these record indices (n,), in their order; `rows` are the same indices,
        already on the device."""
        if isinstance(self._images, torch.Tensor):
            own = to_device(torch.from_numpy(indices), self._device) if rows is None else rows
            return self._images.index_select(0, own)
        return to_device(torch.from_numpy(np.ascontiguousarray(self._images.gather(indices))), self._device)


def stage_images(store: ImageStore, location: StoreLocation, device: str, emit: Emit = ignore) -> StagedImages:
    """Put the store's images where the recipe says; `auto` takes the GPU's memory when half of what is free holds them,
    else the store's file (of which the system keeps in memory what it can spare).

    Raises `SkinKDError` when "device" is asked for and they do not fit.
    """
    target = torch.device(device)
    size = int(store.images.nbytes)
    if location == "device" or (location == "auto" and target.type == "cuda"):
        if target.type != "cuda":
            emit(Notice("There is no GPU memory for the images; they are read from the disk's cache.", Level.WARNING))
            return StagedImages(store, target, "disk")
        free = torch.cuda.mem_get_info(target)[0]
        if size <= free * _DEVICE_SHARE:
            return StagedImages(copied_to(target, store), target, "device")
        if location == "device":
            raise SkinKDError(
                "The images do not fit into the GPU's memory",
                f"They take {file_size(size)} and {file_size(free)} are free, of which half is for the model. "
                "Set hardware.image_store to auto, or choose a smaller image size.",
            )
        emit(Notice(f"The images ({file_size(size)}) do not fit into the GPU's memory; they are read from disk."))
    if location == "memory":
        _check_memory(size)
        return StagedImages(store.in_memory(), target, "memory")
    return StagedImages(store, target, "disk")


def copied_to(device: torch.device, store: ImageStore) -> torch.Tensor:
    """All images (n, H, W, 3) on the device, read and copied in pieces, of which main memory holds one at a time."""
    images = torch.empty(
        store.images.shape, dtype=torch.from_numpy(np.empty(0, store.images.dtype)).dtype, device=device
    )
    step = max(1, _PIECE // max(1, store.images[:1].nbytes))
    for begin in range(0, len(images), step):
        piece = torch.from_numpy(store.gather(np.arange(begin, min(begin + step, len(images)))))
        images[begin : begin + len(piece)].copy_(piece.pin_memory() if device.type == "cuda" else piece)
    return images


def _check_memory(size: int) -> None:
    import psutil

    free = psutil.virtual_memory().available
    if size > free * 0.8:
        raise SkinKDError(
            "The images do not fit into memory",
            f"They take {file_size(size)} and {file_size(free)} are free. Set hardware.image_store to auto, or "
            "choose a smaller image size.",
        )
