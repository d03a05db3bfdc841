from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.classes import CLASS_SETS
from core.data import file_checks
from core.data.checking import check_images, excluded_names
from core.data.decoding import decode_preview
from core.data.types import DataSet, ImageRecord, ProblemKind
from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, Event, Phase, Progress

from .conftest import MakeImage, MakeSet

ISIC2019 = CLASS_SETS["isic2019"]


@pytest.fixture
def make_set(tmp_path: Path, make_image: MakeImage) -> MakeSet:
    """A data set of seeded noise: a picture of one colour is none of skin."""

    def make(count: int, labels: Sequence[int] | None = None) -> DataSet:
        paths = [make_image(tmp_path / "images" / f"image{number:03d}.png", seed=number) for number in range(count)]
        of = labels or [number % 8 for number in range(count)]
        records = tuple(ImageRecord(path.stem, path, label) for path, label in zip(paths, of, strict=True))
        return DataSet(tmp_path / "images", "folders", records, classes=ISIC2019)

    return make


def _drawn(path: Path, kind: str) -> Path:
    pixels = np.zeros((64, 64, 3), np.uint8)
    if kind == "mask":
        pixels[20:50, 15:45] = 255
    elif kind == "one colour":
        pixels[:] = (120, 80, 60)
    elif kind == "text":
        pixels[:] = 245
        pixels[8:56:6, 5:50:2] = 20
    elif kind == "grey photograph":
        pixels[:] = np.linspace(90, 200, 64, dtype=np.uint8)[:, None, None]
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize(
    ("kind", "word"), [("black", "all black"), ("mask", "(a mask)"), ("one colour", "one colour"), ("text", "text")]
)
def test_what_is_no_picture_of_skin_is_named(make_set: MakeSet, tmp_path: Path, kind: str, word: str) -> None:
    paths = [_drawn(tmp_path / f"{number}.png", kind) for number in range(2)]
    paths += [_drawn(tmp_path / "grey.png", "grey photograph")]
    found = [item for item in check_images(_set_of(make_set, paths)).problems if item.kind is ProblemKind.NOT_SKIN]
    assert [item.names for item in found] == [("0.png", "1.png")]
    assert word in found[0].reason
    assert found[0].excludes


def test_sound_images_have_no_problems_and_progress_is_reported(make_set: MakeSet) -> None:
    events: list[Event] = []
    dataset = make_set(30)
    assert check_images(dataset, emit=events.append) == dataset
    every = [event for event in events if isinstance(event, Progress)]
    assert {event.phase for event in every} == {Phase.CHECKING, Phase.NEAR_COPIES}
    progress = [event for event in every if event.phase is Phase.CHECKING]
    assert [progress[0].done, progress[-1].done, progress[-1].total] == [0, 30, 30]


def test_unreadable_files_are_named_with_the_reason(make_set: MakeSet) -> None:
    dataset = make_set(6)
    paths = [record.path for record in dataset.records if record.path]
    content = paths[1].read_bytes()
    paths[1].write_bytes(content[: len(content) - 30])
    paths[2].write_bytes(b"")
    paths[3].write_bytes(b"no image")
    paths[4].unlink()
    checked = check_images(dataset)
    assert checked.records == dataset.records
    assert {problem.kind for problem in checked.problems} == {ProblemKind.UNREADABLE}
    reasons = {problem.subject: problem.reason for problem in checked.problems}
    assert list(reasons) == ["image001", "image002", "image003", "image004"]
    assert "cut off" in reasons["image001"]
    assert "empty" in reasons["image002"]
    assert "not an image" in reasons["image003"]
    assert "does not exist" in reasons["image004"]
    assert excluded_names(checked.problems) == {"image001", "image002", "image003", "image004"}
    assert [record.name for record in checked.without(excluded_names(checked.problems)).records] == [
        "image000",
        "image005",
    ]


def test_the_same_picture_is_found_under_other_names_and_formats(make_set: MakeSet, tmp_path: Path) -> None:
    dataset = make_set(3, labels=[1, 1, 0])
    first, _, third = (record.path for record in dataset.records)
    assert first is not None
    assert third is not None
    copied = tmp_path / "copied.png"
    copied.write_bytes(first.read_bytes())
    saved = tmp_path / "saved.bmp"
    with Image.open(first) as image:
        image.save(saved)
    contrary = tmp_path / "contrary.png"
    contrary.write_bytes(third.read_bytes())
    more = (ImageRecord("copied", copied, 1), ImageRecord("saved", saved, 1), ImageRecord("contrary", contrary, 3))
    checked = check_images(replace(dataset, records=dataset.records + more))
    same, opposed = checked.problems
    assert (same.kind, same.subject, same.names) == (ProblemKind.DUPLICATE, "image000", ("copied", "saved"))
    assert (opposed.subject, opposed.names) == ("image002", ("image002", "contrary"))
    assert "MEL and AK" in opposed.reason
    assert excluded_names(checked.problems) == {"copied", "saved", "image002", "contrary"}


def test_the_same_bytes_in_another_shape_are_another_picture(tmp_path: Path, make_set: MakeSet) -> None:
    wide = Image.new("RGB", (20, 10), (1, 2, 250))
    wide.save(tmp_path / "wide.png")
    wide.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "high.png")
    records = (ImageRecord("wide", tmp_path / "wide.png", 0), ImageRecord("high", tmp_path / "high.png", 0))
    assert {problem.kind for problem in check_images(replace(make_set(1), records=records)).problems} == {
        ProblemKind.NOT_SKIN  # each is of one colour
    }


def _photo(path: Path, seed: int = 0, side: int = 256) -> Path:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def _set_of(make_set: MakeSet, paths: list[Path]) -> DataSet:
    return replace(make_set(1), records=tuple(ImageRecord(path.name, path, 0) for path in paths))


def _count_full_decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sizes: list[int] = []
    decode = file_checks.decode_full

    def counted(content: bytes) -> NDArray[np.uint8]:
        sizes.append(len(content))
        return decode(content)

    monkeypatch.setattr(file_checks, "decode_full", counted)
    return sizes


def test_only_pictures_that_look_alike_are_decoded_in_full(
    make_set: MakeSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [_photo(tmp_path / f"{seed}.jpg", seed) for seed in range(6)]
    commented = tmp_path / "commented.jpg"
    content = paths[2].read_bytes()
    commented.write_bytes(content[:2] + b"\xff\xfe\x00\x06seen" + content[2:])
    copied = tmp_path / "copied.jpg"
    copied.write_bytes(paths[4].read_bytes())
    full = _count_full_decodes(monkeypatch)
    first = check_images(_set_of(make_set, paths))
    assert first.problems == ()
    assert full == []
    checked = check_images(_set_of(make_set, [*paths, commented, copied]))
    assert [problem.names for problem in checked.problems] == [("commented.jpg",), ("copied.jpg",)]
    assert sorted(full) == [len(content), len(content) + 8]  # a copy of the bytes needs no decoding
    again = tmp_path / "again.jpg"
    again.write_bytes(content)
    checked = check_images(_set_of(make_set, [*paths, commented, again]))
    assert [problem.names for problem in checked.problems] == [("commented.jpg", "again.jpg")]


def test_pictures_that_differ_only_in_detail_are_two(
    make_set: MakeSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = np.full((512, 512), 120, np.uint8)
    checkered = grey + np.where(np.indices((512, 512)).sum(0) % 2, 20, -20).astype(np.uint8)
    paths = [tmp_path / "plain.jpg", tmp_path / "checkered.jpg"]
    for path, pixels in zip(paths, (grey, checkered), strict=True):
        Image.fromarray(pixels).save(path, quality=100)
    looks = [decode_preview(path.read_bytes(), quick=True) for path in paths]
    assert looks[0].reduced
    assert looks[0].size == (512, 512)
    assert np.array_equal(looks[0].pixels, looks[1].pixels)
    full = _count_full_decodes(monkeypatch)
    assert {problem.kind for problem in check_images(_set_of(make_set, paths)).problems} == {ProblemKind.NOT_SKIN}
    assert len(full) == 2


def test_a_photograph_saved_again_without_loss_is_found(make_set: MakeSet, tmp_path: Path) -> None:
    photo, turned = _photo(tmp_path / "photo.jpg"), tmp_path / "turned.jpg"
    with Image.open(photo) as image:
        image.save(tmp_path / "saved.png")
        image.save(tmp_path / "saved.bmp")
    exif = Image.Exif()
    exif[0x0112] = 3
    with Image.open(photo) as image:
        image.save(turned, exif=exif, quality="keep")  # the same pixels, to be shown upside down
    other = _photo(tmp_path / "other.jpg", 1)
    paths = [other, photo, tmp_path / "saved.png", tmp_path / "saved.bmp", turned]
    checked = check_images(_set_of(make_set, paths))
    assert [(problem.subject, problem.names) for problem in checked.problems] == [
        ("photo.jpg", ("saved.png", "saved.bmp"))
    ]


@pytest.mark.parametrize("progressive", [False, True])
def test_the_quick_look_finds_cut_off_photographs(make_set: MakeSet, tmp_path: Path, progressive: bool) -> None:
    with Image.open(_photo(tmp_path / "whole.jpg")) as image:
        image.save(tmp_path / "cut.jpg", progressive=progressive)
    content = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) * 9 // 10])
    (problem,) = check_images(_set_of(make_set, [tmp_path / "whole.jpg", tmp_path / "cut.jpg"])).problems
    assert (problem.subject, problem.kind) == ("cut.jpg", ProblemKind.UNREADABLE)
    assert "cut off" in problem.reason


def test_records_without_a_file_are_left_alone(make_set: MakeSet) -> None:
    dataset = make_set(2)
    lost = replace(dataset, records=(replace(dataset.records[0], path=None), dataset.records[1]))
    assert check_images(lost).problems == ()


def test_checking_twice_reads_nothing_and_adds_nothing(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_set(8)
    damaged = dataset.records[3].path
    assert damaged is not None
    damaged.write_bytes(b"damaged")
    first = check_images(dataset)

    def read(task: object) -> file_checks.FileCheck:
        raise AssertionError(f"{task} was read again")

    monkeypatch.setattr(file_checks, "_read", read)
    assert check_images(dataset) == first
    assert check_images(first) == first


def test_a_changed_file_is_read_again(make_set: MakeSet, make_image: MakeImage) -> None:
    dataset = make_set(4)
    path = dataset.records[2].path
    assert path is not None
    assert check_images(dataset).problems == ()
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert [problem.subject for problem in check_images(dataset).problems] == ["image002"]
    make_image(path, seed=99)
    assert check_images(dataset).problems == ()


def test_cancelling_keeps_what_was_found(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_set(60)
    source = CancelSource()
    read = file_checks._read
    tasks: list[object] = []

    def counted(task: file_checks._Task) -> file_checks.FileCheck:
        tasks.append(task)
        if len(tasks) == 20:
            source.cancel()
        return read(task)

    monkeypatch.setattr(file_checks, "_read", counted)
    with pytest.raises(Cancelled):
        check_images(dataset, token=source.token, threads=2)
    before = len(tasks)
    assert before < 60
    check_images(dataset, threads=2)
    assert 60 <= len(tasks) < 60 + 20


def test_a_damaged_cache_is_made_anew(make_set: MakeSet) -> None:
    dataset = make_set(3)
    cache = Path(os.environ["SKINKD_CACHE"])
    cache.mkdir(parents=True)
    (cache / "verdicts.sqlite3").write_bytes(b"this is not a database" * 100)
    assert check_images(dataset).problems == ()


def test_a_cache_with_flipped_bits_is_made_anew(make_set: MakeSet) -> None:
    dataset = make_set(60)
    check_images(dataset)
    file = Path(os.environ["SKINKD_CACHE"]) / "verdicts.sqlite3"
    content = bytearray(file.read_bytes())
    for place in range(4096, len(content), 512):  # every page but the first, which tells what the file is
        content[place] ^= 0xFF
    file.write_bytes(content)
    assert check_images(dataset).problems == ()


def test_a_cache_that_can_not_be_written_is_said(make_set: MakeSet) -> None:
    Path(os.environ["SKINKD_CACHE"]).write_bytes(b"a file, no folder")
    with pytest.raises(SkinKDError, match="SKINKD_CACHE"):
        check_images(make_set(1))


def test_real_images(shared: Path) -> None:
    from core.data.reading import read_dataset

    dataset = read_dataset(shared / "data" / "isic2019-mini", ISIC2019)
    assert check_images(dataset).problems == ()
