"""The one way from an image file to pixels: for training, evaluation, the window and the command line.

EXIF orientation applied, RGB, squashed to a square (as the paper does) with an anti-aliased bilinear filter.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from core.errors import SkinKDError

DECODER_VERSION = 1
"""Part of every store's key: raise it whenever the same file would decode to other pixels."""

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}
)
"""File names that count as images, in lower case."""

DECODE_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    SyntaxError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow is known to raise on damaged files."""

_EXIF_ORIENTATION = 0x0112
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnreadableImageError(SkinKDError):
    """An image file that can not be decoded; `reason` says why in one sentence without the file's name."""

    def __init__(self, path: Path, reason: str, details: str = "") -> None:
        super().__init__("The image can not be read", f"{path.name}: {reason}", details or str(path))
        self.reason = reason


def decode_image(path: Path, size: int) -> NDArray[np.uint8]:
    """The picture in a file as (size, size, 3) uint8 RGB. Raises `UnreadableImageError`, also for cut-off files."""
    try:
        with Image.open(path) as image:
            # At least twice the wanted size is kept, so the filter below still decides every pixel.
            image.draft(None, (2 * size, 2 * size))
            return resize_image(image, size)
    except DECODE_ERRORS as error:
        raise UnreadableImageError(path, describe_failure(error), f"{path}\n{type(error).__name__}: {error}") from error


def resize_image(image: Image.Image, size: int) -> NDArray[np.uint8]:
    """An opened picture as (size, size, 3) uint8 RGB, upright. Pillow's errors pass through."""
    orientation = _orientation(image)
    resized = to_rgb(image).resize((size, size), Image.Resampling.BILINEAR)
    return np.array(_upright(resized, orientation), dtype=np.uint8)


def decode_full(content: bytes) -> NDArray[np.uint8]:
    """Every pixel of an image file as (height, width, 3) uint8 RGB, upright. Pillow's errors pass through."""
    with Image.open(BytesIO(content)) as image:
        orientation = _orientation(image)
        return np.asarray(_upright(to_rgb(image), orientation), dtype=np.uint8)


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as RGB: transparency on white, 16-bit and floating grey scaled to 8 bits."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in {"I;16", "I;16L", "I;16B", "I;16N", "I", "F"}:
        return _deep_grey(image)
    if image.mode in {"RGBA", "LA", "La", "PA", "RGBa"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, clear).convert("RGB")
    return image.convert("RGB")


def describe_failure(error: BaseException) -> str:
    """Why an image could not be decoded, as one plain sentence without the file's name."""
    if isinstance(error, UnreadableImageError):
        return error.reason
    if isinstance(error, UnidentifiedImageError):
        return "It is not an image of a known format, or its beginning is damaged."
    known: tuple[tuple[type[BaseException], str], ...] = (
        (FileNotFoundError, "The file does not exist."),
        (PermissionError, "The file may not be opened (permissions)."),
        (IsADirectoryError, "It is a folder, not a file."),
        (Image.DecompressionBombError, "It claims more pixels than any lesion image has."),
        (MemoryError, "There is not enough memory for it."),
    )
    for kind, text in known:
        if isinstance(error, kind):
            return text
    message = str(error).strip().rstrip(".")
    if "truncated" in message.lower():
        return "The file is cut off before its end."
    return f"The file is damaged ({message or type(error).__name__})."


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except DECODE_ERRORS:
        # A damaged EXIF block says nothing about the pixels; the picture is used as it lies.
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    transpose = _TRANSPOSES.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def _deep_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float64)
    values = np.where(np.isfinite(values), values, 0.0)
    highest = float(values.max(initial=0.0))
    if image.mode == "F" and highest <= 1.0:
        values = values * 255
    elif image.mode.startswith("I;16") or highest > 255:
        values = values / 257 if highest <= 65535 else values / highest * 255
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8)).convert("RGB")
