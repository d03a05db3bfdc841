"""The short form of tests/torture/fuzz_recipes.py."""

from __future__ import annotations

from tests.torture.fuzz_recipes import cases


def test_recipes_edited_wrongly_are_read_or_said() -> None:
    assert cases(120, seed=0).survived == 120
