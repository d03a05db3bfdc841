from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Cancelled
from core.events import CancelSource
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
