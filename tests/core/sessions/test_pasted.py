"""Pasted pictures are their owner's alone, go with their window, and with the next start where it was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.atomic import HERE
from core.errors import SkinKDError
from core.sessions.pasted import clear_pasted, new_pasted_folder, pasted_root, remove_pasted_folder

KEEPS_ONE = (
    "import sys; from core.sessions.pasted import new_pasted_folder; folder = new_pasted_folder();"
    "(folder / 'pasted-1.png').write_bytes(b'x'); print(folder, flush=True); sys.stdin.read()"
)


def left_by(process: int, computer: str = HERE) -> Path:
    folder = pasted_root() / f"{process}-{computer}-abc"
    folder.mkdir(parents=True)
    (folder / "pasted-1.png").write_bytes(b"a patient")
    return folder


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps them by the profile's own rights")
def test_the_folder_is_open_to_its_owner_alone_whatever_the_umask() -> None:
    pasted_root().mkdir(parents=True, mode=0o755)
    before = os.umask(0)
    try:
        folder = new_pasted_folder()
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (folder, pasted_root())] == [0o700, 0o700]
    remove_pasted_folder(folder)
    assert not folder.exists()


def test_what_a_killed_window_left_goes_and_what_a_living_one_uses_stays() -> None:
    own = new_pasted_folder()
    with subprocess.Popen(
        [sys.executable, "-c", KEEPS_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        assert clear_pasted() == 0
        assert (theirs / "pasted-1.png").is_file()
        other.kill()
        other.wait()
    assert clear_pasted() == 1
    assert not theirs.exists()
    assert own.is_dir()


def test_a_number_that_another_process_has_now_saves_nothing() -> None:
    folder = left_by(os.getpid())
    assert clear_pasted() == 0
    os.utime(folder, (0, 0))  # pasted before this process began
    assert clear_pasted() == 1
    assert not folder.exists()


def test_another_computers_folder_goes_after_a_day_and_links_are_not_followed(tmp_path: Path) -> None:
    fresh, old = left_by(1, "00000000"), left_by(2, "00000000")
    os.utime(old, (0, 0))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if os.name != "nt":
        (pasted_root() / "9-00000001-x").symlink_to(elsewhere, target_is_directory=True)
    assert clear_pasted() == 1
    assert fresh.is_dir()
    assert elsewhere.is_dir()


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKINKD_STATE", str(tmp_path / "file"))
    with pytest.raises(SkinKDError, match="No folder for it can be made"):
        new_pasted_folder()
