"""Draws the program's icon, resources/icons/skinkd.svg, in the forms that systems want. Usage: icons.py FOLDER

Writes skinkd.ico (Windows), skinkd.icns (macOS) and hicolor/ (Linux: the freedesktop tree of PNG sizes and the drawing
itself) into FOLDER. Every size is drawn anew from the vectors, not shrunk. Needs PySide6 and Pillow, and no screen.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

DRAWING = Path(__file__).resolve().parents[1] / "resources" / "icons" / "skinkd.svg"
WINDOWS_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)  # Explorer's sizes at 100 to 250 % scaling
MACOS_SIZES = (32, 64, 128, 256, 512, 1024)
LINUX_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
MACOS_MARGIN = 100 / 1024  # Apple's grid: the tile takes 824 of 1,024 pixels


def picture(size: int, margin: float = 0.0) -> Image.Image:
    """The icon as size x size RGBA pixels; `margin`: the share of the width that stays clear on each side, 0 to 0.5.

    Raises ValueError when the drawing is missing or can not be read.
    """
    renderer = QSvgRenderer(str(DRAWING))
    if not renderer.isValid():
        raise ValueError(f"{DRAWING} is no drawing that Qt can read")
    image = QImage(size, size, QImage.Format.Format_RGBA8888)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    clear = size * margin
    renderer.render(painter, QRectF(clear, clear, size - 2 * clear, size - 2 * clear))
    painter.end()
    return Image.frombytes("RGBA", (size, size), bytes(image.constBits()), "raw", "RGBA", image.bytesPerLine(), 1)


def write_ico(file: Path) -> None:
    """Write Windows' icon with all of WINDOWS_SIZES."""
    drawn = [picture(size) for size in sorted(WINDOWS_SIZES, reverse=True)]
    drawn[0].save(file, format="ICO", sizes=[image.size for image in drawn], append_images=drawn[1:])


def write_icns(file: Path) -> None:
    """Write macOS's icon with all of MACOS_SIZES."""
    drawn = [picture(size, MACOS_MARGIN) for size in sorted(MACOS_SIZES, reverse=True)]
    drawn[0].save(file, format="ICNS", append_images=drawn[1:])


def write_hicolor(folder: Path) -> None:
    """Write the tree that lies in /usr/share/icons/hicolor: PNG files of LINUX_SIZES, and the drawing."""
    for size in LINUX_SIZES:
        file = folder / f"{size}x{size}" / "apps" / "skinkd.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture(size).save(file)
    scalable = folder / "scalable" / "apps"
    scalable.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DRAWING, scalable / "skinkd.svg")


def write_all(folder: Path) -> None:
    """Write every form into `folder`, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    write_ico(folder / "skinkd.ico")
    write_icns(folder / "skinkd.icns")
    write_hicolor(folder / "hicolor")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: icons.py FOLDER")
    write_all(Path(sys.argv[1]))
