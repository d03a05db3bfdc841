from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core.data import verdicts
from core.data.checking import check_images, excluded_names
from core.data.types import ImageRecord, ProblemKind
from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, Event, Phase, Progress

from .conftest import MakeImage, MakeSet


def test_sound_images_have_no_problems_and_progress_is_reported(make_set: MakeSet) -> None:
    events: list[Event] = []
    dataset = make_set(30)
    assert check_images(dataset, report=events.append) == dataset
    progress = [event for event in events if isinstance(event, Progress)]
    assert {event.phase for event in progress} == {Phase.CHECKING}
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
    wide = Image.new("RGB", (20, 10), (1, 2, 3))
    wide.save(tmp_path / "wide.png")
    wide.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "high.png")
    records = (ImageRecord("wide", tmp_path / "wide.png", 0), ImageRecord("high", tmp_path / "high.png", 0))
    assert check_images(replace(make_set(1), records=records)).problems == ()


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

    def read(task: object) -> verdicts.Verdict:
        raise AssertionError(f"{task} was read again")

    monkeypatch.setattr(verdicts, "_read", read)
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
    make_image(path, (9, 9, 9))
    assert check_images(dataset).problems == ()


def test_cancelling_keeps_what_was_found(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_set(60)
    source = CancelSource()
    read = verdicts._read
    tasks: list[object] = []

    def counted(task: verdicts._Task) -> verdicts.Verdict:
        tasks.append(task)
        if len(tasks) == 20:
            source.cancel()
        return read(task)

    monkeypatch.setattr(verdicts, "_read", counted)
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


def test_a_cache_that_can_not_be_written_is_said(make_set: MakeSet) -> None:
    Path(os.environ["SKINKD_CACHE"]).write_bytes(b"a file, no folder")
    with pytest.raises(SkinKDError, match="SKINKD_CACHE"):
        check_images(make_set(1))


def test_real_images(shared: Path) -> None:
    from core.data.reading import read_dataset

    dataset = read_dataset(shared / "data" / "isic2019-mini")
    assert check_images(dataset).problems == ()
