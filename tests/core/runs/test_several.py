"""A run that several processes make: with one of them killed, and gone on with by one alone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from core.errors import Cancelled, SkinKDError
from core.events import (
    BatchFinished,
    CancelSource,
    CancelToken,
    EpochFinished,
    EpochRecord,
    Event,
    Level,
    LossParts,
    Notice,
    Phase,
    Progress,
    RunStarted,
)
from core.recipe import Preset, Recipe, preset, set_values
from core.runs import orders, rank
from core.runs.amending import amend
from core.runs.event_lines import from_line, to_line
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.status import RunState

needs_gloo = pytest.mark.skipif(sys.platform == "win32", reason="torchrun is tried on Linux and macOS")


def _recipe(data: Path, teacher: Path, epochs: int) -> Recipe:
    changes = (
        "task=student",
        f"data.path={data}",
        "data.image_size=64",
        "data.split=[0.5, 0.4, 0.1]",
        "student.architecture=test_efficientnet",
        "student.weights=none",
        f"teacher.run={teacher}",
        "distillation.method=kl",
        f"optimisation.epochs={epochs}",
        "hardware.device=cpu",
        "hardware.threads=1",
        "hardware.devices=2",
    )
    return set_values(preset(Preset.QUICK), changes)


def _kill_a_follower() -> None:
    """The process of the second rank, which says so in its environment."""
    for process in psutil.Process().children(recursive=True):
        if process.is_running() and process.environ().get("RANK") == "1":
            process.kill()
            return
    raise AssertionError("nobody follows")


@needs_gloo
def test_when_one_of_two_processes_is_killed_both_end_and_one_can_go_on(
    sample_set: Path, finished_run: RunFolder, tmp_path: Path
) -> None:
    run = create_run(_recipe(sample_set, finished_run.path, 500), runs=tmp_path / "runs", name="two")
    told: list[Event] = []

    def kill(event: Event) -> None:
        told.append(event)
        if isinstance(event, EpochFinished) and event.record.epoch == 1:
            _kill_a_follower()

    with pytest.raises(SkinKDError, match="ended unexpectedly"):
        execute(run, kill, CancelToken())
    assert run.status().state is RunState.FAILED
    assert any(isinstance(event, Notice) and "each process's part" in event.text for event in told)
    done = len(run.history())
    assert done >= 1

    amend(run, assignments=["hardware.devices=1"])
    alone = CancelSource()
    with pytest.raises(Cancelled):
        execute(run, lambda event: alone.cancel() if isinstance(event, EpochFinished) else None, alone.token)
    assert [row.epoch for row in run.history()] == list(range(1, done + 2))


def test_more_gpus_than_there_are_and_several_computers_are_refused_with_words(
    sample_set: Path, tmp_path: Path
) -> None:
    recipe = _recipe(sample_set, tmp_path, 1)
    run = create_run(set_values(recipe, ["hardware.nodes=2"]), runs=tmp_path / "runs", name="nodes")
    with pytest.raises(SkinKDError, match="torchrun --nnodes 2"):
        execute(run)
    run = create_run(set_values(recipe, ["hardware.device=cuda"]), runs=tmp_path / "runs", name="gpus")
    with pytest.raises(SkinKDError, match="asks for 2 devices, and this computer has 0"):
        execute(run)


def test_a_process_does_what_its_parent_writes_and_stops_when_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after(command: str, parent: int) -> tuple[bool, bool]:
        source = CancelSource()
        (tmp_path / "command").write_text(command)
        monkeypatch.setenv(orders.COMMANDS, str(tmp_path / "command"))
        monkeypatch.setenv(orders.PARENT, str(parent))
        obeying = threading.Thread(target=rank._obey, args=(source,), daemon=True)
        obeying.start()
        deadline = time.monotonic() + 20
        while not (source.token.cancelled or source.token.paused) and time.monotonic() < deadline:
            time.sleep(0.01)
        found = (source.token.paused, source.token.cancelled)
        (tmp_path / "command").write_text(orders.STOP)
        obeying.join(20)
        assert source.token.cancelled
        return found

    assert after(orders.WAIT, os.getpid()) == (True, False)
    assert after(orders.STOP, os.getpid()) == (False, True)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert after(orders.GO, gone.pid) == (False, True)


def test_an_event_comes_out_of_its_line_as_it_went_in() -> None:
    losses = LossParts(1.5, 0.5, None)
    record = EpochRecord(1, losses, 0.5, 1.0, 0.25, 0.5, 0.75, 1e-3, 2.0, 30.0, True)
    events = (
        Progress(Phase.TEACHER, 1, 2, 3.0),
        Notice("a \x1b\n line", Level.WARNING),
        RunStarted(Path("/a/b"), "ü"),
        BatchFinished(1, 2, 3, 4, LossParts(1.0, 2.0, 3.0), 5.0, 6.0),
        EpochFinished(record, 3, None, 1.0),
    )
    for event in events:
        line = to_line(event)
        assert line.count("\n") == 1
        assert from_line(line) == event
    assert from_line("what a library prints\n") is None
