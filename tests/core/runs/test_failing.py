"""Why a run ended is said, also where nothing can be written any more."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from core import atomic
from core.errors import SkinKDError
from core.events import EpochFinished, Event
from core.recipe import Recipe
from core.runs.execute import execute
from core.runs.failing import explained_failure
from core.runs.folder import RunFolder, create_run
from core.runs.tracking import run_log

from .test_execute import small


@pytest.mark.parametrize(
    ("number", "title"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EFBIG, "A file may not grow so large"),
        (errno.EACCES, "The run's folder can not be written"),
        (errno.EROFS, "The run's folder can not be written"),
    ],
)
def test_what_the_disk_refuses_is_named(tmp_path: Path, number: int, title: str) -> None:
    folder = create_run(Recipe(), runs=tmp_path)
    refused = OSError(number, os.strerror(number), str(folder.path / "state.pt"))
    told = SkinKDError("The model can not be saved", "Is the disk full?")
    told.__cause__ = refused
    for error in (refused, told):
        found = explained_failure(error, folder)
        assert isinstance(found, SkinKDError)
        assert found.title == title
        assert "resume the run" in found.summary


def test_a_bug_stays_a_bug(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path)
    elsewhere = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "image.jpg"))
    for bug in (KeyError("x"), OSError(errno.EBADF, "Bad file descriptor"), elsewhere):
        assert explained_failure(bug, folder) is bug


def test_a_folder_that_is_gone_is_said_whatever_failed_first(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path)
    shutil.rmtree(folder.path)
    for error in (FileNotFoundError(2, "No such file"), SkinKDError("The model can not be saved", "Is the disk full?")):
        found = explained_failure(error, folder)
        assert isinstance(found, SkinKDError)
        assert found.title == "The run's folder is gone"


def test_a_full_disk_is_said_where_not_even_the_status_fits(
    sample_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create_run(small(sample_set, "task=teacher"), runs=tmp_path)

    def fill(event: Event) -> None:
        if isinstance(event, EpochFinished):
            monkeypatch.setattr(atomic, "replacing", full)
            full(folder.path)

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with pytest.raises(SkinKDError, match="The disk is full"):
        execute(folder, fill)


def test_a_log_that_can_not_be_written_ends_nothing(tmp_path: Path) -> None:
    with run_log(tmp_path / "gone" / "run.log"):
        pass
    if Path("/dev/full").exists():
        import logging

        with run_log(Path("/dev/full")):
            logging.getLogger("core.x").info("a line that does not fit")


def test_a_folder_in_which_nothing_may_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = create_run(Recipe(), runs=tmp_path)

    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder.path / ".lock"))

    monkeypatch.setattr("core.locks.Lock.acquire", forbidden)
    with pytest.raises(SkinKDError, match=r"The run's folder can not be written: .*\.lock: Permission denied"):
        execute(RunFolder(folder.path))
