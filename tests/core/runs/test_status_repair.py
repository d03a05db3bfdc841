"""A damaged status.json costs a run nothing; what a newer version wrote is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.documents import NewerVersionError
from core.errors import Cancelled, SkinKDError
from core.events import Event, Notice
from core.recipe import Recipe, set_values
from core.runs import status
from core.runs.amending import rename_run
from core.runs.annotations import Annotations, read_annotations, write_annotations
from core.runs.evidence import load_evidence
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.listing import list_runs, summarise
from core.runs.status import RunState
from core.runs.status_repair import repair_status
from core.runs.teachers import find_teacher
from tests.core.conftest import WriteRun
from tests.core.runs.test_execute import StopAfter, assert_same_run, small

LABELS = np.array([0, 1, 1, 2])

SMALL = "student.architecture=test_resnet"

DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": lambda file: file.unlink(),
    "empty": lambda file: file.write_bytes(b""),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:40]),
    "no text": lambda file: file.write_bytes(b"\xff\xfe\x00"),
    "deep": lambda file: file.write_text("[" * 100_000),
    "a list": lambda file: file.write_text("[1]"),
    "a slip": lambda file: file.write_text(file.read_text().replace("state", "stat")),
    "endless": lambda file: file.write_text(file.read_text().replace('"epoch": 0', f'"epoch": {"9" * 5000}')),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_finished_run_stays_finished(write_run: WriteRun, damage: str) -> None:
    folder = RunFolder(write_run("whole", LABELS, LABELS))
    folder.model_file.write_bytes(b"weights")
    before = summarise(folder)
    DAMAGES[damage](folder.status_file)
    (listed,) = list_runs(folder.path.parent)
    assert listed.status.state is RunState.FINISHED
    assert listed.status.message.startswith("status.json can not be read")
    assert listed.status.name == "whole"
    assert (listed.scores, listed.recipe) == (before.scores, before.recipe)
    assert load_evidence(folder.path, resamples=50).name == "whole"
    assert find_teacher(folder.path.name, folder.path.parent).path == folder.path


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_unfinished_run_can_be_resumed(tmp_path: Path, damage: str) -> None:
    folder = create_run(set_values(Recipe(), ["student.weights=none", SMALL]), runs=tmp_path, name="The run")
    created = folder.status().created
    DAMAGES[damage](folder.status_file)
    (listed,) = list_runs(tmp_path)
    assert (listed.status.state, listed.resumable) == (RunState.STOPPED, True)
    assert listed.status.message.endswith("It can be resumed.")
    damaged = folder.status_file.read_bytes() if folder.status_file.exists() else None
    told: list[Event] = []
    with pytest.raises(SkinKDError, match="No data are named"):  # it is worked on, as far as it goes
        execute(folder, told.append)
    assert any(isinstance(event, Notice) and "was written anew" in event.text for event in told)
    status = folder.status()
    assert (status.state, status.name, status.epochs) == (RunState.FAILED, "the-run", 25)
    assert status.created[:16] == created[:16]
    kept = folder.path / "status.json.damaged"
    assert (kept.read_bytes() if kept.exists() else None) == damaged


def test_what_a_newer_version_wrote_is_not_replaced(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path)
    values = json.loads(folder.status_file.read_text())
    folder.status_file.write_text(json.dumps({"version": 2, "phase": 3}))
    (listed,) = list_runs(tmp_path)
    assert listed.status.state is RunState.FAILED
    assert "from a newer SkinKD" in listed.status.message
    for attempt in (lambda: execute(folder), lambda: repair_status(folder), lambda: rename_run(folder.path, "new")):
        with pytest.raises(NewerVersionError):
            attempt()
    assert json.loads(folder.status_file.read_text()) == {"version": 2, "phase": 3}
    folder.status_file.write_text(json.dumps(values))
    folder.metrics_file.write_text(json.dumps({"version": 2}))
    assert "from a newer SkinKD" in list_runs(tmp_path)[0].status.message
    annotations = folder.path / "annotations.json"
    annotations.write_text(json.dumps({"version": 2, "tags": ["a"], "colour": "red"}))
    assert read_annotations(folder.path).tags == ("a",)
    with pytest.raises(NewerVersionError):
        write_annotations(folder.path, Annotations(("b",)))
    assert "colour" in annotations.read_text()


def test_a_status_of_an_older_version_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = create_run(Recipe(), runs=tmp_path, name="old")
    values = json.loads(folder.status_file.read_text())
    title = values.pop("name")
    folder.status_file.write_text(json.dumps({**values, "version": 0, "title": title}))
    monkeypatch.setitem(
        status.STATUS_MIGRATIONS, 0, lambda old: {("name" if key == "title" else key): old[key] for key in old}
    )
    assert folder.status().name == "old"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("stat", "finished", "stat: unknown name; did you mean state?"),
        ("state", "finishd", "did you mean finished?"),
        ("state", ["finished"], "known are queued"),
        ("name", 5, "name: expected a text"),
        ("created", "yesterday", "created: expected a time such as"),
        ("created", "0001-01-01T00:00:00", "created: expected a time"),
        ("seconds", float("nan"), "seconds: expected a number"),
        ("seconds", "12", "seconds: expected a number"),
        ("epoch", True, "epoch: expected a whole number"),
        ("epoch", -1, "epoch: expected a whole number"),
        ("synthetic", "no", "synthetic: expected true or false"),
        ("version", "1", "version: expected a whole number"),
    ],
)
def test_wrong_values_of_a_status_are_named(tmp_path: Path, key: str, value: object, said: str) -> None:
    folder = create_run(Recipe(), runs=tmp_path)
    values = json.loads(folder.status_file.read_text())
    folder.status_file.write_text(json.dumps({**values, key: value}))
    with pytest.raises(SkinKDError) as caught:
        folder.status()
    assert said in caught.value.summary


def test_a_damaged_environment_costs_no_result(write_run: WriteRun) -> None:
    folder = RunFolder(write_run("whole", LABELS, LABELS))
    folder.environment_file.write_text("[")
    summary = summarise(folder)
    assert summary.status.state is RunState.FINISHED
    assert "environment.json can not be read" in summary.status.message
    assert summary.scores is not None


@pytest.mark.parametrize("name", ["../x", "/abs", "CON", "a.", "x" * 300, "a\x1b[31m\x00b", "a\u202egnp.exe", "\ud800"])
def test_no_name_climbs_out_of_the_runs_or_commands_a_terminal(tmp_path: Path, name: str) -> None:
    folder = create_run(Recipe(), runs=tmp_path / "runs", name=name)
    assert folder.path.parent == tmp_path / "runs"
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    assert folder.path.name.replace("-", "").isalnum()
    shown = folder.status().name
    assert shown
    assert len(shown) <= 120
    assert shown.isprintable()


def test_a_run_goes_on_though_all_that_can_be_told_anew_is_damaged(sample_set: Path, tmp_path: Path) -> None:
    recipe = small(sample_set, "task=teacher")
    whole, damaged = (create_run(recipe, runs=tmp_path, name=name) for name in ("whole", "damaged"))
    execute(whole)
    token = StopAfter(2)
    with pytest.raises(Cancelled):
        execute(damaged, token.seen, token)
    for file in (damaged.status_file, damaged.history_file, damaged.environment_file):
        file.write_text("{")
    told: list[Event] = []
    summary = execute(damaged, told.append)
    assert summary.status.state is RunState.FINISHED
    words = " ".join(event.text for event in told if isinstance(event, Notice))
    assert all(name in words for name in ("status.json", "history.csv", "environment.json"))
    assert_same_run(damaged, whole)
