from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cli.main import run

Call = Callable[..., tuple[int, Any]]
LABELS = np.array([0] * 12 + [1] * 20)


@pytest.fixture
def two(write_run: Callable[..., Path]) -> tuple[Path, Path]:
    return write_run("one", LABELS, LABELS), write_run("two", LABELS, np.ones_like(LABELS))


def test_report_writes_a_page_and_names_its_files(two: tuple[Path, Path], tmp_path: Path, as_json: Call) -> None:
    out = tmp_path / "out"
    code, document = as_json(
        "report", "one", str(two[1]), "--runs", str(two[0].parent), "--out", str(out), "--baseline", "two"
    )
    assert code == 0
    assert document["page"] == str(out / "index.html")
    assert {"index.html", "tables/scores.csv", "tables/scores.tex", "figures/f1-by-class.svg"} <= set(document["files"])
    assert all((out / name).is_file() for name in document["files"])
    assert "The baseline is two." in (out / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [(), ("one",), ("--out", "x")])
def test_report_says_what_is_missing(words: tuple[str, ...], as_json: Call) -> None:
    code, document = as_json("report", *words)
    assert code == 2
    assert document["error"]["title"] == "Wrong usage"


def test_unknown_runs_and_studies_are_named(two: tuple[Path, Path], tmp_path: Path, as_json: Call) -> None:
    root = str(two[0].parent)
    code, document = as_json("report", "oen", "--runs", root, "--out", str(tmp_path / "out"))
    assert (code, document["error"]["title"]) == (1, "There is no such run")
    code, document = as_json("report", "--study", "nothing", "--runs", root, "--out", str(tmp_path / "out"))
    assert (code, document["error"]["title"]) == (1, "There is no such study")
    assert not (tmp_path / "out").exists()


def test_a_full_folder_is_refused_before_anything_is_read(two: tuple[Path, Path], tmp_path: Path) -> None:
    assert run(["report", str(two[0]), "--out", str(two[0])]) == 1
    assert not (two[0] / "index.html").exists()
