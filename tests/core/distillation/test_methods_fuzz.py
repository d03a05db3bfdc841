"""The short form of tests/torture/fuzz_losses.py."""

from __future__ import annotations

from tests.torture.fuzz_losses import cases


def test_losses_and_scores_are_finite_or_undefined() -> None:
    assert cases(80, seed=0).survived == 80
