"""Waiting runs survive the window."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.recipe import Preset, preset
from skinkd_gui.training.waiting_file import load_waiting, save_waiting
from skinkd_gui.training.work import QueuedRun


def test_runs_come_back_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "20260331-x").mkdir()
    runs = (
        QueuedRun("größer", preset(Preset.BEST)),
        QueuedRun("x", folder=tmp_path / "20260331-x"),
    )
    save_waiting(tmp_path, runs)
    assert load_waiting(tmp_path) == runs
    save_waiting(tmp_path, ())
    assert load_waiting(tmp_path) == ()
    assert not list(tmp_path.glob(".*"))


def test_what_can_not_be_used_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_waiting(tmp_path, (QueuedRun("gone", folder=tmp_path / "gone"), QueuedRun("here", preset(Preset.QUICK))))
    assert [run.name for run in load_waiting(tmp_path)] == ["here"]
    (tmp_path / ".waiting.json").write_text("[{]")
    assert load_waiting(tmp_path) == ()


def test_a_bad_entry_costs_none_of_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    elsewhere = tmp_path / "elsewhere" / "20260331-y"
    elsewhere.mkdir(parents=True)
    runs = tmp_path / "runs"
    save_waiting(runs, (QueuedRun("newer", preset(Preset.QUICK)), QueuedRun("y", folder=elsewhere)))
    file = runs / ".waiting.json"
    file.write_text(file.read_text().replace("[optimisation]", "[from_a_newer_version]"))
    assert load_waiting(runs) == (QueuedRun("y", folder=elsewhere),)
    assert "can not be read" in caplog.text


def test_a_study_comes_back_while_its_folder_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "paper"
    folder.mkdir(parents=True)
    save_waiting(tmp_path, (QueuedRun("Paper", study=folder),))
    assert load_waiting(tmp_path) == (QueuedRun("Paper", study=folder),)
    folder.rmdir()
    assert load_waiting(tmp_path) == ()
