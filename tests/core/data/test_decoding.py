from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.data.decoding import UnreadableImageError, decode_full, decode_image, describe_failure, resize_image


def _scene(width: int, height: int) -> Image.Image:
    """A smooth picture with edges, different in every corner."""
    noise = np.random.default_rng(3).integers(0, 256, (9, 12, 3), np.uint8)
    image = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
    return image.filter(ImageFilter.GaussianBlur(1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = _scene(90, 60)
    # The pixels as a camera in this orientation stores them: the inverse of what a viewer must do.
    stored = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "x.png", exif=exif)
    assert np.array_equal(decode_full((tmp_path / "x.png").read_bytes()), np.asarray(upright))
    expected = np.asarray(upright.resize((32, 32), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(decode_image(tmp_path / "x.png", 32).astype(int) - expected).max() <= 1


def test_every_mode_becomes_rgb(tmp_path: Path) -> None:
    grey = Image.new("L", (20, 10), 128)
    images = {
        "rgb.png": Image.new("RGB", (20, 10), (128, 128, 128)),
        "grey.png": grey,
        "palette.png": grey.convert("RGB").quantize(4),
        "cmyk.jpg": Image.new("CMYK", (20, 10), (127, 127, 127, 0)),
        "alpha.png": Image.new("RGBA", (20, 10), (128, 128, 128, 255)),
        "grey-alpha.png": Image.new("LA", (20, 10), (128, 255)),
        "deep.png": Image.fromarray(np.full((10, 20), 128 * 257, np.uint16)),
        "deep.tif": Image.fromarray(np.full((10, 20), 128 * 257, np.int32)),
        "float.tif": Image.fromarray(np.full((10, 20), 128 / 255, np.float32)),
    }
    for name, image in images.items():
        image.save(tmp_path / name)
        pixels = decode_image(tmp_path / name, 32)
        assert pixels.shape == (32, 32, 3)
        assert pixels.dtype == np.uint8
        assert np.abs(pixels.astype(int) - 128).max() <= 2, name
    assert decode_image(_saved(tmp_path / "one.png", Image.new("1", (20, 10), 1)), 32).min() == 255


def _saved(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (20, 10), (10, 200, 30, 0))
    assert decode_image(_saved(tmp_path / "clear.png", clear), 32).min() == 255
    indexed = Image.new("P", (20, 10), 1)
    indexed.putpalette([9, 9, 9, 50, 60, 70])
    indexed.save(tmp_path / "indexed.png", transparency=1)
    assert decode_image(tmp_path / "indexed.png", 32).min() == 255


@pytest.mark.parametrize("side", [300, 640, 1024, 2000])
def test_quick_jpeg_decoding_stays_close_to_the_full_one(tmp_path: Path, side: int) -> None:
    path = tmp_path / "large.jpg"
    _scene(side, side * 3 // 4).save(path, quality=90)
    with Image.open(path) as image:
        full = resize_image(image, 128).astype(int)
    difference = np.abs(decode_image(path, 128).astype(int) - full)
    assert difference.mean() < 1.0
    assert difference.max() <= 12


def test_resizing_squashes_and_does_not_alias(tmp_path: Path) -> None:
    stripes = np.zeros((64, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    pixels = decode_image(_saved(tmp_path / "stripes.png", Image.fromarray(stripes)), 64)
    assert np.abs(pixels[:, 2:-2].astype(int) - 127).max() <= 2


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[: len(content) // 2], "cut off"),
        (lambda content: b"", "not an image"),
        (lambda content: b"<html>404</html>", "not an image"),
        (lambda content: b"\xff\xd8\xff" + bytes(500), "image"),
    ],
)
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_unreadable_files_say_why(tmp_path: Path, damage: object, reason: str, suffix: str) -> None:
    assert callable(damage)
    path = tmp_path / f"läsion.{suffix}"
    _scene(200, 150).save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UnreadableImageError) as caught:
        decode_image(path, 64)
    assert reason in caught.value.reason
    assert path.name in caught.value.summary
    assert describe_failure(caught.value) == caught.value.reason


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match="does not exist"):
        decode_image(tmp_path / "none.jpg", 64)
    with pytest.raises(UnreadableImageError, match="folder"):
        decode_image(tmp_path, 64)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_lose_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    _scene(60, 60).save(path, exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00")
    assert decode_image(path, 32).shape == (32, 32, 3)
