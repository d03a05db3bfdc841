"""What is said where Ray can not be had."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import SkinKDError
from core.recipe import Recipe, set_values
from core.study.definition import Study
from core.study.engines.cluster import RAY, needs
from core.study.engines.connection import Computer
from core.study.engines.engine import NO_OPTIONS, EngineOptions
from core.study.execute import run_study
from core.study.folder import create_study


def test_without_ray_it_says_what_to_install(
    small_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    folder = create_study(small_study, tmp_path)
    with pytest.raises(SkinKDError, match=r"skinkd\[cluster\]"):
        run_study(folder, engine=RAY)
    assert not folder.is_locked
    with pytest.raises(SkinKDError, match="HOST:PORT"):
        run_study(folder, engine=RAY, options=EngineOptions("ray://somewhere:10001"))


def test_a_cluster_that_does_not_answer_is_said_at_once(small_study: Study, tmp_path: Path) -> None:
    folder = create_study(small_study, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(SkinKDError, match=rf"Nothing answers at 127\.0\.0\.1:{port}"):
        run_study(folder, engine=RAY, options=EngineOptions(f"127.0.0.1:{port}"))


GPUS = Computer("a", "first", 32, 4)
CORES = Computer("b", "second", 8, 0)


@pytest.mark.parametrize(
    ("changes", "options", "left", "wanted"),
    [
        (["hardware.threads=2"], NO_OPTIONS, [CORES], (2, 0)),
        ([], NO_OPTIONS, [CORES, Computer("c", "third", 6, 0)], (6, 0)),
        ([], NO_OPTIONS, [GPUS, CORES], (8, 1)),
        ([], EngineOptions(gpus_per_run=0.5), [GPUS], (4, 0.5)),
        (["hardware.devices=2"], NO_OPTIONS, [GPUS], (16, 2)),
        (["hardware.device=cpu", "hardware.threads=1", "hardware.devices=2"], NO_OPTIONS, [GPUS], (2, 0)),
    ],
)
def test_what_a_run_has_for_itself(
    changes: list[str], options: EngineOptions, left: list[Computer], wanted: tuple[float, float]
) -> None:
    assert needs(set_values(Recipe(), changes), options, left) == wanted


def test_nothing_imports_ray_before_it_is_asked_for() -> None:
    code = "import sys, core.cli.main, core.study.execute; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
