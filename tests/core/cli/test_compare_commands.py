"""`compare` on finished runs: what it prints, its JSON, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cli.main import run

Call = Callable[..., tuple[int, Any]]
WriteRun = Callable[..., Path]
LABELS = np.arange(80) % 4


@pytest.fixture
def two(write_run: WriteRun) -> tuple[Path, Path]:
    """A plain student, and a KL student that is right on 30 images more."""
    plain = write_run("plain", LABELS, np.where(np.arange(80) < 40, LABELS, 7), lesions=["L"] * 2 + [""] * 78)
    better = write_run("kl", LABELS, np.where(np.arange(80) < 70, LABELS, 7), "distillation.method=kl")
    return plain, better


def test_json_holds_runs_differences_and_images(two: tuple[Path, Path], as_json: Call) -> None:
    code, document = as_json("compare", *map(str, two), "--resamples", "200")
    assert code == 0
    assert document["baseline"] == str(two[0])
    first, second = (item["test"] for item in document["runs"])
    assert (first["images"], first["accuracy"], second["accuracy"]) == (80, 0.5, 0.875)
    assert (first["intervals"]["resamples"], first["intervals"]["by_lesion"]) == (200, True)
    assert first["per_class"]["MEL"]["specificity"] == 1.0
    (comparison,) = document["comparisons"]
    assert (comparison["run"], comparison["common"]) == (str(two[1]), 80)
    assert comparison["won"] == [f"t{row}" for row in range(40, 70)]
    assert comparison["lost"] == []
    assert comparison["mcnemar"]["p_value"] == pytest.approx(2 * 0.5**30)
    accuracy = comparison["differences"][1]
    assert (accuracy["score"], accuracy["difference"], accuracy["within_noise"]) == ("accuracy", 0.375, False)
    assert accuracy["interval"][0] < 0.375 < accuracy["interval"][1]
    absent = comparison["differences"][-1]
    assert absent == {**absent, "score": "f1:SCC", "difference": None, "interval": None}


def test_tables_name_what_differs(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    root = str(two[0].parent)
    assert run(["compare", "plain", "kl", "--runs", root, "--resamples", "200"]) == 0
    said = capsys.readouterr()
    assert "kl against plain" in said.out
    assert "50.0 % (" in said.out
    assert "+37.5 (" in said.out
    assert "Distillation: Method" in said.out
    assert "Won (right where plain is wrong): 30 images: t40, t41" in said.out
    assert "Lost (wrong where plain is right): 0 images\n" in said.out
    assert "p < 0.001" in said.out
    assert "another seed" in said.err


def test_the_baseline_can_be_any_run(two: tuple[Path, Path], as_json: Call) -> None:
    code, document = as_json("compare", *map(str, two), "--baseline", str(two[1]), "--resamples", "100")
    assert code == 0
    assert document["baseline"] == str(two[1])
    (comparison,) = document["comparisons"]
    assert comparison["run"] == str(two[0])
    assert len(comparison["lost"]) == 30


def test_too_few_common_images_are_said(
    two: tuple[Path, Path], write_run: WriteRun, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_run("elsewhere", LABELS, LABELS, begin=60)
    code, document = as_json("compare", str(two[0]), str(other), "--resamples", "100")
    assert code == 0
    (comparison,) = document["comparisons"]
    assert (comparison["comparable"], comparison["common"], comparison["differences"]) == (False, 20, [])
    assert run(["compare", str(two[0]), str(other), "--resamples", "100"]) == 0
    assert "only 20 test images" in capsys.readouterr().out


def test_runs_of_one_name_are_told_apart(
    two: tuple[Path, Path], write_run: WriteRun, capsys: pytest.CaptureFixture[str]
) -> None:
    again = write_run("plain", LABELS, LABELS)
    assert run(["compare", str(two[0]), str(again), "--resamples", "100"]) == 0
    assert f"{again.name} against {two[0].name}" in capsys.readouterr().out


def test_one_run_is_not_enough(two: tuple[Path, Path], as_json: Call) -> None:
    code, document = as_json("compare", str(two[0]), str(two[0]))
    assert code == 2
    assert "two different runs" in document["error"]["summary"]
    code, document = as_json("compare", str(two[0]), "nothing", "--runs", str(two[0].parent))
    assert (code, document["error"]["title"]) == (1, "There is no such run")
