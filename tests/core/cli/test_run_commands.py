from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli.interrupt import stoppable
from core.cli.main import run
from core.cli.progress import PlainLines
from core.cli.run_commands import find_run
from core.errors import SkinKDError
from core.events import BatchFinished, Event
from core.paths import runs_root
from core.recipe import Recipe, read_recipe
from core.runs.folder import RunFolder, create_run

Call = Callable[..., tuple[int, Any]]


def test_train_made_a_finished_run(trained: Path, sample_set: Path) -> None:
    assert (trained / "model.safetensors").is_file()
    recipe = read_recipe(trained / "recipe.toml")
    assert (recipe.task, recipe.data.path) == ("teacher", str(sample_set.resolve()))
    assert json.loads((trained / "status.json").read_text())["name"] == "Tiny"


def test_runs_lists_it_with_its_scores(trained: Path, as_json: Call, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = as_json("runs", "--runs", str(trained.parent))
    assert code == 0
    (entry,) = document["runs"]
    assert (entry["folder"], entry["state"], entry["synthetic"]) == (str(trained), "finished", True)
    metrics = json.loads((trained / "metrics.json").read_text())
    assert entry["test"]["weighted_f1"] == metrics["test"]["weighted_f1"]
    assert run(["runs", "--runs", str(trained.parent)]) == 0
    table = capsys.readouterr().out
    assert trained.name in table
    assert "Synthetic: " in table


def test_no_runs_is_no_error(tmp_path: Path, as_json: Call, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none").mkdir()
    assert as_json("runs", "--runs", str(tmp_path / "none")) == (0, {"root": str(tmp_path / "none"), "runs": []})
    assert run(["runs", "--runs", str(tmp_path / "none")]) == 0
    assert "skinkd-cli train" in capsys.readouterr().err
    assert as_json("runs")[0] == 0  # the folder of one's own runs, before the first one


@pytest.mark.parametrize("place", ["typo", "x" * 300, "file"])
def test_a_folder_of_runs_that_is_none_is_said(
    tmp_path: Path, as_json: Call, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    (tmp_path / "file").touch()
    assert run(["runs", "--runs", str(tmp_path / place)]) == 1
    assert "There is no such folder" in capsys.readouterr().err
    code, document = as_json("runs", "--runs", str(tmp_path / place))
    assert code == 1
    assert "does not exist" in document["error"]["summary"]


def test_training_without_data_says_which_key(as_json: Call) -> None:
    code, document = as_json("train", "quick")
    assert code == 2
    assert [problem["key"] for problem in document["error"]["problems"]] == ["data.path"]


def test_missing_data_are_said_before_a_run_is_made(tmp_path: Path, as_json: Call) -> None:
    code, document = as_json("train", "paper", "--data", str(tmp_path / "none"), "--runs", str(tmp_path / "runs"))
    assert (code, document["error"]["title"]) == (1, "The data is not there")
    assert not (tmp_path / "runs").exists()


def test_a_run_is_found_by_its_name(trained: Path, tmp_path: Path, as_json: Call) -> None:
    assert find_run("Tiny", trained.parent) == trained.resolve()
    for number in range(2):
        create_run(Recipe(), runs=tmp_path, name="twin").set_status(message=str(number))
    with pytest.raises(SkinKDError, match=r"name of \S+-twin, \S+-twin"):
        find_run("twin", tmp_path)


def test_resume_of_an_unknown_run_offers_near_names(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["resume", "tiny", "--runs", str(trained.parent)]) == 1
    assert trained.name in capsys.readouterr().err


def test_resume_of_a_finished_run_changes_nothing(trained: Path, as_json: Call) -> None:
    before = (trained / "model.safetensors").stat().st_mtime_ns
    code, document = as_json("resume", trained.name, "--runs", str(trained.parent))
    assert (code, document["state"]) == (0, "finished")
    assert (trained / "model.safetensors").stat().st_mtime_ns == before


def test_ctrl_c_leaves_a_run_that_resume_finishes(
    sample_set: Path, tiny: tuple[str, ...], as_json: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    show = PlainLines.__call__
    before = signal.getsignal(signal.SIGINT)  # ignored where the tests run in the background

    def interrupt(lines: PlainLines, event: Event) -> None:
        show(lines, event)
        if isinstance(event, BatchFinished):
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(PlainLines, "__call__", interrupt)
        code, document = as_json("train", "quick", *tiny, "--data", str(sample_set))
    assert code == 130
    folder = document["error"]["run"]
    assert f"skinkd-cli resume {folder}" in document["error"]["summary"]
    assert as_json("runs")[1]["runs"][0]["state"] == "stopped"
    assert signal.getsignal(signal.SIGINT) is before
    code, document = as_json("resume", folder, "--set", "optimisation.sampler=shuffle")
    assert (code, document["error"]["title"]) == (1, "The recipe has changed")
    code, document = as_json("resume", folder, "--data", str(tmp_path / "typo"))
    assert (code, document["error"]["title"]) == (1, "The data is not there")
    moved = shutil.copytree(sample_set, tmp_path / "moved data")
    code, document = as_json("resume", folder, "--data", str(moved), "--set", "optimisation.patience=3")
    assert (code, document["state"]) == (0, "finished")
    assert document["test"]["accuracy"] >= 0
    recipe = RunFolder(Path(folder)).recipe()
    assert (recipe.data.path, recipe.optimisation.patience) == (str(moved), 3)


def test_sigterm_stops_too() -> None:
    with stoppable() as token:
        signal.raise_signal(signal.SIGTERM)
        assert token.cancelled


def test_a_second_ctrl_c_ends_at_once() -> None:
    with stoppable() as token:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert token.cancelled


def test_the_demo_makes_five_runs_over_one_teacher(sample_set: Path, as_json: Call) -> None:
    quick = (
        *("optimisation.epochs=1", "optimisation.warmup=0", "data.image_size=32", "hardware.threads=1"),
        *("teacher.architecture=test_resnet", "student.architecture=test_efficientnet"),
    )
    changes = [word for change in quick for word in ("--set", change)]
    code, document = as_json("demo", "--data", str(sample_set), *changes)
    assert code == 0
    kinds = [(entry["task"], entry["method"], entry["curriculum"]) for entry in document["runs"]]
    assert kinds == [
        ("teacher", None, None),
        ("student", "none", "none"),
        ("student", "kl", "none"),
        ("student", "dist", "none"),
        ("student", "kl", "easy_first"),
    ]
    assert all(entry["state"] == "finished" and entry["synthetic"] for entry in document["runs"])
    teacher = document["runs"][0]["folder"]
    assert read_recipe(Path(document["runs"][2]["folder"]) / "recipe.toml").teacher.run == teacher
    assert len(list(runs_root().iterdir())) == 5
