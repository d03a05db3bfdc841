"""Small data sets made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.classes import CLASS_SETS
from core.data.types import DataSet, ImageRecord

ISIC2019 = CLASS_SETS["isic2019"]

MakeImage = Callable[..., Path]
MakeSet = Callable[..., DataSet]


@pytest.fixture
def make_image() -> MakeImage:
    """Write an image of one colour (or of seeded noise) and return its path."""

    def make(path: Path, colour: tuple[int, int, int] | None = None, *, seed: int = 0, side: int = 40) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if colour is not None:
            pixels = np.full((side, side, 3), colour, np.uint8)
        else:
            pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(path, quality=95)
        return path

    return make


@pytest.fixture
def make_set(tmp_path: Path, make_image: MakeImage) -> MakeSet:
    """A data set of one-colour PNG images: image i has the colour (i, 2i, 255 - i)."""

    def make(count: int, labels: Sequence[int] | None = None) -> DataSet:
        root = tmp_path / "images"
        records = []
        for index in range(count):
            path = make_image(root / f"image{index:03d}.png", (index, (2 * index) % 256, 255 - index))
            records.append(ImageRecord(path.stem, path, labels[index] if labels else index % 8))
        return DataSet(root, "folders", tuple(records), classes=ISIC2019)

    return make
