"""Two processes train together as one does alone, whatever couples the images of a batch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from .group_training import CASES, GIVEN_UP, IN_32_BITS, STOPPED, trained, trained_by

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gloo's meeting by a file is tried on Linux and macOS")


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All cases, made by two processes."""
    return trained_by(2, tmp_path_factory.mktemp("together"))


def _furthest(first: dict[str, Any], second: dict[str, Any]) -> float:
    assert first["weights"].keys() == second["weights"].keys()
    return max(float((value - second["weights"][name]).abs().max()) for name, value in first["weights"].items())


@pytest.mark.parametrize("case", CASES)
def test_two_processes_end_where_one_does(case: str, together: dict[str, Any], tmp_path: Path) -> None:
    alone = trained(tmp_path, CASES[case])
    assert _furthest(alone, together[case]) < 1e-8
    assert len(alone["history"]) == 3
    for one, two in zip(alone["history"], together[case]["history"], strict=True):
        assert one == pytest.approx(two, abs=1e-6)


@pytest.mark.parametrize("case", IN_32_BITS)
def test_in_32_bits_they_stay_near(case: str, together: dict[str, Any], tmp_path: Path) -> None:
    assert _furthest(trained(tmp_path, IN_32_BITS[case], torch.float32), together[f"{case} 32"]) < 1e-3


def test_they_stop_together_and_go_on_to_the_same_bits(together: dict[str, Any]) -> None:
    assert _furthest(together["kl"], together[STOPPED]) == 0
    assert together["kl"]["history"] == together[STOPPED]["history"]


def test_when_the_leader_alone_fails_the_others_leave_too(together: dict[str, Any]) -> None:
    assert together[GIVEN_UP] == ["SkinKDError", "Cancelled"]
