"""Where images lie does not change what a batch holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.data.store import ImageStore
from core.errors import SkinKDError
from core.events import Event, Notice
from core.training import placement
from core.training.placement import StoreLocation, stage_images

from .small_training import small_data


@pytest.mark.parametrize("place", ["auto", "memory", "disk", "device"])
def test_every_place_gives_the_same_batch(place: StoreLocation) -> None:
    store = small_data().store
    indices = np.array([5, 0, 5, 2])
    placed = stage_images(store, place, "cpu")
    assert torch.equal(placed.batch(indices), torch.from_numpy(store.images[indices]))
    assert placed.location == ("memory" if place == "memory" else "disk")


def test_gpu_memory_without_a_gpu_is_a_said_fallback() -> None:
    said: list[Event] = []
    stage_images(small_data().store, "device", "cpu", said.append)
    assert isinstance(said[0], Notice)
    assert "no GPU memory" in said[0].text


def test_too_many_images_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        available = 10

    monkeypatch.setattr("psutil.virtual_memory", Full)
    with pytest.raises(SkinKDError, match="do not fit into memory"):
        stage_images(small_data().store, "memory", "cpu")


def test_images_go_to_the_device_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    store = small_data().store
    monkeypatch.setattr(placement, "_PIECE", 5 * store.images[0].nbytes + 1)
    read: list[int] = []
    gather = type(store).gather

    def counted(self: ImageStore, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        read.append(len(indices))
        return gather(self, indices)

    monkeypatch.setattr(type(store), "gather", counted)
    copied = placement.copied_to(torch.device("cpu"), store)
    assert torch.equal(copied, torch.from_numpy(store.images))
    assert set(read[:-1]) == {5}
    assert sum(read) == len(store)


@pytest.mark.parametrize(("free", "place"), [(3.0, "device"), (1.5, "disk")])
def test_images_go_to_a_gpu_whose_free_memory_is_twice_their_size(
    free: float, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same code with the GPU's answers made up; the copy itself goes to the CPU here."""
    store = small_data().store
    memory = int(free * store.images.nbytes)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (memory, 2 * memory))
    monkeypatch.setattr(placement, "copied_to", lambda device, store: torch.from_numpy(store.images))
    said: list[Event] = []
    assert stage_images(store, "auto", "cuda", said.append).location == place
    assert bool(said) == (place == "disk")
    if place == "disk":
        with pytest.raises(SkinKDError, match="do not fit into the GPU's memory"):
            stage_images(store, "device", "cuda")
