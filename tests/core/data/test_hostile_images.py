"""Pictures as enemies and accidents make them: used right, or named with a reason in plain words."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.classes import CLASS_SETS
from core.data.checking import check_images
from core.data.decoding import UnreadableImageError, decode_content, decode_image, decode_noted, read_image, to_rgb
from core.data.pixel_budget import MOST_PIXELS, PixelBudget
from core.data.store import open_store
from core.data.types import DataSet, ImageRecord
from core.inference.collect import expand_paths
from tests.core.data.dicom_files import write_dicom
from tests.torture import fuzz_images

ISIC2019 = CLASS_SETS["isic2019"]

SIZE = 16
ORIENTED = {1: "ABCD", 2: "BADC", 3: "DCBA", 4: "CDAB", 5: "ACBD", 6: "CADB", 7: "DBCA", 8: "BDAC"}
COLOURS = {"A": (200, 30, 30), "B": (30, 200, 30), "C": (30, 30, 200), "D": (200, 200, 30)}

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")  # Pillow's, of damaged EXIF and TIFF


def _set_of(paths: list[Path]) -> DataSet:
    records = tuple(ImageRecord(f"{number}", path, number % 8) for number, path in enumerate(paths))
    return DataSet(paths[0].parent, "folders", records, classes=ISIC2019)


def _photo(side: int = 64) -> Image.Image:
    down, right = np.mgrid[0:side, 0:side] * 255 // side
    return Image.fromarray(np.stack([right, down, (right + down) // 2], 2).astype(np.uint8))


def _png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9999)))


def test_every_cut_is_noticed_alike_by_check_store_and_classify(tmp_path: Path) -> None:
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    paths = []
    for suffix in ("jpg", "png", "tif", "webp", "bmp", "gif", "dcm"):
        whole = tmp_path / f"whole.{suffix}"
        if suffix == "dcm":
            write_dicom(whole, np.asarray(photo))
        else:
            photo.save(whole)
        content = whole.read_bytes()
        for share in (0.0, 0.001, 0.01, 0.05, 0.2, 0.5, 0.9):
            cut = tmp_path / f"{share}.{suffix}"
            cut.write_bytes(content[: int(len(content) * share)])
            paths.append(cut)
    dataset = _set_of(paths)
    checked = {name: problem.reason for problem in check_images(dataset).problems for name in problem.names}
    failed = open_store(dataset, SIZE, cache=tmp_path / "unchecked").failed
    assert {number for number in range(len(paths)) if f"{number}" not in checked} == set()
    assert len(failed) == len(paths)
    for number, path in enumerate(paths):
        with pytest.raises(UnreadableImageError) as caught:
            decode_noted(path, SIZE)
        assert caught.value.reason.endswith(".")
        assert failed[number].endswith(".")
        if path.stat().st_size:
            assert checked[f"{number}"] == failed[number] == caught.value.reason


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("side", [16, 200])
def test_exif_orientation_in_every_format_and_at_reduced_size(tmp_path: Path, suffix: str, side: int) -> None:
    for orientation, corners in ORIENTED.items():
        image = Image.new("RGB", (side, side))
        for corner, place in zip("ABCD", [(0, 0), (side // 2, 0), (0, side // 2), (side // 2, side // 2)], strict=True):
            image.paste(COLOURS[corner], (*place, place[0] + side // 2, place[1] + side // 2))
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.{suffix}"
        image.save(path, exif=exif, quality=95)
        pixels = decode_image(path, SIZE)
        seen = [pixels[row, column] for row in (3, 12) for column in (3, 12)]
        for corner, colour in zip(corners, seen, strict=True):
            assert np.abs(colour.astype(int) - COLOURS[corner]).max() < 25, (orientation, corner)


def test_cmyk_of_both_signs_and_broken_profiles_show_the_same_colours(tmp_path: Path) -> None:
    photo = _photo()
    photo.convert("CMYK").save(tmp_path / "adobe.jpg", quality=95)  # Pillow writes it inverted, with Adobe's marker
    photo.convert("CMYK").save(tmp_path / "plain.tif")
    for name in ("icc.jpg", "icc.png", "icc.tif", "icc.webp"):
        photo.save(tmp_path / name, icc_profile=b"no profile at all" * 9, quality=95)
    expected = decode_content((photo.save(tmp_path / "p.png"), (tmp_path / "p.png").read_bytes())[1], SIZE)
    for path in tmp_path.iterdir():
        assert np.abs(decode_image(path, SIZE).astype(int) - expected).max() < 12, path.name


def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    (tmp_path / "dangling.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as plug:
        where = Path.cwd()
        os.chdir(tmp_path)  # names of sockets are short
        plug.bind("plug.jpg")
        os.chdir(where)
    with (tmp_path / "hollow.jpg").open("wb") as file:
        file.truncate(5 << 30)
    (tmp_path / "folder.jpg").mkdir()
    _photo().save(tmp_path / "folder.jpg" / "inside.jpg")
    found = expand_paths([tmp_path])
    assert len(found) == 7
    words = {"circle": "leads back", "dangling": "not exist", "endless": "device", "pipe": "pipe", "plug": "device"}
    words |= {"hollow": "more than 1 GB"}
    reasons = {p.names[0]: p.reason for p in check_images(_set_of(found)).problems}
    failed = open_store(_set_of(found), SIZE).failed
    for number, path in enumerate(found):
        if path.stem == "inside":
            assert number not in failed
            continue
        assert words[path.stem] in reasons[f"{number}"]
        assert words[path.stem] in failed[number]
        with pytest.raises(UnreadableImageError, match=words[path.stem]):
            decode_noted(path, SIZE)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="this system has no such permissions")
def test_a_file_that_may_not_be_opened_says_so(tmp_path: Path) -> None:
    _photo().save(tmp_path / "closed.png")
    (tmp_path / "closed.png").chmod(0)
    root = os.geteuid() == 0
    if root:
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        os.seteuid(65534)
    try:
        with pytest.raises(UnreadableImageError, match="may not be opened"):
            decode_image(tmp_path / "closed.png", SIZE)
    finally:
        if root:
            os.seteuid(0)


def test_odd_names_are_names(tmp_path: Path) -> None:
    names = [b"with space.jpg", b"quote'\".jpg", b"new\nline.jpg", "k\u00e4se.jpg".encode(), "ka\u0308se.jpg".encode()]
    names += [b"-rf.jpg", b"--help.jpg", b"..dots.jpg", b"a" * 246 + b".jpg", b"not\xff\xfetext.jpg", b"$(x).jpg"]
    for number, name in enumerate(names):
        Image.new("RGB", (8, 8), (20 * number, 0, 0)).save(tmp_path / "x.png")
        (tmp_path / "x.png").rename(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    found = expand_paths([tmp_path])
    assert {os.fsencode(path.name) for path in found} == set(names)
    store = open_store(_set_of(found), SIZE)
    assert store.failed == {}
    for row, path in enumerate(found):
        assert store.images[row, 0, 0, 0] == 20 * names.index(os.fsencode(path.name))


def test_programs_are_not_started_by_pictures(tmp_path: Path) -> None:
    _photo().convert("L").save(tmp_path / "script.eps")
    (tmp_path / "script.eps").rename(tmp_path / "script.jpg")
    with pytest.raises(UnreadableImageError, match="known format"):
        decode_image(tmp_path / "script.jpg", SIZE)


def test_pictures_larger_than_any_camera_makes_are_refused_and_memory_stays_small(tmp_path: Path) -> None:
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    (tmp_path / "a.png").write_bytes(_png_that_claims(30_000, 30_000))
    (tmp_path / "b.png").write_bytes(_png_that_claims(2**31 - 1, 2**31 - 1))
    (tmp_path / "c.png").write_bytes(_png_that_claims(MOST_PIXELS // 10_000 + 1, 10_000))
    write_dicom(tmp_path / "d.dcm", np.asarray(_photo()))
    content = (tmp_path / "d.dcm").read_bytes()
    deflated = DeflatedExplicitVRLittleEndian.encode()
    cut = content.index(b"1.2.840.10008.1.2.1\0")
    meta = content[:cut] + deflated + b"\0" * (len(deflated) % 2)
    meta = meta[: cut - 2] + struct.pack("<H", len(meta) - cut) + meta[cut:]
    (tmp_path / "d.dcm").write_bytes(meta + zlib.compress(bytes(3 << 30 >> 4))[2:-4])
    # 700 MB of addresses are the libraries' own; none of the pictures adds to that. The system's ru_maxrss would
    # begin with the size of the process that starts this one.
    program = (
        "import re, resource, sys; from pathlib import Path\n"
        "from core.data.decoding import UnreadableImageError, decode_image\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "for path in sorted(Path(sys.argv[1]).iterdir()):\n"
        "    try: decode_image(path, 16); print('decoded')\n"
        "    except UnreadableImageError as error: print(error.reason)\n"
        "print(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1])\n"
    )
    answer = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    *reasons, peak = answer.stdout.splitlines()
    assert ["more pixels" in reason for reason in reasons[:3]] == [True] * 3
    assert "can not unpack" in reasons[3]
    assert int(peak) < 400_000


def test_large_pictures_wait_for_one_another() -> None:
    room, inside, most = PixelBudget(100), [0], [0]

    def work(pixels: int) -> None:
        with room.taken(pixels):
            inside[0] += pixels
            most[0] = max(most[0], inside[0])
            time.sleep(0.005)
            inside[0] -= pixels

    threads = [threading.Thread(target=work, args=(pixels,)) for pixels in (60, 30, 60, 100, 10, 90)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert 60 <= most[0] <= 100
    with room.taken(10_000):  # more than there is: alone
        pass


@pytest.mark.parametrize("mode", ["RGBA", "I;16", "F"])
def test_strips_show_what_the_whole_picture_shows(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).integers(0, 60_000, (50, 41), np.uint16)
    image = _photo(50).convert("RGBA") if mode == "RGBA" else Image.fromarray(values)
    if mode == "RGBA":
        image.putalpha(_photo(50).convert("L"))
    if mode == "F":
        image = Image.fromarray(values.astype(np.float32))
    whole = np.asarray(to_rgb(image))
    monkeypatch.setattr("core.data.decoding._STRIP_PIXELS", 300)
    assert np.array_equal(np.asarray(to_rgb(image)), whole)


def test_a_file_is_read_only_up_to_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _photo().save(tmp_path / "x.png")
    monkeypatch.setattr("core.data.decoding.MOST_BYTES", 100)
    with pytest.raises(OSError, match="too large"):
        read_image(tmp_path / "x.png")


def test_damaged_pictures_give_pixels_or_a_reason() -> None:
    tally = fuzz_images.cases(150, 7)
    assert (tally.survived, tally.lost) == (150, 0)
