"""The short form of tests/torture/fuzz_runs.py."""

from __future__ import annotations

from tests.torture.fuzz_runs import cases


def test_damaged_run_folders_are_read_or_said_and_hide_no_other() -> None:
    assert cases(80, seed=0).survived == 80
