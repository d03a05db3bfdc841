"""The settings of a running window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from skinkd_gui.settings.keeper import SettingsChange, SettingsKeeper
from skinkd_gui.settings.store import load_settings


def test_a_change_is_written_and_then_told(qtbot: QtBot) -> None:
    keeper = SettingsKeeper(None)
    before, after = keeper.current, replace(keeper.current, text_percent=150, level=0.95)
    written: list[int] = []
    keeper.changed.connect(lambda change: written.append(load_settings().text_percent))
    with qtbot.waitSignal(keeper.changed) as told:
        keeper.change(after)
    assert told.args == [SettingsChange(before, after)]
    assert written == [150]
    assert keeper.current == after == load_settings()


def test_the_folder_of_runs_follows_the_settings_unless_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SKINKD_RUNS")
    free, fixed = SettingsKeeper(None), SettingsKeeper(tmp_path / "given")
    assert (free.folder_fixed, fixed.folder_fixed) == (False, True)
    told: list[Path] = []
    for keeper in (free, fixed):
        keeper.runs_root_changed.connect(told.append)
        keeper.change(replace(keeper.current, runs_folder=str(tmp_path / "other")))
    assert free.runs_root == tmp_path / "other"
    assert fixed.runs_root == tmp_path / "given"
    assert told == [tmp_path / "other"]


def test_the_same_folder_written_otherwise_is_no_other_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = SettingsKeeper(None)
    told: list[Path] = []
    keeper.runs_root_changed.connect(told.append)
    keeper.change(replace(keeper.current, runs_folder=str(tmp_path)))  # the variable goes before the settings
    monkeypatch.delenv("SKINKD_RUNS")
    keeper.change(replace(keeper.current, text_percent=150))
    keeper.change(replace(keeper.current, runs_folder=f"{tmp_path}/"))
    assert told == [tmp_path]


def test_a_folder_given_relative_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert SettingsKeeper(Path("runs")).runs_root == tmp_path / "runs"
