"""The queue with core's plans behind it: what an entry's error leaves in the queue."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.recipe import Preset, preset, set_values
from core.runs.folder import RunFolder
from core.runs.status import RunState, RunSummary
from skinkd_gui.training.queue import TrainingQueue
from skinkd_gui.training.work import Conditions


def fail(folder: RunFolder, emit: Emit, token: CancelToken | None) -> RunSummary:
    """A run whose data are gone, say on a drive that is not connected."""
    folder.set_status(state=RunState.FAILED)
    raise SkinKDError("The data is not there", f"{folder.recipe().data.path} does not exist.")


def test_a_student_whose_teacher_fails_waits_with_the_error(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The student's recipe is in no run's folder yet. The teacher is gone on with, not made again."""
    monkeypatch.setattr("core.runs.execute.execute", fail)
    recipe = set_values(preset(Preset.PAPER), [f"data.path={tmp_path / 'gone'}"])
    queue = TrainingQueue(Conditions(tmp_path / "runs"))
    queue.add(recipe, "student")
    qtbot.waitUntil(lambda: not queue.busy)
    (entry,) = queue.state.waiting
    assert (entry.name, entry.recipe) == ("student", recipe)
    assert entry.problem == f"The data is not there: {tmp_path / 'gone'} does not exist."
    teacher, student = entry.plan
    assert teacher.folder is not None
    assert (student.folder, student.needs_teacher_of) == (None, 0)
    queue.add_resume(teacher.folder)  # as from the table of runs: it goes on with the student's entry
    assert queue.state.current is not None
    assert queue.state.current.id == entry.id
    qtbot.waitUntil(lambda: not queue.busy)
    assert [run.folder for run in queue.state.waiting[0].plan] == [teacher.folder, None]
    assert [folder.name for folder in (tmp_path / "runs").iterdir() if folder.name[0] != "."] == [teacher.folder.name]
