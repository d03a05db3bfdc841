"""Lists show every folder, the broken ones with their reason."""

from __future__ import annotations

import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.evaluation.metrics import score, scores_to_json
from core.recipe import Recipe
from core.runs import listing
from core.runs.annotations import Annotations, write_annotations
from core.runs.folder import RunFolder, create_run
from core.runs.listing import INTERRUPTED, list_runs, summarise
from core.runs.status import RunState, RunSummary

ISIC2019 = CLASS_SETS["isic2019"]


def test_newest_first_with_scores_and_size(tmp_path: Path) -> None:
    folders = [create_run(Recipe(), runs=tmp_path, name=f"run {number}") for number in range(3)]
    for number, folder in enumerate(folders):
        values = json.loads(folder.status_file.read_text())
        folder.status_file.write_text(json.dumps({**values, "created": f"2026-01-0{number + 1}T00:00:00+00:00"}))
    scores = score(np.array([0, 1]), np.eye(8, dtype=np.float32)[[0, 0]], ISIC2019)
    folders[2].metrics_file.write_text(json.dumps({"test": scores_to_json(scores)}))
    folders[2].environment_file.write_text(json.dumps({"parameters": 2_234_120}))
    found = list_runs(tmp_path)
    assert [summary.status.name for summary in found] == ["run 2", "run 1", "run 0"]
    assert found[0].scores == scores
    assert found[0].parameters == 2_234_120
    assert found[1].scores is None
    assert found[1].recipe == folders[1].recipe()


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.PAUSED])
def test_a_run_that_nobody_works_on_was_interrupted(tmp_path: Path, state: RunState) -> None:
    folder = create_run(Recipe(), runs=tmp_path)
    folder.set_status(state=state)
    with folder.locked():
        assert list_runs(tmp_path)[0].status.state is state
    (summary,) = list_runs(tmp_path)
    assert (summary.status.state, summary.status.message) == (RunState.STOPPED, INTERRUPTED)
    assert summary.resumable
    assert folder.status().state is state  # listing changes nothing


def test_broken_folders_are_listed_with_their_reason(tmp_path: Path) -> None:
    for name in ("recipe", "status", "metrics", "unknown"):
        create_run(Recipe(), runs=tmp_path, name=name)
    folders = {summary.status.name: RunFolder(summary.folder) for summary in list_runs(tmp_path)}
    folders["recipe"].recipe_file.write_text("version = [")
    folders["status"].status_file.unlink()
    folders["metrics"].metrics_file.write_text('{"test": {"accuracy": 1}}')
    folders["unknown"].recipe_file.write_text("[data]\npaht = 1\n")
    (tmp_path / "no run").mkdir()
    (tmp_path / "file.txt").write_text("")
    found = {summary.folder: summary for summary in list_runs(tmp_path)}
    assert len(found) == 4
    states = {name: found[folder.path].status.state for name, folder in folders.items()}
    assert states.pop("status") is RunState.STOPPED  # its other files tell where it stands
    assert set(states.values()) == {RunState.FAILED}
    expected = {
        "recipe": "recipe can not be read",
        "status": "status.json",
        "metrics": "metrics.json",
        "unknown": "paht",
    }
    for name, words in expected.items():
        assert words in found[folders[name].path].status.message
    assert not found[folders["recipe"].path].resumable


def test_no_folder_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "absent") == ()


def test_changed_runs_are_read_again(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path, name="one")
    for path in folder.path.iterdir():
        os.utime(path, (1_000_000, 1_000_000))  # long settled, so that the summary may be kept
    first = list_runs(tmp_path)
    assert list_runs(tmp_path)[0] is first[0]
    folder.set_status(name="two")  # as long as before, and in the same second
    os.utime(folder.status_file, (1_000_000, 1_000_000))
    assert list_runs(tmp_path)[0].status.name == "two"
    write_annotations(folder.path, Annotations(("new",)))
    assert list_runs(tmp_path)[0].annotations.tags == ("new",)
    folder.recipe_file.unlink()
    assert list_runs(tmp_path)[0].recipe is None


def test_those_who_ask_at_once_share_one_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        folder = create_run(Recipe(), runs=tmp_path, name=f"run {number}")
        for path in folder.path.iterdir():
            os.utime(path, (1_000_000, 1_000_000))
    read: list[Path] = []

    def slow(folder: RunFolder) -> RunSummary:
        read.append(folder.path)
        time.sleep(0.002)
        return summarise(folder)

    monkeypatch.setattr(listing, "summarise", slow)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(list_runs, [tmp_path] * 3))
    assert len(read) == len(set(read)) == 20
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(("key", "value"), [("name", 5), ("seconds", "long"), ("message", None), ("epoch", 1.5)])
def test_a_status_of_the_wrong_kinds_is_damaged(tmp_path: Path, key: str, value: object) -> None:
    folder = create_run(Recipe(), runs=tmp_path)
    values = json.loads(folder.status_file.read_text())
    folder.status_file.write_text(json.dumps({**values, key: value}))
    assert "status.json" in list_runs(tmp_path)[0].status.message


def test_a_folder_that_goes_meanwhile_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_run(Recipe(), runs=tmp_path, name="stays")
    gone = create_run(Recipe(), runs=tmp_path, name="goes")
    read = RunFolder.recipe

    def read_and_lose(folder: RunFolder) -> Recipe:
        if folder.path == gone.path:
            shutil.rmtree(folder.path, ignore_errors=True)
        return read(folder)

    monkeypatch.setattr(RunFolder, "recipe", read_and_lose)
    assert [summary.status.name for summary in list_runs(tmp_path)] == ["stays"]
    assert summarise(gone).status.state is RunState.FAILED
