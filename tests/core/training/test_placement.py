"""Where images lie does not change what a batch holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import SkinKDError
from core.events import Event, Notice
from core.training.placement import Place, place_images

from .small_training import small_data


@pytest.mark.parametrize("place", ["auto", "memory", "disk", "device"])
def test_every_place_gives_the_same_batch(place: Place) -> None:
    store = small_data().store
    indices = np.array([5, 0, 5, 2])
    placed = place_images(store, place, "cpu")
    assert torch.equal(placed.batch(indices), torch.from_numpy(store.images[indices]))
    assert placed.place == ("memory" if place == "memory" else "disk")


def test_gpu_memory_without_a_gpu_is_a_said_fallback() -> None:
    said: list[Event] = []
    place_images(small_data().store, "device", "cpu", said.append)
    assert isinstance(said[0], Notice)
    assert "no GPU memory" in said[0].text


def test_too_many_images_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        available = 10

    monkeypatch.setattr("psutil.virtual_memory", Full)
    with pytest.raises(SkinKDError, match="do not fit into memory"):
        place_images(small_data().store, "memory", "cpu")
