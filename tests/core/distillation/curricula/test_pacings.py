from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from core.distillation.curricula import PACINGS
from core.recipe import Recipe, set_values


def shares(epochs: int, *changes: str) -> list[float]:
    section = set_values(Recipe(), [f"curriculum.{change}" for change in changes]).curriculum
    return [section.entries.pacing.share(epoch, section) for epoch in range(1, epochs + 1)]


def test_all_is_all_from_the_first_epoch() -> None:
    assert shares(3, "pacing=all") == [1.0, 1.0, 1.0]


def test_linear_grows_by_the_same_step_from_its_start_to_all() -> None:
    """Wu et al., table 1: start + (1 - start) * t / T at t = 0 .. T, then 1; t counts the epochs that are done."""
    found = shares(7, "pacing=linear", "pacing_start=0.2", "pacing_epochs=4")
    assert found == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0])
    assert shares(3, "pacing=linear", "pacing_start=1", "pacing_epochs=2") == [1.0, 1.0, 1.0]


def test_linear_is_that_of_two_others() -> None:
    """When do curricula work (start 0.2 of 20,000, 800 steps) and CurML (start 0.2, 20 epochs)."""
    google = {0: 4000, 1: 4020, 10: 4200, 50: 5000, 100: 6000, 400: 12000, 799: 19980, 800: 20000}
    found = shares(801, "pacing=linear", "pacing_start=0.2", "pacing_epochs=800")
    assert {done: round(20000 * found[done]) for done in google} == google
    curml = {1: 0.24, 2: 0.28, 5: 0.4, 10: 0.6, 15: 0.8, 20: 1.0, 25: 1.0}
    found = shares(26, "pacing=linear", "pacing_start=0.2", "pacing_epochs=20")
    assert {done: found[done] for done in curml} == pytest.approx(curml)


WU = {
    "linear": [4000, 4020, 5000, 6000, 12000, 19980, 20000],
    "quadratic": [4000, 4000, 4062, 4250, 8000, 19960, 20000],
    "root": [4000, 4565, 8000, 9656, 15313, 19989, 20000],
    "step": [4000, 4000, 4000, 4000, 4000, 4000, 20000],
    "exponential": [4000, 4000, 4000, 4001, 4107, 19801, 20000],
    "logarithmic": [4000, 9361, 15565, 16673, 18891, 19998, 20000],
}
"""Images shown of 20,000 after 0, 1, 50, 100, 400, 799 and 800 of 800 steps, from a fifth on (Wu et al., table 1)."""


@pytest.mark.parametrize("name", WU)
def test_shapes_are_those_of_wu(name: str) -> None:
    found = shares(801, f"pacing={name}", "pacing_start=0.2", "pacing_epochs=800")
    assert [int(20000 * found[done] + 1e-6) for done in (0, 1, 50, 100, 400, 799, 800)] == WU[name]


def test_the_fixed_exponential_is_that_of_hacohen() -> None:
    """0.04 of 1,000, times 1.9 every 100 steps."""
    found = shares(900, "pacing=fixed_exponential", "pacing_start=0.04", "pacing_factor=1.9", "pacing_interval=100")
    sizes = [40, 76, 144.4, 274.36, 521.284, 990.44, 1000, 1000, 1000]
    assert [1000 * found[100 * step] for step in range(9)] == pytest.approx(sizes, rel=1e-5)
    assert found[99] == found[0]
    assert shares(2, "pacing=fixed_exponential", "pacing_start=1") == [1.0, 1.0]


def test_the_others_are_the_golden_ones(shared: Path) -> None:
    path = shared / "golden" / "curriculum_metrics.json"
    if not path.is_file():
        pytest.skip("the golden values of the curriculum are absent")
    golden = json.loads(path.read_text(encoding="utf-8"))["pacing_google"]
    theirs = {"quadratic": "quad", "exponential": "exp", "logarithmic": "log", "root": "root", "step": "step"}
    for name, key in theirs.items():
        found = shares(1001, f"pacing={name}", f"pacing_start={golden['b']}", "pacing_epochs=800")
        expected = [min(golden["N"], count) for count in golden["values"][key]]
        assert [int(golden["N"] * found[step] + 1e-6) for step in golden["steps"]] == expected, name


def test_linear_is_the_golden_one(shared: Path) -> None:
    path = shared / "golden" / "curriculum_metrics.json"
    if not path.is_file():
        pytest.skip("the golden values of the curriculum are absent")
    golden = json.loads(path.read_text(encoding="utf-8"))["pacing_google"]
    steps = round(golden["a"] * golden["total_step"])
    found = shares(1001, "pacing=linear", f"pacing_start={golden['b']}", f"pacing_epochs={steps}")
    expected = [min(golden["N"], count) for count in golden["values"]["linear"]]  # theirs may exceed all there are
    assert [round(golden["N"] * found[step]) for step in golden["steps"]] == expected


@pytest.mark.parametrize("name", list(PACINGS))
def test_no_epoch_is_empty_and_the_share_never_falls(name: str) -> None:
    found = shares(30, f"pacing={name}")
    assert all(0 < before <= after <= 1 for before, after in itertools.pairwise(found))
