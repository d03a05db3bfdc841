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
