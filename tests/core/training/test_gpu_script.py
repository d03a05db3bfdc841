"""The pieces of `tests/benchmarks/gpu.sh`, which must run the first time on a machine that nobody has seen."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder's modules, which import one another by their bare names."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_can_be_read() -> None:
    subprocess.run(["bash", "-n", str(BENCHMARKS / "gpu.sh")], check=True)


def test_what_it_finds_is_said_also_where_a_step_failed(benchmarks: None, tmp_path: Path) -> None:
    report = importlib.import_module("gpu_report")
    facts = report.facts()
    assert facts["packages"]["torch"]
    (tmp_path / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    (tmp_path / "tests.xml").write_text(
        '<testsuites><testsuite><testcase name="good"/><testcase name="left"><skipped/></testcase>'
        '<testcase name="bad"><failure message="no graph&#10;more"/></testcase></testsuite></testsuites>',
        encoding="utf-8",
    )
    (tmp_path / "steps.failed").write_text("it took longer than 60 s", encoding="utf-8")
    (tmp_path / "steps.log").write_text("the last line\n", encoding="utf-8")
    text = report.summary(tmp_path)
    for said in ("1 passed, 1 failed, 1 skipped", "- bad: no graph", "steps failed", "longer than 60 s", "last line"):
        assert said in text
    assert ("dry run" in text) == (not facts["gpus"])


def test_the_teachers_answers_are_measured(benchmarks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, ratios = importlib.import_module("teacher_pass_bench"), importlib.import_module("ratios")
    monkeypatch.setattr(bench, "_SECONDS", 0.01)
    resident = importlib.import_module("resident")
    monkeypatch.setattr(bench, "scale", lambda: resident.DRY)
    (found,) = bench.measure(ratios.Settings(tmp_path, 1, True))
    assert found.measured > 0
    assert found.ratio <= 1
