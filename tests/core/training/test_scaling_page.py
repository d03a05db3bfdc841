"""docs/scaling.md says what the program's own arithmetic gives."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("scaling_page")


def test_the_tables_are_those_of_the_formulas(page: ModuleType) -> None:
    """`python tests/benchmarks/scaling_page.py` writes them anew."""
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.with_tables(text) == text
    assert page.BEGIN in text


def test_a_step_has_a_floor_and_gradients_go_around(page: ModuleType) -> None:
    floor = page.LAUNCH * page.STUDENT.operations
    assert page.STUDENT.speed(1).training == floor  # a single image waits for the operations to be started
    assert page.STUDENT.speed(10_000).training == 1 / page.STUDENT.learning
    one, four = (page.run_cost("teacher", gpus, 25_331, 17_728) for gpus in (1, 4))
    assert (one.exchanged_bytes, one.alone_seconds) == (0, 0)
    assert four.exchanged_bytes > 554 * 1.5 * 4 * page.TEACHER.weights
    assert one.seconds_per_epoch / 4 < four.seconds_per_epoch < one.seconds_per_epoch


def test_the_interval_of_paired_ratios(page: ModuleType) -> None:
    interval = importlib.import_module("scaling_bench").interval
    low, high = interval([1.5, 1.6, 1.7])
    assert low < 1.6 < high
    assert (low * high) ** 0.5 == pytest.approx((1.5 * 1.6 * 1.7) ** (1 / 3))
    assert high / low == pytest.approx(1.36, abs=0.02)  # Student's t with two degrees of freedom: 4.303
