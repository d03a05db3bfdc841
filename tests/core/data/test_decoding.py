from __future__ import annotations

import base64
import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.data.decoding import (
    UnreadableImageError,
    decode_full,
    decode_image,
    decode_noted,
    decode_picture,
    describe_failure,
    resize_image,
)

# 64 x 48 pixels: red, green / blue, yellow.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAALMAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRt"
    "AAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5j"
    "bHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBp"
    "eGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAALttZGF0AAAArygBrwngIzUt/+tf//jc8h41mR07u/Uo/3S27xWn"
    "/3xG19+jvTf+wo71v7/bR5qoEkan/8ELL2wgWNBP80ECbH2vRDYQO9DIn9g8wEkiIrZCYOlPoyg7miwBrbwQVQ9XbxcS0GUBREd7"
    "S4G5ggL/2cdqgMXPl69C+qXtPDgf8KB4pbZfFCLpVJsP0EYlErUHbrZyWSCbTv/yctSO+RYqRp5vzVIyu4Fp1ByuyeqCgMg="
)


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


def _rms(path: Path, size: int) -> float:
    """How far the quick decode is from the full one with a resize, in grey levels."""
    with Image.open(path) as image:
        full = resize_image(image, size).astype(float)
    return float(np.sqrt(np.mean((decode_image(path, size) - full) ** 2)))


@pytest.mark.parametrize(("width", "height"), [(1024, 1024), (1022, 903), (3001, 2003)])
def test_reduced_photographs_are_within_two_grey_levels(tmp_path: Path, width: int, height: int) -> None:
    rng = np.random.default_rng(0)
    skin = np.asarray(_scene(width, height)).astype(float) + rng.normal(0, 8, (height, width, 1))
    skin[:: height // 9, :] *= 0.4  # hairs
    skin[:, :: width // 7] *= 0.4
    path = _saved(tmp_path / "photo.jpg", Image.fromarray(skin.clip(0, 255).astype(np.uint8)))
    assert 0 < _rms(path, 224) < 2


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_sharp_photographs_are_within_two_grey_levels(name: str) -> None:
    package = importlib.util.find_spec("sklearn")  # importing it takes seconds
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "datasets" / "images" / name
    for size in (64, 80, 100):  # 640 x 427: no reduction divides both sides
        assert 0 < _rms(path, size) < 2, size


def test_real_images_are_within_two_grey_levels(shared: Path) -> None:
    paths = sorted((shared / "data" / "isic2019-mini" / "ISIC_2019_Training_Input").glob("*.jpg"))[:40]
    assert all(_rms(path, 40) < 2 for path in paths)


def test_resizing_squashes_and_does_not_alias(tmp_path: Path) -> None:
    stripes = np.zeros((64, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    pixels = decode_image(_saved(tmp_path / "stripes.png", Image.fromarray(stripes)), 64)
    assert np.abs(pixels[:, 2:-2].astype(int) - 127).max() <= 2


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[: len(content) // 2], "cut off"),
        (lambda content: b"", "empty"),
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


def test_the_first_of_several_pages_and_it_says_so(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (20, 10), (200, 0, 0)), Image.new("RGB", (20, 10), (0, 200, 0))
    first.save(tmp_path / "pages.tif", save_all=True, append_images=[second, second])
    first.save(tmp_path / "moving.gif", save_all=True, append_images=[second])
    first.save(tmp_path / "moving.webp", save_all=True, append_images=[second], lossless=True)
    first.save(tmp_path / "single.tif")
    for name, note in (
        ("pages.tif", "Only the first of its 3 pages was used."),
        ("moving.gif", "It is an animation; only its first picture was used."),
        ("moving.webp", "It is an animation; only its first picture was used."),
        ("single.tif", ""),
    ):
        decoded = decode_noted(tmp_path / name, 16)
        assert decoded.note == note, name
        assert np.array_equal(decoded.pixels, decode_image(tmp_path / name, 16))
        assert np.abs(decoded.pixels.astype(int) - (200, 0, 0)).max() <= 2, name


def test_a_damaged_second_page_does_not_lose_the_first(tmp_path: Path) -> None:
    page = _scene(40, 30)
    page.save(tmp_path / "pages.tif", save_all=True, append_images=[page])
    content = (tmp_path / "pages.tif").read_bytes()
    (tmp_path / "pages.tif").write_bytes(content[: len(content) * 3 // 4])
    assert decode_noted(tmp_path / "pages.tif", 16).pixels.shape == (16, 16, 3)


def test_pictures_for_the_eye_keep_their_proportions(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    _scene(300, 200).save(tmp_path / "turned.jpg", exif=exif)
    shown = decode_picture(tmp_path / "turned.jpg", 100, 100)
    assert (shown.mode, shown.size) == ("RGB", (67, 100))
    small = decode_picture(_saved(tmp_path / "small.png", _scene(30, 20)), 100, 100)
    assert small.size == (30, 20)
    assert len(small.tobytes()) == 30 * 20 * 3  # read while the file was open
    with pytest.raises(UnreadableImageError, match="does not exist"):
        decode_picture(tmp_path / "none.png", 100, 100)


def test_pixel_floods_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _saved(tmp_path / "flood.png", Image.new("L", (300, 300)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    with pytest.raises(UnreadableImageError, match="more pixels than any lesion image"):
        decode_image(path, 16)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadableImageError, match="device or a pipe"):
        decode_image(tmp_path / "pipe.jpg", 16)


def test_heic_without_a_reader_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    Image.init()
    monkeypatch.setattr(Image, "ID", [kind for kind in Image.ID if kind != "HEIF"])
    (tmp_path / "phone.heic").write_bytes(HEIC)
    with pytest.raises(UnreadableImageError, match="Save it as JPEG"):
        decode_image(tmp_path / "phone.heic", 16)
    with pytest.raises(ValueError, match="Save it as JPEG") as caught:
        decode_full(HEIC)
    assert "Save it as JPEG" in describe_failure(caught.value)


@pytest.mark.extra
def test_heic_with_a_reader(tmp_path: Path) -> None:
    if importlib.util.find_spec("pillow_heif") is None:
        pytest.skip("pillow-heif is not installed")
    (tmp_path / "phone.jpg").write_bytes(HEIC)  # the content decides
    pixels = decode_image(tmp_path / "phone.jpg", 64).astype(int)
    assert np.abs(pixels[8, 8] - (200, 40, 40)).max() <= 8
    assert np.abs(pixels[56, 56] - (230, 220, 90)).max() <= 8
