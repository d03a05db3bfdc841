"""Labelled pictures of a clinic: a folder per class of ISIC 2019, one picture a lesion."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from core.classes import CLASS_SETS
from tests.core.inference.skins import skins


def write_clinic(folder: Path, images: int = 112, seed: int = 7) -> Path:
    """So many pictures, of all classes alike, named by numbers; returns the folder."""
    codes = CLASS_SETS["isic2019"].codes
    for number, pixels in enumerate(skins(images, seed)):
        path = folder / codes[number % len(codes)] / f"Zq7-{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder
