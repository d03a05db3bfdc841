"""Correct, export and compare data from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import run

Call = Callable[..., tuple[int, Any]]


def test_corrections_are_added_shown_exported_and_taken_back(sample_set: Path, tmp_path: Path, as_json: Call) -> None:
    before = {path: path.read_bytes() for path in sample_set.rglob("*.csv")}
    first, second = (path.relative_to(sample_set).as_posix() for path in sorted(sample_set.rglob("*.jpg"))[:2])
    table = tmp_path / "clean.csv"
    changes = ["--relabel", f"{first}=SCC", "--exclude", second, "--export", str(table)]
    code, document = as_json("corrections", str(sample_set), *changes)
    assert code == 0
    assert {(each["path"], each["kind"]) for each in document["corrections"]} == {
        (first, "relabel"),
        (second, "exclude"),
    }
    rows = table.read_text(encoding="utf-8").splitlines()
    assert any(row.startswith(f"{first},SCC,") for row in rows)
    assert not any(row.startswith(f"{second},") for row in rows)
    assert as_json("corrections", str(sample_set), "--undo", first)[1]["corrections"][0]["path"] == second
    assert run(["corrections", str(sample_set), "--relabel", "nowhere.jpg=SCC"]) == 2
    assert run(["corrections", str(sample_set), "--relabel", f"{first}=Acne"]) == 2
    assert {path: path.read_bytes() for path in sample_set.rglob("*.csv")} == before


def test_a_set_does_not_drift_from_itself(sample_set: Path, as_json: Call) -> None:
    code, document = as_json("drift", str(sample_set), str(sample_set))
    assert code == 0
    assert all(feature["distance"] == 0 for feature in document["features"])
    assert document["images"] == 160


def test_a_folder_without_pictures_can_not_be_compared(
    sample_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["drift", str(tmp_path), str(sample_set)]) == 1
    assert "6 are needed" in " ".join(capsys.readouterr().err.split())
