"""The demo without a screen: from an empty folder to a report, and what it says when a run fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from skinkd_gui.demo import __main__ as demo
from skinkd_gui.demo.director import DemoDirector, DemoOptions
from skinkd_gui.main_window import MainWindow
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.work import Conditions
from skinkd_gui.workers.job import Work, shut_down_all


def failing_work(run: QueuedRun, conditions: Conditions) -> Work:
    def work(emit: Emit, token: CancelToken) -> object:
        raise SkinKDError("Too warm", "The computer is too warm. Wait until it has cooled down.")

    return work


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    window = MainWindow(tmp_path / "out" / "runs", failing_work)
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close_without_asking()
    assert shut_down_all()


@pytest.mark.long
def test_the_demo_goes_from_nothing_to_a_report(tmp_path: Path) -> None:
    out = tmp_path / "out"
    small = ("optimisation.epochs=1", "data.image_size=32", "hardware.threads=1")
    changes = [part for value in small for part in ("--set", value)]
    result = subprocess.run(
        [sys.executable, "-m", "skinkd_gui.demo", "--offscreen", "--out", str(out), "--images", "128", *changes],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")},
        timeout=170,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    report = (out / "report.md").read_text(encoding="utf-8")
    assert report.count("| Finished |") == 5
    assert "synthetic" in report
    assert len(list((out / "runs").glob("*/model.safetensors"))) == 5
    pictures = {path.stem for path in out.glob("*.png")}
    assert pictures >= {
        "train",
        "results",
        "results-per-class",
        "results-confusion",
        "classify",
        "wizard-1",
        "wizard-7",
    }
    assert "Epoch 1/1" in result.stdout
    assert "\n**Runs**\n" in result.stdout  # the report's lines are lines


def test_a_failed_run_is_told_and_makes_the_demo_fail(qtbot: QtBot, tmp_path: Path, window: MainWindow) -> None:
    lines: list[str] = []
    director = DemoDirector(window, DemoOptions(tmp_path / "out", False, 64, ()), lambda *said: lines.extend(said))
    with qtbot.waitSignal(director.finished):
        director.start()
    text = "\n".join(lines)
    assert director.status == 1
    assert "Demo teacher failed. Too warm: The computer is too warm." in text
    assert "not complete" in text


def test_only_the_runs_of_an_earlier_demo_go(tmp_path: Path) -> None:
    mine, others = tmp_path / "mine", tmp_path / "others"
    demo.prepare_folder(mine)
    (mine / "runs" / "old").mkdir()
    (others / "runs" / "precious").mkdir(parents=True)
    demo.prepare_folder(mine)
    assert not (mine / "runs" / "old").exists()
    demo.prepare_folder(others)
    assert (others / "runs" / "precious").is_dir()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a screen")
def test_without_a_screen_the_demo_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not demo.has_screen()
    assert "without a screen" in capsys.readouterr().out
