"""`study` makes the runs once, goes on, and says how far the paper is."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import core.runs.execute
from core.cli.main import run
from core.errors import SkinKDError
from core.paths import runs_root
from core.runs.folder import RunFolder
from core.study.files import read_study
from tests.core.study.conftest import StandIn

Call = Callable[..., tuple[int, Any]]
SMALL = ("--set", "data.image_size=32", "--set", "student.weights=none", "--set", "teacher.weights=none")


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Training takes no time."""
    stand_in = StandIn()
    monkeypatch.setattr(core.runs.execute, "execute", stand_in)
    return stand_in


def test_the_papers_study_from_one_command(
    sample_set: Path, training: StandIn, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("study", "paper", "--data", str(sample_set), *SMALL, "--seeds", "0,1")
    code, document = as_json(*command)
    assert code == 0
    assert len(training.done) == len(list(runs_root().glob("*/recipe.toml"))) == 1 + 23 * 2
    assert len(document["rows"]) == 24
    row = next(row for row in document["rows"] if row["configuration"] == "kl-0.1")
    assert (row["n"], len(row["points"]), row["method"], row["alpha"]) == (2, 2, "kl", 0.1)
    f1 = row["weighted_f1"]
    assert f1["published"] == pytest.approx(0.73508)
    assert f1["difference"] == pytest.approx(f1["mean"] - 0.73508)
    assert document["headline"].startswith("NOT a reproduction")
    assert document["missing"] == document["failed"] == document["warnings"] == []
    assert run(command) == 0  # the same again: nothing is trained
    said = capsys.readouterr()
    assert len(training.done) == 47
    lines = said.out.splitlines()
    assert lines[2].startswith("NOT a reproduction: images 3 instead of 25,331; training, validation, test")
    assert "image size 32 pixels instead of 224" in lines[2]
    kl, *_ = [line for line in lines if line.startswith("KL 0.1  ")]  # of table 2; it stands in table 3 too
    assert "73.5 %" in kl
    assert "±" in kl
    assert "47 of 47 runs are finished already" in said.err


def test_a_stopped_study_goes_on_by_its_name(
    sample_set: Path, training: StandIn, as_json: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(folder: RunFolder) -> None:
        if len(training.done) == 3:
            signal.raise_signal(signal.SIGINT)

    training.before = interrupt
    code, document = as_json("study", "paper", "--data", str(sample_set), *SMALL, "--name", "My study")
    assert code == 130
    assert "skinkd-cli study my-study" in document["error"]["summary"]
    assert len(training.done) == 4
    training.before = lambda folder: None
    assert as_json("study", "my-study", "--dry-run")[1]["finished"] == 4
    code, document = as_json("study", "my-study", "--show")
    assert (code, len(document["missing"]), len(training.done)) == (0, 20, 4)
    code, document = as_json("study", "My study")
    assert (code, len(training.done)) == (0, 24)
    assert as_json("study")[1]["studies"][0]["finished"] == 24
    again = ("study", "paper", "--data", str(sample_set), *SMALL, "--name", "My study")
    code, document = as_json(*again, "--seeds", "0,1", "--dry-run")
    assert (document["runs"], document["finished"]) == (47, 24)
    assert document["members"][-1]["title"] == "DIST 0.1 in random order, seed 1"
    assert as_json(*again, "--set", "optimisation.epochs=3", "--dry-run")[1]["error"]["title"] == (
        "Another study has this name"
    )
    code, document = as_json("study", "my-study", "--seeds", "0,1")
    assert (code, document["error"]["title"]) == (2, "Wrong usage")
    assert "--seeds" in document["error"]["summary"]


def test_a_failed_run_is_told_and_tried_again_when_asked(
    sample_set: Path, training: StandIn, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(folder: RunFolder) -> None:
        if folder.status().name.endswith("DIST 0.3"):
            raise SkinKDError("Broken", "no luck")

    training.before = fail
    command = ("study", "paper", "--data", str(sample_set), *SMALL)
    code, document = as_json(*command)
    assert code == 1
    assert [item["configuration"] for item in document["failed"]] == ["dist-0.3"]
    assert [item["configuration"] for item in document["missing"]] == ["dist-0.3"]
    training.before = lambda folder: None
    assert run(command) == 1
    said = capsys.readouterr()
    assert "Missing: DIST 0.3: failed (Broken: no luck)" in said.out
    assert "--retry" in said.err
    assert as_json(*command, "--retry")[0] == 0


def test_a_study_file_is_written_edited_and_run(
    sample_set: Path, training: StandIn, tmp_path: Path, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.toml"
    assert run(["study-file", "--out", str(file), "--teacher-set", "optimisation.learning_rate=0.0003", *SMALL]) == 0
    assert run(["study-file", "--out", str(file)]) == 1  # it is not replaced
    study = read_study(file)
    assert dict(study.configuration("teacher").changes) == {"optimisation.learning_rate": 0.0003}
    text = file.read_text().replace("paper = true", "paper = false").replace('name = "Paper study"', 'name = "Own"')
    file.write_text(text)
    code, document = as_json("study", str(file), "--data", str(sample_set), "--seeds", "4")
    assert (code, document["study"], document["headline"]) == (0, "own", "")
    assert document["rows"][1]["points"][0]["seed"] == 4
    assert document["rows"][1]["weighted_f1"]["published"] is None
    assert as_json("study", str(file), "--fine-sweep")[0] == 2
    capsys.readouterr()
    assert run(["study-file"]) == 0
    assert "kl-0.9-cl" in capsys.readouterr().out


def test_every_loss_and_curriculum_in_one_command(
    sample_set: Path, training: StandIn, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("study", "every", "--data", str(sample_set), *SMALL)
    code, document = as_json(*command)
    assert code == 0
    keys = {row["configuration"] for row in document["rows"]}
    assert {"plain", "loss-dkd", "labels-focal", "easy_first-by-gap", "class_interleaved-by-teacher_confidence"} <= keys
    assert len([key for key in keys if key.endswith("-random")]) == 2  # in random order, and in turn by random numbers
    assert len(training.done) == len(keys)
    assert document["missing"] == document["failed"] == []
    assert as_json(*command, "--fine-sweep")[0] == 2
    capsys.readouterr()
    assert run(command) == 0
    assert "DKD" in capsys.readouterr().out


def test_a_dry_run_makes_nothing(sample_set: Path, as_json: Call, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("study", "paper", "--data", str(sample_set), "--fine-sweep", "--dry-run")
    code, document = as_json(*command)
    assert (code, document["runs"]) == (0, 24 + 4)
    assert "synthetic instead of photographs" in document["headline"]
    first = document["planning"]["rows"][0]
    assert (first["True difference"], first["Images, 1 seed"], first["Seeds, images here"]) == (
        "0.5 points",
        None,
        None,
    )
    assert "each of 26 configurations" in document["planning"]["notes"][1]
    assert run(command) == 0
    said = capsys.readouterr().out
    assert "KL 0.05" in said
    assert "each of 26 configurations" in said
    assert not runs_root().exists()


def test_a_dry_run_says_what_the_study_will_be_made_of(
    sample_set: Path, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("study", "paper", "--data", str(sample_set), "--dry-run")
    document = as_json(*command)[1]
    leaks, shown = document["leakage"], document["coverage"]
    assert leaks["leaking"] > 0  # divided by image, as the paper does
    assert leaks["test"] == document["parts"]["test"]
    assert (shown["images"], shown["draws"]) == (document["parts"]["train"], 25)
    assert 0 < shown["first"] < 1
    assert "Curriculum" in [item["what"] for item in document["readings"]]
    assert as_json(*command, "--split", "lesion")[1]["leakage"]["leaking"] == 0
    assert run(command) == 0
    said = capsys.readouterr().out
    assert f"{leaks['leaking']} of {leaks['test']} test images" in said
    assert "drawn and sorted once" in said


def test_one_option_runs_both_readings_and_one_both_splits(sample_set: Path, training: StandIn, as_json: Call) -> None:
    command = ("study", "paper", "--data", str(sample_set), *SMALL)
    code, document = as_json(*command, "--redraw", "both", "--name", "Readings")
    assert (code, len(training.done), len(document["rows"])) == (0, 36, 36)
    rows = {row["configuration"]: row for row in document["rows"]}
    assert (rows["kl-0.1-cl"]["redraw"], rows["kl-0.1-cl-each_epoch"]["redraw"]) == ("once", "each_epoch")
    assert rows["kl-0.1-cl"]["weighted_f1"]["published"] == pytest.approx(0.68508)
    assert rows["kl-0.1-cl-each_epoch"]["weighted_f1"]["published"] is None
    code, document = as_json(*command, "--split", "both")
    by_image, by_lesion = document["studies"]
    assert (code, len(training.done)) == (0, 36 + 2 * 24)
    assert (by_image["study"], by_lesion["study"]) == ("paper-study-by-image", "paper-study-by-lesion")
    assert "Split" not in [item["what"] for item in by_image["departures"]]
    assert "Split" in [item["what"] for item in by_lesion["departures"]]
    for wrong in (("--set", "curriculum.redraw=once"), ("--split", "both", "--teacher", "any")):
        assert as_json(*command, *wrong)[1]["error"]["title"] == "Wrong usage"
    assert as_json("study-file", "--split", "both")[0] == 2


def test_what_is_missing_is_said_before_anything_is_made(sample_set: Path, tmp_path: Path, as_json: Call) -> None:
    code, document = as_json("study", "paper")
    assert (code, document["error"]["problems"][0]["key"]) == (2, "data.path")
    code, document = as_json("study", "paper", "--data", str(tmp_path / "none"))
    assert (code, document["error"]["title"]) == (1, "The data is not there")
    code, document = as_json("study", "paper", "--data", str(sample_set), "--show")
    assert (code, document["error"]["title"]) == (1, "The study was not begun")
    code, document = as_json("study", "nothing")
    assert (code, document["error"]["title"]) == (1, "There is no such study")
    code, document = as_json("study", "paper", "--data", str(sample_set), "--teacher", "nobody")
    assert (code, document["error"]["title"]) == (1, "There is no such run")
    code, document = as_json("study", "paper", "--data", str(sample_set), "--seeds", "a")
    assert (code, document["error"]["title"]) == (2, "Wrong usage")
    code, document = as_json("study", "paper", "--data", str(sample_set), "--teacher-set", "optimisation.epoch=3")
    assert code == 2
    assert "did you mean epochs" in document["error"]["problems"][0]["message"]
    assert not runs_root().exists()
    assert as_json("study")[1] == {"root": str(runs_root()), "studies": []}


def test_a_finished_teacher_is_given(sample_set: Path, training: StandIn, as_json: Call, trained: Path) -> None:
    code, document = as_json("study", "paper", "--data", str(sample_set), *SMALL, "--teacher", str(trained))
    assert (code, len(training.done)) == (0, 23)
    assert document["rows"][0]["folders"] == [str(trained)]
    members = json.loads((Path(document["folder"]) / "members.json").read_text())["members"]
    assert len(members) == 23


def test_a_dry_run_describes_the_given_teacher(sample_set: Path, as_json: Call, trained: Path, tmp_path: Path) -> None:
    command = ("study", "paper", "--data", str(sample_set), "--dry-run", "--teacher")
    document = as_json(*command, str(trained))[1]
    architecture = RunFolder(trained).recipe().teacher.architecture
    assert architecture in document["teacher"]
    assert "weighted F1" in document["teacher"]
    assert f"teacher architecture {architecture}" in document["headline"]
    alone = shutil.copy(trained / "model.safetensors", tmp_path / "alone.safetensors")
    document = as_json(*command[:-1], "--set", f"teacher.run={alone}")[1]
    assert "how it was trained is not known" in document["teacher"]
    assert "teacher one of which it is not known how it was trained" in document["headline"]


def test_the_help_shows_the_format_with_its_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["study", "--help"]) == 0
    said = capsys.readouterr().out
    for word in ("[[configuration]]", "[axes]", "[base.data]", "[0, 1, 2]"):
        assert word in said


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--engine", "rey"), "did you mean ray"),
        (("--address", "auto"), "--address: only for --engine ray"),
        (("--gpus-per-run", "0.5"), "--gpus-per-run: only for --engine ray"),
    ],
)
def test_an_engine_and_what_it_heeds(
    options: tuple[str, str], told: str, sample_set: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(("study", "paper", "--data", str(sample_set), *options)) == 2
    assert told in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not runs_root().exists()
