"""How many steps each epoch has, and everything that counts with it."""

from __future__ import annotations

import pytest

from core.training.meter import Meter
from core.training.plan import EpochPlan

from .small_training import small_recipe

PACED = ("curriculum.pacing=linear", "curriculum.pacing_start=0.2", "curriculum.pacing_epochs=4")


def test_epochs_are_alike_without_a_pacing() -> None:
    plan = EpochPlan.of(small_recipe(), 22)
    assert (plan.images, plan.total, plan.epochs) == ((22, 22, 22), 18, 3)
    assert [plan.batches(epoch) for epoch in (1, 2, 3)] == [6, 6, 6]


def test_a_pacing_makes_the_first_epochs_shorter() -> None:
    """22 images in batches of 4, of which 20, 40, 60, 80 and 100 percent are shown: 4, 9, 13, 18 and 22."""
    plan = EpochPlan.of(small_recipe("optimisation.epochs=6", *PACED), 22)
    assert plan.images == (4, 9, 13, 18, 22, 22)
    assert [plan.batches(epoch) for epoch in range(1, 7)] == [1, 2, 3, 5, 6, 6]  # of 9 and 13 one image is left out
    assert [plan.trained_images(epoch) for epoch in range(1, 7)] == [4, 8, 12, 18, 22, 22]
    assert [plan.before(epoch) for epoch in range(1, 8)] == [0, 1, 3, 6, 11, 17, 23]
    assert plan.total == 23


def test_a_teachers_run_has_no_pacing() -> None:
    assert EpochPlan.of(small_recipe("task=teacher", *PACED), 22).images == (22, 22, 22)


def test_the_time_left_counts_steps() -> None:
    """After a first epoch of 2 steps in 3 s, 1 s of it validation, the 8 steps and 2 validations left take 10 s."""
    meter = Meter(EpochPlan((4, 6, 10), 2))
    meter.validation_seconds = 1.0
    assert meter.left_after(1, 3.0) == pytest.approx(8 * 1.0 + 2)
    assert meter.left_after(3, 6.0) == 0
    alike = Meter(EpochPlan((4, 4, 4), 2))
    alike.validation_seconds = 1.0
    assert alike.left_after(1, 3.0) == pytest.approx(2 * 3.0)
