"""Pictures of the size of ISIC 2019, as heavy to decode as photographs: texture at several scales, hairs, noise."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from core.classes import CLASS_SETS
from core.data.types import DataSet, ImageRecord
from core.demo.sample_set import write_sample_set
from core.progress import thread_count

ISIC2019 = CLASS_SETS["isic2019"]

SIDE = 1024


def write_photographs(folder: Path, count: int, distinct: int) -> DataSet:
    """A data set of `count` JPEGs of 1024 x 1024 pixels, some 250 kB each; only `distinct` of them take space."""
    small = write_sample_set(folder / "small", images=max(distinct, 16), seed=0, size=128)
    drawn = sorted(small.rglob("*.jpg"))[:distinct]
    (folder / "distinct").mkdir()
    with ThreadPoolExecutor(thread_count(0)) as pool:
        files = list(pool.map(lambda place: _write(drawn[place], folder / "distinct", place), range(distinct)))
    (folder / "all").mkdir()
    records = []
    for index in range(count):
        path = folder / "all" / f"picture{index:05d}.jpg"
        _link(files[index % distinct], path)
        records.append(ImageRecord(path.stem, path, index % 8))
    return DataSet(folder / "all", "folders", tuple(records), classes=ISIC2019)


def _write(small: Path, folder: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    with Image.open(small) as image:
        pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)).astype(np.float32)
    for grain, strength in ((8, 6.0), (4, 5.0), (2, 4.0)):
        texture = Image.fromarray(rng.normal(128, 40, (SIDE // grain, SIDE // grain)).clip(0, 255).astype(np.uint8))
        pixels += (np.asarray(texture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) / 40.0 - 3.2)[
            ..., None
        ] * strength
    hairs = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(hairs)
    for _ in range(12):
        pen.line(rng.uniform(0, SIDE, 4).tolist(), fill=160, width=3)
    pixels *= 1 - np.asarray(hairs.filter(ImageFilter.GaussianBlur(0.7)))[..., None] / 255
    pixels += rng.normal(0, 2.5, pixels.shape)
    path = folder / f"{seed:05d}.jpg"
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=92)
    return path


def _link(file: Path, path: Path) -> None:
    try:
        path.hardlink_to(file)
    except OSError:  # a file system without links, or one that allows only so many of one file
        shutil.copyfile(file, path)
