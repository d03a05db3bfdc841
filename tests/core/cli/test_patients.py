"""`classify --patients`: facts in CSV and JSON, one answer for a lesion; nothing of it anywhere else."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import run
from core.inference.patients.facts import PatientFacts
from core.reporting.debug_report import debug_report
from core.runs.folder import RunFolder
from core.sessions.files import find_session, new_folder, read_session, write_session
from core.sessions.saved import SavedImage, SavedModel, SavedSession

Call = Callable[..., tuple[int, Any]]
MARK = "Zq7Patient"


@pytest.fixture
def pictures(sample_set: Path, tmp_path: Path) -> Path:
    """Four pictures without a name of anybody, and a table that says whose they are."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, path in enumerate(sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[:4]):
        shutil.copy(path, folder / f"{number}.jpg")
    rows = [f"0,{MARK},1,2026-01-02,back", f"1,{MARK},1,2026-01-02,back", f"2,{MARK},1,2026-07-01,", f"3,{MARK}b,1,,"]
    (tmp_path / "whose.csv").write_text("\n".join(["image,patient,lesion,date,site", *rows]) + "\n")
    return folder


def test_pictures_of_a_lesion_give_one_answer(
    finished_run: RunFolder, pictures: Path, tmp_path: Path, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    whose = ["--patients", str(tmp_path / "whose.csv")]
    code, document = as_json("classify", str(finished_run.path), str(pictures), *whose)
    assert code == 0
    assert [(lesion["patient"], lesion["lesion"]) for lesion in document["lesions"]] == [(MARK, "1"), (f"{MARK}b", "1")]
    first, later = document["lesions"][0]["visits"]
    assert (first["date"], len(first["images"]), first["site"]) == ("2026-01-02", 2, "back")
    assert "mean logits of 2 pictures" in first["how"]
    assert first["result"]["diagnosis"] in document["classes"]
    assert later["result"]["probabilities"] == document["images"][2]["probabilities"]
    assert document["images"][3]["patient_facts"] == {
        "patient": f"{MARK}b",
        "lesion": "1",
        "date": None,
        "site": None,
    }
    assert run(["classify", str(finished_run.path), str(pictures), *whose, "--out", str(tmp_path / "t.csv")]) == 0
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["lesion_pictures"] for row in rows] == ["2", "2", "1", "1"]
    assert rows[0]["lesion_diagnosis"] == rows[1]["lesion_diagnosis"] == first["result"]["diagnosis"]
    said = capsys.readouterr().out
    assert "Lesions" in said
    assert MARK in said
    code, failed = as_json("classify", str(finished_run.path), str(pictures), "--patients", "folders:age")
    assert (code, failed["error"]["title"]) == (1, "Nobody knows whose pictures these are")


def test_nothing_of_a_patient_stays_where_it_was_not_saved(
    finished_run: RunFolder, pictures: Path, tmp_path: Path
) -> None:
    whose = tmp_path / "whose.csv"
    assert run(["classify", str(finished_run.path), str(pictures), "--patients", str(whose), "--json"]) == 0
    assert run(["record", "export", str(tmp_path / "record.csv")]) == 0
    (tmp_path / "debug.txt").write_text(debug_report(finished_run.path.parent), "utf-8")
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != whose]
    assert {"record.csv", "debug.txt"} <= {path.name for path in written}
    assert [path.name for path in written if MARK.encode() in path.read_bytes()] == []


def test_a_session_keeps_them_in_its_own_folder_and_deleting_it_deletes_them(
    finished_run: RunFolder, pictures: Path, tmp_path: Path
) -> None:
    facts = PatientFacts(MARK, "1", date(2026, 1, 2), "back")
    images = tuple(SavedImage(path, facts=facts) for path in sorted(pictures.iterdir()))
    session = SavedSession("Monday", images, models=(SavedModel(finished_run.path),))
    folder = new_folder("Monday")
    write_session(folder, session)
    assert read_session(folder).images == images
    write_session(folder, replace(session, images=(replace(images[0], facts=PatientFacts()),)))
    assert not read_session(folder).images[0].facts
    write_session(folder, session)
    marked = [path for path in tmp_path.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]
    assert {path.parent for path in marked} == {folder, tmp_path}
    assert folder.stat().st_mode & 0o077 == 0
    assert run(["sessions", "delete", find_session("Monday").name, "--yes"]) == 0
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()] == [
        "whose.csv"
    ]
