from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled
from core.events import CancelSource, Event, Level, Notice
from core.inference.collect import expand_paths


def make(root: Path, *names: str) -> list[Path]:
    files = [root / name for name in names]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return files


def test_folders_give_their_images_sorted_at_any_depth(tmp_path: Path) -> None:
    make(tmp_path, "b.JPG", "a.png", "notes.txt", "sub/deeper/c.tiff", "sub/._c.tiff", ".hidden/d.jpg")
    found = [str(path.relative_to(tmp_path).as_posix()) for path in expand_paths([tmp_path])]
    assert found == ["a.png", "b.JPG", "sub/deeper/c.tiff"]


def test_named_files_stay_whatever_they_are(tmp_path: Path) -> None:
    (odd,) = make(tmp_path, "picture.without-ending")
    absent = tmp_path / "gone.jpg"
    assert expand_paths([odd, absent]) == [odd, absent]


def test_each_file_comes_once_in_the_order_named(tmp_path: Path) -> None:
    a, b = make(tmp_path, "a.jpg", "b.jpg")
    assert expand_paths([b, tmp_path, a]) == [b, a]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (a,) = make(tmp_path, "sub/a.jpg")
    (tmp_path / "sub" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert expand_paths([tmp_path]) == [a]


def test_names_beyond_ascii_are_found(tmp_path: Path) -> None:
    files = make(tmp_path, "Blåbær – læsion.jpg")
    assert expand_paths([tmp_path]) == files


def test_it_can_be_cancelled(tmp_path: Path) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        expand_paths([tmp_path], source.token)


def test_dicom_files_without_an_ending_are_found(tmp_path: Path) -> None:
    make(tmp_path, "README", "notes.1", "empty")
    for name in ("IM000001", "1.2.840.113619.7", "DICOMDIR"):
        (tmp_path / name).write_bytes(bytes(128) + b"DICM" + bytes(20))
    (tmp_path / "letter.txt").write_bytes(bytes(128) + b"DICM")
    assert [path.name for path in expand_paths([tmp_path])] == ["1.2.840.113619.7", "IM000001"]


def test_linked_folders_are_searched_once(tmp_path: Path) -> None:
    (outside,) = make(tmp_path, "elsewhere/x.jpg")
    for name in ("one", "two"):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / name).symlink_to(outside.parent, target_is_directory=True)
    assert expand_paths([tmp_path / "set"]) == [tmp_path / "set" / "one" / "x.jpg"]


def test_closed_folders_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_file, closed = make(tmp_path, "open/a.jpg", "closed/b.jpg")
    scan = os.scandir

    def refuse(place: Any) -> Any:
        if Path(place) == closed.parent:
            raise PermissionError(13, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", refuse)
    events: list[Event] = []
    assert expand_paths([tmp_path], emit=events.append) == [open_file]
    (notice,) = events
    assert isinstance(notice, Notice)
    assert str(closed.parent) in notice.text
    assert "Permission denied" in notice.text


def test_what_is_no_image_is_counted_aloud_by_kind(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b/report.PDF", "b/other.pdf", "labels.csv", "README", ".DS_Store", "Thumbs.db", "._a.jpg")
    make(tmp_path, ".hidden/x.txt", "evil.\x1b[2J", "DICOMDIR")
    events: list[Event] = []
    assert [path.name for path in expand_paths([tmp_path], emit=events.append)] == ["a.jpg"]
    (notice,) = events
    assert isinstance(notice, Notice)
    assert notice.level is Level.WARNING
    assert notice.text.startswith("6 files are no images and left out: 2 .pdf, ")
    assert all(kind in notice.text for kind in ("1 .csv", "1 without an ending", "1 .\\u001b[2j", "1 DICOMDIR"))


def test_files_that_were_named_are_never_left_out(tmp_path: Path) -> None:
    events: list[Event] = []
    files = list(make(tmp_path, "letter.txt"))
    assert expand_paths(files, emit=events.append) == files
    assert events == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert expand_paths([tmp_path]) == []
