"""The one way from an image file to pixels: for training, evaluation, the window and the command line.

EXIF orientation applied, RGB, squashed to a square (as the paper does) with an anti-aliased bilinear filter. Of a file
with several pictures (pages, frames, an animation) the first counts. What a file is decides, not what it is called.
"""

from __future__ import annotations

import errno
import importlib
import logging
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from core.data.dicom import DICOM_SUFFIXES, HEAD_BYTES, DicomError, is_dicom, may_be_bare_dicom, read_dicom
from core.data.pixel_budget import MOST_PIXELS, PIXEL_BUDGET
from core.documents import read_at_most
from core.errors import SkinKDError

DECODER_VERSION = 4
"""Part of every store's key: raise it whenever the same file would decode to other pixels."""

IMAGE_SUFFIXES = DICOM_SUFFIXES | {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"),
    *(".heic", ".heif", ".avif", ".jp2", ".j2k", ".jpx"),
}
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
    Image.DecompressionBombWarning,
)
"""What Pillow is known to raise on damaged files."""

LOOK_SIDE = 48
"""Pixels that a quick look at a picture keeps in either direction."""

MOST_BYTES = 1 << 30
"""What an image file may have; it is read into memory as a whole, in every thread."""

_BEGINNINGS = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"),
    *(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
)
"""JPEG, PNG, GIF, TIFF and both kinds of JPEG 2000."""

Box = tuple[float, float, float, float]

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)

_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF", "PPM", "AVIF", "JPEG2000")
"""All that Pillow may take a file for: among its others are such that start programs (EPS) or read other files."""

_STRIP_PIXELS = 1 << 22

# At the lowest levels Pillow logs what EXIF says of people and places.
logging.getLogger("PIL").setLevel(logging.WARNING)

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_HEIC_REASON = (
    "It is a HEIC picture, which SkinKD reads only with the Python package pillow-heif beside it. Save it as JPEG (on "
    "an iPhone: Settings, Camera, Formats, Most Compatible)."
)

_SYSTEM_REASONS = {
    errno.ELOOP: "It is a link that leads back to itself.",
    errno.ENAMETOOLONG: "Its name is too long for this system.",
    errno.ENOTDIR: "The file does not exist.",
    errno.EFBIG: f"It has more than {MOST_BYTES >> 30} GB, which no lesion image has.",
}

_TOO_MANY_PIXELS = f"It claims more pixels than any lesion image has (more than {MOST_PIXELS // 10**6} million)."

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


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture of one size, uint8 RGB (size, size, 3); `note` is what the reader of a result must know of its file."""

    pixels: NDArray[np.uint8]
    note: str


@dataclass(frozen=True, eq=False)
class Preview:
    """A picture upright, uint8 RGB (height, width, 3); `size` is (width, height) in full, `reduced` if it has less."""

    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    reduced: bool


class HeicError(ValueError):
    """A HEIC picture without a reader for it; the message is a whole sentence for the user."""


def begins_as_picture(head: bytes) -> bool:
    """Whether a file that begins with `head` (`HEAD_BYTES` or more, where it has them) is a picture, whatever its name
    is."""
    boxed = head[4:8] == b"ftyp" and (head[8:12] in _HEIC_BRANDS or head[8:12] in (b"avif", b"avis"))
    riff = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    bitmap = head[:2] == b"BM" and head[6:10] == b"\0\0\0\0"
    return head.startswith(_BEGINNINGS) or boxed or riff or bitmap or is_dicom(head) or may_be_bare_dicom(head)


def decode_image(path: Path, size: int) -> NDArray[np.uint8]:
    """The picture in a file as (size, size, 3) uint8 RGB. Raises `UnreadableImageError`, also for cut-off files."""
    return _decoded(path, size, noted=False).pixels


def decode_noted(path: Path, size: int) -> Decoded:
    """As `decode_image`, with what must be said of the file (that it holds more than one picture, for instance)."""
    return _decoded(path, size, noted=True)


def decode_picture(path: Path, width: int, height: int) -> Image.Image:
    """The picture in a file for the eye: upright RGB, its proportions kept, at most `width` x `height`.

    Raises `UnreadableImageError`.
    """
    with _reasons(path), _opened(path) as image:
        # Only JPEG is affected; twice the wanted size leaves the filter below enough to work with.
        image.draft("RGB", (2 * max(width, height), 2 * max(width, height)))
        orientation = _orientation(image)
        shown = _upright(to_rgb(image), orientation)
        shown.load()  # a picture that is small enough already would be read only after the file was closed
        shown.thumbnail((width, height))
        return shown


def resize_image(image: Image.Image, size: int, box: Box | None = None) -> NDArray[np.uint8]:
    """An opened picture as (size, size, 3) uint8 RGB, upright. Pillow's errors pass through.

    `box` (left, top, right, bottom) is the part of it to take, before it is turned; None takes all.
    """
    orientation = _orientation(image)
    resized = to_rgb(image).resize((size, size), Image.Resampling.BILINEAR, box)
    return np.array(_upright(resized, orientation), dtype=np.uint8)


def read_image(path: Path) -> bytes:
    """All bytes of an image file. Raises `OSError`, also for what is no file or has more than `MOST_BYTES`."""
    _check_file(path.stat())
    with path.open("rb") as file:
        return read_at_most(file, MOST_BYTES)


def decode_content(content: bytes, size: int) -> NDArray[np.uint8]:
    """As `decode_image`, of a file's bytes. `DECODE_ERRORS` pass through."""
    with _opened(BytesIO(content)) as image:
        return _drafted(image, size)


def decode_full(content: bytes) -> NDArray[np.uint8]:
    """Every pixel of an image file as (height, width, 3) uint8 RGB, upright. `DECODE_ERRORS` pass through."""
    return decode_preview(content, quick=False).pixels


def decode_preview(content: bytes, *, quick: bool) -> Preview:
    """A picture to tell it from others by; `quick` reads a JPEG at down to an eighth, several times as fast as in full,
    but with `LOOK_SIDE` pixels in each direction where it has them.

    Damage shows in either: all of the file is read. `DECODE_ERRORS` pass through.
    """
    with _opened(BytesIO(content)) as image:
        orientation = _orientation(image)
        width, height = image.size
        reduced = quick and image.draft(None, (LOOK_SIDE, LOOK_SIDE)) is not None and image.size != (width, height)
        pixels = np.asarray(_upright(to_rgb(image), orientation), dtype=np.uint8)
        return Preview(pixels, (width, height) if orientation < 5 else (height, width), reduced)


def _decoded(path: Path, size: int, *, noted: bool) -> Decoded:
    with _reasons(path), _opened(path) as image:
        note = _note(image) if noted else ""
        return Decoded(_drafted(image, size), note)


def _drafted(image: Image.Image, size: int) -> NDArray[np.uint8]:
    # At least twice the wanted size is kept, so the filter still decides every pixel.
    drafted = image.draft(None, (2 * size, 2 * size))
    # Sides that the reduction does not divide end within the last pixel; the box says where.
    return resize_image(image, size, drafted[1] if drafted else None)


@contextmanager
def _reasons(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file makes a decoder raise into an `UnreadableImageError`."""
    try:
        yield
    except DicomError as error:
        raise UnreadableImageError(path, str(error)) from None
    except DECODE_ERRORS as error:
        raise UnreadableImageError(path, describe_failure(error), f"{path}\n{type(error).__name__}: {error}") from error


@contextmanager
def _opened(source: Path | BytesIO) -> Iterator[Image.Image]:
    """The picture in a file of any known kind, not yet decoded where that can wait."""
    if isinstance(source, BytesIO):
        with _picture(source) as image, PIXEL_BUDGET.taken(image.width * image.height):
            yield image
        return
    _check_file(source.stat())
    with source.open("rb") as file, _picture(file) as image, PIXEL_BUDGET.taken(image.width * image.height):
        yield image


def _check_file(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is a device or a pipe")  # opening it could wait for ever
    if status.st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, "it is too large")


def _picture(file: BinaryIO) -> Image.Image:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head:
        raise EOFError("the file is empty")
    if is_dicom(head):
        return _dicom_picture(file)
    try:
        return Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        if _is_heic(head) and _can_read_heic():
            file.seek(0)
            return Image.open(file, formats=("HEIF",))
        if _is_heic(head):
            raise HeicError(_HEIC_REASON) from None
        if may_be_bare_dicom(head):
            return _dicom_picture(file)
        raise


def _dicom_picture(file: BinaryIO) -> Image.Image:
    picture = read_dicom(file)
    picture.image.info["note"] = picture.note
    return picture.image


def _is_heic(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS


def _can_read_heic() -> bool:
    """Teach Pillow HEIC when the user has installed a reader.

    None comes with SkinKD: the wheels of the one that is maintained carry an encoder under the GPL.
    """
    try:
        importlib.import_module("pillow_heif").register_heif_opener(thumbnails=False)
    except ImportError:
        return False
    return True


def _note(image: Image.Image) -> str:
    """What else a file holds that is not used."""
    if "note" in image.info and image.format is None:
        return str(image.info["note"])
    try:
        if image.format == "TIFF" and (pages := int(getattr(image, "n_frames", 1))) > 1:
            return f"Only the first of its {pages:,} pages was used."
        if image.format in ("GIF", "WEBP", "PNG", "AVIF") and getattr(image, "is_animated", False):
            return "It is an animation; only its first picture was used."
        image.seek(0)
    except DECODE_ERRORS:
        return ""  # damage beyond the first picture
    return ""


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as RGB: transparency on white, 16-bit and floating grey scaled to 8 bits."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in {"I;16", "I;16L", "I;16B", "I;16N", "I", "F"}:
        return _deep_grey(image)
    if image.mode in {"RGBA", "LA", "La", "PA", "RGBa"} or "transparency" in image.info:
        return _in_strips(image, _on_white)
    return image.convert("RGB")


def describe_failure(error: BaseException) -> str:
    """Why an image could not be decoded, as one plain sentence without the file's name."""
    if isinstance(error, UnreadableImageError):
        return error.reason
    if isinstance(error, DicomError | HeicError):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return "It is not an image of a known format, or its beginning is damaged."
    known: tuple[tuple[type[BaseException], str], ...] = (
        (FileNotFoundError, "The file does not exist."),
        (PermissionError, "The file may not be opened (permissions)."),
        (IsADirectoryError, "It is a folder, not a file."),
        (EOFError, "The file is empty, or cut off before its end."),
        (Image.DecompressionBombError, _TOO_MANY_PIXELS),
        (Image.DecompressionBombWarning, _TOO_MANY_PIXELS),
        (MemoryError, "There is not enough memory for it."),
    )
    for kind, text in known:
        if isinstance(error, kind):
            return text
    if isinstance(error, OSError) and error.errno is not None:
        return _SYSTEM_REASONS.get(error.errno) or f"The system can not read it ({error.strerror})."
    message = str(error).strip().rstrip(".")
    if "decoder" in message:
        return "The file is damaged, or cut off before its end."
    if "truncated" in message.lower():
        return "The file is cut off before its end."
    if "device or a pipe" in message:
        return "It is not a file but a device or a pipe."
    return f"The file is damaged ({message or type(error).__name__})."


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF":
        image.load()  # turns it, and takes the mark away
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except DECODE_ERRORS:
        # A damaged EXIF block says nothing about the pixels; the picture is used as it lies.
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    transpose = _TRANSPOSES.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def _in_strips(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """A picture as RGB by a conversion that needs several times its memory, and therefore takes a strip at a time."""
    image.load()
    rows = _strip_rows(image)
    if rows >= image.height:
        return convert(image)
    result = Image.new("RGB", image.size)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        result.paste(convert(strip), (0, top))
    return result


def _strip_rows(image: Image.Image) -> int:
    return max(1, _STRIP_PIXELS // image.width)


def _on_white(image: Image.Image) -> Image.Image:
    clear = image.convert("RGBA")
    white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, clear).convert("RGB")


def _deep_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    highest = float(values.max(initial=0, where=np.isfinite(values)))
    grey = np.empty(values.shape, np.uint8)
    rows = _strip_rows(image)
    for top in range(0, len(values), rows):
        strip = values[top : top + rows].astype(np.float64)
        strip = np.where(np.isfinite(strip), strip, 0.0)
        if image.mode == "F" and highest <= 1.0:
            strip = strip * 255
        elif image.mode.startswith("I;16") or highest > 255:
            strip = strip / 257 if highest <= 65535 else strip / highest * 255
        grey[top : top + rows] = np.clip(np.rint(strip), 0, 255)
    return Image.fromarray(grey).convert("RGB")
