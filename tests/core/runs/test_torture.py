"""The short form of `make torture`'s faults around runs and their queue: each in processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.timeout(440)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the faults are injected into forked processes")
@pytest.mark.parametrize(
    ("part", "scale", "injected"),
    [
        ("kills", 0.03, 2),
        pytest.param("kills", 0.3, 18, marks=pytest.mark.long),
        ("faults", 0.02, 10),
        pytest.param("windows", 0.2, 12, marks=pytest.mark.long),
        pytest.param("changes", 0.1, 5, marks=pytest.mark.long),
        pytest.param("clocks", 0.1, 0, marks=pytest.mark.long),  # where libfaketime is not installed
        pytest.param("uses", 0.01, 300, marks=pytest.mark.long),
    ],
)
def test_nothing_is_lost(part: str, scale: float, injected: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.torture", "--only", part, "--scale", str(scale), "--out", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=420)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = [line.split("|") for line in (tmp_path / "latest.md").read_text().splitlines()[2:] if line]
    assert all(line[2].strip() != "0" or "not tried: " in line[3] for line in lines)
    assert sum(int(line[2].replace(",", "")) for line in lines) >= injected
