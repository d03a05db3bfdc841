"""Damaged pictures of every format: each gives pixels, or one plain sentence why not; none crashes, hangs or floods."""

from __future__ import annotations

import random
import sys
import tempfile
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.decoding import DECODE_ERRORS, UnreadableImageError, decode_noted, decode_preview, describe_failure
from tests.core.data.dicom_files import write_dicom
from tests.torture.damage import mutated, within_bounds
from tests.torture.tally import Tally

_SIZE = 24
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP")
_SHARED = Path(__file__).parents[3] / "shared" / "data"
_SECONDS = 20.0


def cases(count: int, seed: int) -> Tally:
    """Damage `count` pictures, one after another in all formats, and have each looked at and decoded."""
    chance = random.Random(seed)
    lost = 0
    with tempfile.TemporaryDirectory() as folder, within_bounds() as bounds, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        whole = pictures(Path(folder))
        for number in range(count):
            name = list(whole)[number % len(whole)]
            content = mutated(whole[name], chance, list(whole.values()))
            with bounds.case(_SECONDS):
                wrong = verdict(Path(folder) / "case.jpg", content)
            wrong = wrong or bounds.wrong
            if wrong:
                lost += 1
                sys.stderr.write(f"picture {number} ({name}) of seed {seed}: {wrong}\n")
    return Tally("damaged pictures", count, count - lost, lost)


def verdict(path: Path, content: bytes) -> str:
    """What is wrong with how a file of this content is dealt with, or nothing."""
    path.write_bytes(content)
    try:
        pixels = decode_noted(path, _SIZE).pixels
        if pixels.shape != (_SIZE, _SIZE, 3) or pixels.dtype != np.uint8:
            return f"it became {pixels.dtype} of {pixels.shape}"
    except UnreadableImageError as error:
        if wrong := _not_plain(error.reason):
            return wrong
    try:
        decode_preview(content, quick=True)
    except DECODE_ERRORS as error:
        return _not_plain(describe_failure(error))
    return ""


def pictures(folder: Path) -> dict[str, bytes]:
    """Sound pictures by name: all formats and the rarer forms of them, and photographs where there are some."""
    found: dict[str, bytes] = {}
    photo = Image.fromarray(_photo())
    for kind in _FORMATS:
        found[kind] = _saved(photo, kind)
    found["progressive"] = _saved(photo, "JPEG", progressive=True)
    found["CMYK"] = _saved(photo.convert("CMYK"), "JPEG")
    exif = Image.Exif()
    exif[0x0112] = 6
    found["EXIF"] = _saved(photo, "JPEG", exif=exif)
    found["palette"] = _saved(photo.convert("P"), "PNG")
    found["alpha"] = _saved(photo.convert("RGBA"), "PNG")
    found["16 bits"] = _saved(Image.fromarray(_photo()[..., 0].astype(np.uint16) * 257), "PNG")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "jpeg"):
        found[compression] = _saved(photo, "TIFF", compression=compression)
    more = [Image.fromarray(_photo(seed)) for seed in (1, 2)]
    for kind in ("GIF", "WEBP", "PNG"):
        found[f"animated {kind}"] = _saved(photo, kind, save_all=True, append_images=more)
    found["DICOM"] = write_dicom(folder / "colour.dcm", _photo()).read_bytes()
    grey = _photo()[..., 0].astype(np.uint16) * 16
    window = write_dicom(folder / "grey.dcm", grey, "MONOCHROME2", WindowCenter=900, WindowWidth=400)
    found["grey DICOM"] = window.read_bytes()
    for path in sorted(_SHARED.rglob("*.jpg"))[:4]:
        found[path.name] = path.read_bytes()
    return found


def _photo(seed: int = 0) -> NDArray[np.uint8]:
    down, right = np.mgrid[0:45, 0:60]
    plain = np.stack([right * 4, down * 5, (right + down) * 2], 2)
    return np.clip(plain + np.random.default_rng(seed).normal(0, 6, plain.shape), 0, 255).astype(np.uint8)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    content = BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def _not_plain(reason: str) -> str:
    plain = reason.endswith(".") and not any(sign in reason for sign in ("Errno", "Traceback", "Error:", "0x", "\n"))
    return "" if plain else f"it is not explained: {reason!r}"
