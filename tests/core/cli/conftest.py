"""The program as a function, and a small run that it trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import run

TINY = (
    *("--set", "task=teacher", "--set", "data.image_size=32", "--set", "teacher.architecture=test_resnet"),
    *("--set", "teacher.weights=none", "--set", "optimisation.epochs=1", "--set", "hardware.threads=1"),
    *("--set", "data.split=[0.5, 0.4, 0.1]"),  # enough images to calibrate on
)


@pytest.fixture(scope="session")
def tiny() -> tuple[str, ...]:
    """The options that make `train quick` a matter of seconds."""
    return TINY


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, sample_set: Path) -> Path:
    """The folder of a run that `train` made, in a runs folder of its own."""
    root = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        code = run(["train", "quick", *TINY, "--data", str(sample_set), "--runs", str(root / "runs"), "--name", "Tiny"])
    assert code == 0
    return next((root / "runs").iterdir())


@pytest.fixture
def as_json(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Run a command with --json: its exit code and the one document on stdout."""

    def call(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = run([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call
