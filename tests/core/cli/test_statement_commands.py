from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import run
from core.demo.sample_set import write_sample_set

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def own(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run that may be changed."""
    shutil.copytree(trained, tmp_path / "runs" / trained.name)
    return tmp_path / "runs" / trained.name


def test_the_form_is_printed_filled_from_a_file_and_by_hand(
    own: Path, tmp_path: Path, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["statement", str(own)]) == 0
    form = capsys.readouterr().out
    assert 'labels = ""' in form
    (tmp_path / "form.toml").write_text(form.replace('labels = ""', 'labels = "Histology"'), encoding="utf-8")
    code, document = as_json("statement", str(own), "--from", str(tmp_path / "form.toml"), "--set", "funding=None")
    assert code == 0
    assert document["runs"][0]["entries"] == {"funding": "None", "labels": "Histology"}
    code, document = as_json("statement", str(own), "--set", "funding=")
    assert document["runs"][0]["entries"] == {"labels": "Histology"}
    code, document = as_json("statement", str(own), str(own))
    assert [each["entries"] for each in document["runs"]] == [{"labels": "Histology"}] * 2
    assert run(["statement", str(own), str(own)]) == 2


def test_a_wrong_entry_is_told_the_nearest(own: Path, as_json: Call) -> None:
    code, document = as_json("statement", str(own), "--set", "lables=x")
    assert code == 1
    assert "labels" in document["error"]["summary"]
    assert run(["statement", str(own), "--set", "labels"]) == 2


def test_robustness_outside_tests_and_the_form_are_in_the_report(own: Path, tmp_path: Path, as_json: Call) -> None:
    code, measured = as_json("robustness", str(own), "--corruption", "dark", "--device", "cpu")
    assert code == 0
    assert [row["Corruption"] for row in measured["rows"]] == ["dark"]
    assert measured["rows"][0]["0 (unharmed)"] == measured["clean"]
    other = write_sample_set(tmp_path / "elsewhere", images=30, seed=3, size=64)
    code, tested = as_json("evaluate", str(own), "--data", str(other))
    assert tested["kept"] == str(own / "external" / "elsewhere")
    code, tested = as_json("evaluate", str(own), "--data", str(other), "--no-keep")
    assert tested["kept"] is None
    as_json("statement", str(own), "--set", "intended_use=Triage in a study")

    code, report = as_json("report", str(own), "--out", str(tmp_path / "report"))
    assert code == 0
    claim = report["checklists"]["claim-2024"]
    filled = {item["number"]: item["filled"] for item in claim["items"]}
    assert (filled["30"], filled["33"], filled["41"], filled["44"]) == ("program", "program", "authors", "not_stated")
    assert claim["counts"]["program"] >= 25
    assert {"tables/claim-2024.csv", "tables/tripod-ai.csv", "tables/clear-derm.csv"} <= set(report["files"])
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "Triage in a study" in page
    assert "elsewhere" in page
    assert str(tmp_path) not in page


def test_what_can_not_be_measured_fails(own: Path, as_json: Call) -> None:
    code, document = as_json("robustness", str(own), "--corruption", "snow")
    assert (code, document["error"]["title"]) == (1, "There is no such corruption")
