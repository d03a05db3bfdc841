"""Another name for a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SkinKDError
from core.recipe import Recipe
from core.runs.amending import rename_run
from core.runs.folder import create_run
from core.runs.listing import list_runs


def test_a_run_gets_another_name_but_keeps_its_folder(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path, name="old").path
    rename_run(folder, "  new \n name ")
    assert [(run.folder, run.status.name) for run in list_runs(tmp_path)] == [(folder, "new name")]


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_names_that_no_run_can_have(tmp_path: Path, name: str) -> None:
    folder = create_run(Recipe(), runs=tmp_path, name="old")
    with pytest.raises(SkinKDError, match="1 to 120"):
        rename_run(folder.path, name)
    assert folder.status().name == "old"


def test_a_run_at_work_keeps_its_name(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path, name="old")
    with folder.locked(), pytest.raises(SkinKDError, match="being worked on"):
        rename_run(folder.path, "new")
    assert folder.status().name == "old"
