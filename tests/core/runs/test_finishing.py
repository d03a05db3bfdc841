"""A run is called finished only when everything that a finished run has is there."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import atomic
from core.errors import SkinKDError
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.listing import summarise
from core.runs.status import RunState, RunStatus
from tests.core.runs.test_execute import small

RESULTS = ("recipe.toml", "environment.json", "split.csv", "history.csv", "metrics.json", "predictions.csv")
WEIGHTS = ("model.safetensors", "checkpoint/state.pt")
BRIEF = ("student.architecture=test_resnet", "optimisation.epochs=1")


@pytest.fixture
def folder(sample_set: Path, tmp_path: Path) -> RunFolder:
    return create_run(small(sample_set, *BRIEF), runs=tmp_path)


def test_finished_is_written_after_everything_else(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads status.json at any instant, and whatever kills the process after it, finds all the rest."""
    there: list[dict[str, bytes]] = []
    write = RunFolder.write_status

    def spy(run: RunFolder, status: RunStatus) -> None:
        if status.state is RunState.FINISHED:
            there.append({name: (run.path / name).read_bytes() for name in (*RESULTS, *WEIGHTS)})
            assert list(run.path.glob("events.out.tfevents.*"))
        write(run, status)

    monkeypatch.setattr(RunFolder, "write_status", spy)
    execute(folder)
    (before,) = there
    assert before == {name: (folder.path / name).read_bytes() for name in before}, "something was written after it"


@pytest.mark.parametrize("name", ["metrics.json", "predictions.csv"])
def test_a_result_that_can_not_be_written_leaves_no_finished_run(
    name: str, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    replacing = atomic.replacing

    def full(path: Path) -> Iterator[Path]:
        if path.name == name:
            raise OSError(errno.ENOSPC, "no space left on device", str(path))
        return replacing(path)  # type: ignore[return-value]

    monkeypatch.setattr(atomic, "replacing", full)
    with pytest.raises(SkinKDError, match="disk is full"):
        execute(folder)
    assert folder.status().state is RunState.FAILED
    assert summarise(folder).resumable
    monkeypatch.undo()
    assert execute(folder).status.state is RunState.FINISHED
