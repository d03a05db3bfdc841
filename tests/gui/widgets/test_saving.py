"""A file to write gets an ending, and text is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from skinkd_gui.widgets.error_dialog import ErrorDialog
from skinkd_gui.widgets.saving import ask_for_file, save_text_as

FILTERS = "CSV table (*.csv);;JSON document (*.json)"


@pytest.mark.parametrize(
    ("typed", "chosen", "expected"),
    [
        ("table", "JSON document (*.json)", "table.json"),
        ("table.csv", "JSON document (*.json)", "table.csv"),
        ("table.v2", "", "table.v2.csv"),
        ("", "", None),
    ],
)
def test_a_name_gets_the_ending_of_the_chosen_kind(
    typed: str, chosen: str, expected: str | None, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *values: asked.append(values[2]) or (typed, chosen))
    parent = QWidget()
    qtbot.addWidget(parent)
    found = ask_for_file(parent, "Save", "my run: 1/2", FILTERS)
    assert found == (None if expected is None else Path(expected))
    assert Path(asked[0]).name == "my-run-1-2.csv"


def test_text_that_can_not_be_written_is_told(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    target = tmp_path / "recipe.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    assert save_text_as(parent, "Save recipe", "a = 1\n", "recipe", "Recipe (*.toml)") == target
    assert target.read_text(encoding="utf-8") == "a = 1\n"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "nowhere" / "a.toml"), ""))
    assert save_text_as(parent, "Save recipe", "a = 1\n", "recipe", "Recipe (*.toml)") is None
    dialog = parent.findChild(ErrorDialog)
    assert dialog is not None
    assert dialog.error.title == "The file can not be written"
    dialog.accept()
