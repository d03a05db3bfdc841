"""Runs are imported from zip files and folders in one go."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from skinkd_gui.results.import_dialog import ImportDialog, runs_in


def _run(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text("")
    return folder


def test_a_folder_of_runs_stands_for_its_runs(tmp_path: Path) -> None:
    one, two = _run(tmp_path / "runs" / "one"), _run(tmp_path / "runs" / "two")
    packed = tmp_path / "runs" / "three.ZIP"
    packed.write_bytes(b"")
    (tmp_path / "runs" / "notes").mkdir()
    assert runs_in(tmp_path / "runs") == [one, packed, two]
    assert runs_in(one) == [one]
    assert runs_in(packed) == [packed]
    assert runs_in(tmp_path / "runs" / "notes") == [tmp_path / "runs" / "notes"]


def test_a_folder_that_can_not_be_read_stands_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert runs_in(tmp_path) == [tmp_path]


def test_several_are_listed_taken_off_and_imported_together(qtbot: QtBot, tmp_path: Path) -> None:
    runs = [_run(tmp_path / name) for name in ("one", "two", "three")]
    dialog = ImportDialog(None)
    qtbot.addWidget(dialog)
    start = dialog.findChild(QPushButton, "importStartButton")
    assert not start.isEnabled()
    dialog.add(runs)
    dialog.add(runs[:1])  # is there already
    assert start.text() == "&Import 3 runs"
    dialog.findChild(QListWidget, "importList").setCurrentRow(1)
    dialog.findChild(QPushButton, "importRemoveButton").click()
    assert dialog.sources == (runs[0], runs[2])
