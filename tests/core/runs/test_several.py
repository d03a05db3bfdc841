"""A run that several processes make: with one of them killed, and gone on with by one alone."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from multiprocessing import Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from core.errors import Cancelled, SkinKDError
from core.events import (
    CancelSource,
    CancelToken,
    EpochFinished,
    Event,
    Notice,
)
from core.recipe import Preset, Recipe, preset, set_values
from core.runs.amending import amend
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.rank import Wish, obey
from core.runs.recorded import recorded_legs
from core.runs.status import RunState
from core.training.legs import changes_text

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
    """The process that was started last."""
    children = [child for child in multiprocessing.active_children() if isinstance(child, BaseProcess)]
    max(children, key=lambda child: child.pid or 0).kill()


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
    assert "(2 processes of 1 thread, 32-bit)" in run.status().device

    amend(run, assignments=["hardware.devices=1"])
    alone = CancelSource()

    def stop(event: Event) -> None:
        told.append(event)
        if isinstance(event, EpochFinished):
            alone.cancel()

    with pytest.raises(Cancelled):
        execute(run, stop, alone.token)
    assert [row.epoch for row in run.history()] == list(range(1, done + 2))
    together, after = recorded_legs(run)
    assert (together.epoch, after.epoch) == (1, done + 1)
    assert changes_text(together, after) == "hardware.devices: 2 -> 1"
    assert any("was on 2 processes on cpu so far" in event.text for event in told if isinstance(event, Notice))
    assert "2 processes" not in run.status().device


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


def test_a_leader_does_what_its_parent_wishes_and_stops_when_that_is_gone() -> None:
    source, (ours, theirs) = CancelSource(), Pipe()
    obeying = threading.Thread(target=obey, args=(source, theirs))
    obeying.start()
    ours.send(Wish.WAIT)
    ours.send(Wish.GO)
    ours.send(Wish.WAIT)
    ours.close()
    obeying.join(20)
    theirs.close()
    assert not obeying.is_alive()
    assert source.token.cancelled
