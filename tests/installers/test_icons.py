"""The program's icon in the forms of the three systems, drawn from one SVG file without a screen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import IcnsImagePlugin, Image

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script writes, in a folder with a blank and a letter outside ASCII."""
    folder = tmp_path_factory.mktemp("icons") / "für alle"
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "QT_QPA_PLATFORM")}
    script = [sys.executable, str(ROOT / "installers" / "icons.py"), str(folder)]
    subprocess.run(script, check=True, env=environment, timeout=60)
    return folder


def looks_like_the_drawing(image: Image.Image, clear: float = 0.0) -> bool:
    """Whether the tile fills the image but for a clear edge: nothing in the corners, teal within."""
    pixels = np.asarray(image.convert("RGBA")).astype(int)
    size = pixels.shape[0]
    edge = round(size * (clear + 0.06))
    red, green, blue, alpha = pixels[size // 2, edge]
    filled = (pixels[..., 3] > 128).mean()
    share = (1 - 2 * clear) ** 2
    empty_corners = pixels[0, 0, 3] == pixels[-1, -1, 3] == 0
    return bool(empty_corners and alpha > 200 and green > red and blue > red and 0.9 * share < filled < 1.02 * share)


def test_windows_gets_each_size_drawn_for_itself(icons: Path) -> None:
    with Image.open(icons / "skinkd.ico") as icon:
        sizes = icon.info["sizes"]
        assert {16, 32, 48, 256} <= {width for width, height in sizes if width == height}
        for size in sizes:
            assert looks_like_the_drawing(icon.ico.getimage(size))


def test_macos_gets_retina_sizes_on_its_grid(icons: Path) -> None:
    with (icons / "skinkd.icns").open("rb") as file:
        icon = IcnsImagePlugin.IcnsFile(file)
        sizes = icon.itersizes()
        assert {(512, 512, 2), (512, 512, 1), (16, 16, 2)} <= set(sizes)
        for size in sizes:
            assert looks_like_the_drawing(icon.getimage(size), clear=100 / 1024)


def test_linux_gets_the_tree_of_the_icon_theme(icons: Path) -> None:
    for size in (16, 48, 256):
        with Image.open(icons / "hicolor" / f"{size}x{size}" / "apps" / "skinkd.png") as image:
            assert image.size == (size, size)
            assert looks_like_the_drawing(image)
    drawing = ROOT / "resources" / "icons" / "skinkd.svg"
    assert (icons / "hicolor" / "scalable" / "apps" / "skinkd.svg").read_bytes() == drawing.read_bytes()
