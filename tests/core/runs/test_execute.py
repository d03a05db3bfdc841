"""Whole runs on the sample set: teacher, students, stops, kills, and data that can not be used."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import core.runs.results
from core.classes import CLASS_SETS
from core.data.types import Part
from core.errors import Cancelled, SkinKDError
from core.evaluation.metrics import score
from core.events import CancelSource, CancelToken, EpochFinished, Event, Level, MemoryReleased, Notice, RunStarted
from core.models.files import load_model
from core.models.forward import forward_logits
from core.recipe import Recipe, set_values
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.listing import list_runs
from core.runs.planning import execute_plan, plan_runs
from core.runs.status import RunState, RunSummary
from tests.core.runs.test_tracking import read_events

ISIC2019 = CLASS_SETS["isic2019"]


def small(data: Path, *changes: str) -> Recipe:
    """A recipe of seconds on the sample set."""
    return set_values(
        Recipe(),
        [
            f"data.path={data}",
            "data.image_size=32",
            "teacher.architecture=test_resnet",
            "teacher.weights=none",
            "teacher.drop_rate=0.3",
            "teacher.drop_path_rate=0.2",
            "student.architecture=test_efficientnet",
            "student.weights=none",
            "optimisation.learning_rate=0.003",
            "optimisation.epochs=2",
            "hardware.device=cpu",
            "hardware.threads=1",
            *changes,
        ],
    )


@pytest.fixture(scope="module")
def teacher(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    """A finished teacher run (read it only)."""
    root = tmp_path_factory.mktemp("teacher")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        return execute(create_run(small(sample_set, "task=teacher"), runs=root / "runs", name="the teacher"))


def test_a_run_is_called_finished_only_when_everything_else_is_there(
    sample_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create_run(small(sample_set, "task=teacher", "optimisation.epochs=1"), runs=tmp_path / "runs")
    written: list[tuple[str, RunState]] = []
    for name in ("write_predictions", "write_json"):
        write = getattr(core.runs.results, name)

        def noted(path: Path, *more: Any, write: Callable[..., None] = write) -> None:
            write(path, *more)
            written.append((path.name, folder.status().state))

        monkeypatch.setattr(core.runs.results, name, noted)
    assert execute(folder).status.state is RunState.FINISHED
    assert written == [("predictions.csv", RunState.RUNNING), ("metrics.json", RunState.RUNNING)]


class StopAfter(CancelToken):
    """Asks to stop once the training has begun its n-th step."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps
        self.counting = False

    def seen(self, event: Event) -> None:
        """Count from the first epoch's end on."""
        self.counting = self.counting or isinstance(event, EpochFinished)

    def check(self) -> None:
        self.left -= self.counting
        if self.left < 0:
            raise Cancelled


def test_a_finished_run_is_complete(teacher: RunSummary) -> None:
    folder = RunFolder(teacher.folder)
    names = {file.name for file in folder.path.iterdir()}
    events = {name for name in names if name.startswith("events.out.tfevents.")}
    assert len(events) == 1
    assert names - events == {
        ".lock",
        "recipe.toml",
        "environment.json",
        "status.json",
        "split.csv",
        "history.csv",
        "first_epoch.csv",
        "metrics.json",
        "predictions.csv",
        "skin_tone.csv",
        "model.safetensors",
        "checkpoint",
        "run.log",
    }
    status = folder.status()
    assert (status.state, status.name, status.epoch, status.epochs) == (RunState.FINISHED, "the teacher", 2, 2)
    assert status.synthetic
    assert status.seconds > 0
    assert len(folder.history()) == 2
    environment = json.loads(folder.environment_file.read_text())
    assert environment["packages"]["torch"] == torch.__version__.partition("+")[0] or environment["packages"]["torch"]
    assert (environment["device"], environment["precision"], environment["threads"]) == ("cpu", "32", 1)
    assert "epoch 2/2" in folder.log_file.read_text()
    assert teacher.parameters == environment["parameters"] > 0


def test_scores_are_those_of_the_saved_model_on_the_saved_split(teacher: RunSummary) -> None:
    folder = RunFolder(teacher.folder)
    predictions = folder.predictions()
    test = predictions.of(Part.TEST)
    assert folder.scores() == score(test.labels, test.logits, ISIC2019) == teacher.scores
    best = max(folder.history(), key=lambda record: record.validation_accuracy)
    validation = folder.scores("validation")
    assert validation is not None
    assert validation.accuracy == best.validation_accuracy
    points = {value.tag: value.simple_value for event in read_events(folder.path) for value in event.summary.value}
    assert points["final/test_weighted_f1"] == pytest.approx(score(test.labels, test.logits, ISIC2019).weighted_f1)
    assert points["final/validation_accuracy"] == pytest.approx(best.validation_accuracy)
    rows = {row.image: row for row in folder.split_rows}
    assert set(test.names) == {name for name, row in rows.items() if row.part is Part.TEST}
    assert all(ISIC2019.codes[label] == rows[name].label for name, label in zip(test.names, test.labels, strict=True))
    metrics = json.loads(folder.metrics_file.read_text())
    assert metrics["classes"] == list(ISIC2019.codes)
    assert metrics["data"]["test"] == len(test.names)
    assert any("synthetic" in note for note in metrics["notes"])


def test_the_model_file_alone_gives_the_same_logits(teacher: RunSummary, sample_set: Path) -> None:
    from core.data.reading import read_dataset
    from core.data.store import open_store

    folder = RunFolder(teacher.folder)
    model, info = load_model(folder.model_file)
    assert (info.architecture, info.task, info.synthetic) == ("test_resnet", "teacher", True)
    dataset = read_dataset(sample_set, ISIC2019)
    places = {record.name: index for index, record in enumerate(dataset.records)}
    predictions = folder.predictions()
    indices = np.array([places[name] for name in predictions.names])
    logits = forward_logits(model, info.preprocessing, open_store(dataset, 32), indices, device="cpu")
    assert np.allclose(logits, predictions.logits, atol=1e-5)


def test_a_finished_run_is_left_as_it_is(teacher: RunSummary) -> None:
    before = (teacher.folder / "metrics.json").stat().st_mtime_ns
    said: list[Event] = []
    assert execute(RunFolder(teacher.folder), said.append).status.state is RunState.FINISHED
    assert (teacher.folder / "metrics.json").stat().st_mtime_ns == before
    assert any(isinstance(event, Notice) and "already finished" in event.text for event in said)


def test_a_distilled_student_with_curriculum(teacher: RunSummary, sample_set: Path, tmp_path: Path) -> None:
    recipe = small(
        sample_set,
        "data.image_size=40",  # another size than the teacher's
        "distillation.method=dist",
        "curriculum.order=easy_first",
        "curriculum.redraw=once",
        f"teacher.run={teacher.folder}",
    )
    said: list[Event] = []
    folder = create_run(recipe, runs=tmp_path)
    summary = execute(folder, said.append)
    assert summary.status.state is RunState.FINISHED
    assert summary.scores is not None
    assert all(record.train_loss.distillation is not None for record in folder.history())
    assert folder.environment()["teacher_precision"] == "32"
    texts = [event.text for event in said if isinstance(event, Notice)]
    assert any("at 32 pixels" in text for text in texts)
    assert not any("Leak" in text for text in texts)  # same data, same split, same seed
    assert isinstance(said[0], RunStarted)
    assert any(note.startswith("One draw shows") for note in folder.notes())


def test_a_teacher_that_saw_the_test_images_is_a_leak(teacher: RunSummary, sample_set: Path, tmp_path: Path) -> None:
    recipe = small(sample_set, "data.seed=5", "distillation.method=kl", f"teacher.run={teacher.folder}")
    said: list[Event] = []
    folder = create_run(recipe, runs=tmp_path)
    execute(folder, said.append)
    warnings = [event.text for event in said if isinstance(event, Notice) and event.level is Level.WARNING]
    (warning,) = [text for text in warnings if "the teacher was trained on (" in text and "test images were" in text]
    taught = {row.image for row in RunFolder(teacher.folder).split_rows if row.part is Part.TRAIN}
    leaked = [row for row in folder.split_rows if row.part is Part.TEST and row.image in taught]
    assert f"{len(leaked)} of the " in warning
    assert warning in json.loads(folder.metrics_file.read_text())["notes"]


def test_a_plan_trains_the_teacher_first(sample_set: Path, tmp_path: Path) -> None:
    recipe = small(sample_set, "distillation.method=kl", "optimisation.epochs=1")
    teacher, student = execute_plan(plan_runs(recipe, tmp_path), tmp_path)
    assert teacher.recipe is not None
    assert student.recipe is not None
    assert teacher.recipe.task == "teacher"
    assert student.recipe.teacher.run == str(teacher.folder)
    assert len(plan_runs(recipe, tmp_path)) == 1
    assert {summary.folder for summary in list_runs(tmp_path)} == {teacher.folder, student.folder}


def test_stopped_and_resumed_gives_the_same_run(sample_set: Path, tmp_path: Path, teacher: RunSummary) -> None:
    recipe = small(sample_set, "task=teacher")
    folder = create_run(recipe, runs=tmp_path)
    token = StopAfter(2)
    with pytest.raises(Cancelled):
        execute(folder, token.seen, token)
    assert folder.status().state is RunState.STOPPED
    assert "can be resumed" in folder.status().message
    assert len(folder.history()) == 1
    execute(folder)
    assert_same_run(folder, RunFolder(teacher.folder))


@pytest.mark.timeout(60)
def test_a_paused_run_says_so(sample_set: Path, tmp_path: Path) -> None:
    folder = create_run(small(sample_set, "task=teacher"), runs=tmp_path)
    source = CancelSource()
    seen: list[RunState] = []

    def pause_after_an_epoch(event: Event) -> None:
        if isinstance(event, EpochFinished) and event.record.epoch == 1:
            source.pause()
            threading.Thread(target=resume_when_paused).start()

    def resume_when_paused() -> None:
        while list_runs(tmp_path)[0].status.state is not RunState.PAUSED:
            time.sleep(0.01)
        seen.append(list_runs(tmp_path)[0].status.state)
        source.resume()

    assert execute(folder, pause_after_an_epoch, source.token).status.state is RunState.FINISHED
    assert seen == [RunState.PAUSED]


def test_killed_and_resumed_gives_the_same_run(sample_set: Path, tmp_path: Path, teacher: RunSummary) -> None:
    """kill -9 in the middle of the second epoch, in a process of its own."""
    folder = create_run(small(sample_set, "task=teacher"), runs=tmp_path)
    code = """
import os, signal, sys
from pathlib import Path
from core.events import CancelSource, CancelToken, EpochFinished
from core.runs.execute import execute
from core.runs.folder import RunFolder

class Killer(CancelToken):
    steps = None
    def seen(self, event):
        if isinstance(event, EpochFinished):
            self.steps = 3
    def check(self):
        if self.steps is not None:
            self.steps -= 1
            if self.steps == 0:
                os.kill(os.getpid(), signal.SIGKILL)

token = Killer()
execute(RunFolder(Path(sys.argv[1])), token.seen, token)
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run([sys.executable, "-c", code, str(folder.path)], env=environment, check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    assert folder.status().state is RunState.RUNNING
    (summary,) = list_runs(tmp_path)
    assert (summary.status.state, summary.resumable) == (RunState.STOPPED, True)
    assert "interrupted" in summary.status.message
    execute(folder)
    assert_same_run(folder, RunFolder(teacher.folder))


@pytest.mark.parametrize("name", ["model.safetensors", "metrics.json", "predictions.csv"])
@pytest.mark.parametrize("damage", ["gone", "cut off"])
def test_lost_results_of_a_finished_run_are_made_again(
    name: str, damage: str, tmp_path: Path, teacher: RunSummary
) -> None:
    folder = RunFolder(tmp_path / "copy")
    shutil.copytree(teacher.folder, folder.path)
    whole = (folder.path / name).read_bytes()
    (folder.path / name).unlink()
    if damage == "cut off":
        (folder.path / name).write_bytes(whole[: len(whole) // 2])
    said: list[Event] = []
    assert execute(folder, said.append).status.state is RunState.FINISHED
    assert (folder.path / name).read_bytes() == whole
    assert sum(isinstance(event, EpochFinished) for event in said) == 0
    shutil.rmtree(folder.checkpoint_folder)
    (folder.path / name).unlink()
    with pytest.raises(SkinKDError, match=f"{name} is missing, and its checkpoint is gone"):
        execute(folder)
    assert folder.status().state is RunState.FINISHED


def assert_same_run(first: RunFolder, second: RunFolder) -> None:
    """All numbers but the seconds are the same to the last bit."""

    def rows(folder: RunFolder) -> list[dict[str, str]]:
        with folder.history_file.open(newline="") as lines:
            found = list(csv.DictReader(lines))
        return [{key: value for key, value in row.items() if "second" not in key} for row in found]

    assert rows(first) == rows(second)
    assert first.scores() == second.scores()
    assert first.predictions_file.read_bytes() == second.predictions_file.read_bytes()
    ours, theirs = (load_model(folder.model_file)[0].state_dict() for folder in (first, second))
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    assert first.model_file.read_bytes() == second.model_file.read_bytes()  # with temperature and reference
    calibrations = [json.loads(folder.metrics_file.read_text())["calibration"] for folder in (first, second)]
    assert calibrations[0] == calibrations[1]


@pytest.fixture
def folders_with_a_bad_file(tmp_path: Path) -> Path:
    """Sixty small pictures in two class folders, one of them no picture."""
    from PIL import Image

    generator = np.random.default_rng(0)
    for code, base in (("MEL", 40), ("NV", 160)):
        (tmp_path / "images" / code).mkdir(parents=True)
        for number in range(30):
            pixels = generator.integers(base, base + 60, (40, 40, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / code / f"{code}{number}.jpg")
    (tmp_path / "images" / "MEL" / "MEL7.jpg").write_bytes(b"no picture")
    return tmp_path / "images"


def test_problem_images_stop_the_run_unless_left_out(folders_with_a_bad_file: Path, tmp_path: Path) -> None:
    recipe = small(folders_with_a_bad_file, "distillation.method=none", "optimisation.epochs=1")
    folder = create_run(recipe, runs=tmp_path / "runs")
    with pytest.raises(SkinKDError, match=r"MEL7.*data\.skip_problems") as caught:
        execute(folder)
    assert "Unreadable image" in caught.value.details
    status = folder.status()
    assert status.state is RunState.FAILED
    assert "MEL7" in status.message
    assert not folder.history()

    said: list[Event] = []
    going_on = create_run(set_values(recipe, ["data.skip_problems=true"]), runs=tmp_path / "runs")
    execute(going_on, said.append)
    assert any(isinstance(event, Notice) and "Unreadable image (1)" in event.text for event in said)
    assert len(going_on.split_rows) == 59
    metrics = json.loads(going_on.metrics_file.read_text())
    assert metrics["data"]["left_out"] == {"Unreadable image": 1}
    assert any("1 of 60 images were left out" in note for note in metrics["notes"])
    assert metrics["test"]["per_class"]["DF"]["recall"] is None


def test_a_teacher_must_be_there_and_finished(sample_set: Path, tmp_path: Path) -> None:
    unfinished = create_run(small(sample_set, "task=teacher"), runs=tmp_path, name="unfinished")
    for run, words in ((unfinished.path.name, "not finished"), ("absent", "not found"), ("unfinished", "not finished")):
        recipe = small(sample_set, "distillation.method=kl", f"teacher.run={run}")
        folder = create_run(recipe, runs=tmp_path, name="student")
        with pytest.raises(SkinKDError, match=words):
            execute(folder)
        assert folder.status().state is RunState.FAILED


def test_a_training_that_comes_apart_leaves_its_best_model(
    sample_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.training import loop

    real = loop.fit

    def fit(model: torch.nn.Module, preprocessing: object, data: object, recipe: Recipe, **options: object) -> None:
        real(model, preprocessing, data, set_values(recipe, ["optimisation.epochs=1"]), **options)  # type: ignore[arg-type]
        with torch.no_grad():
            next(model.parameters()).fill_(float("nan"))
        raise loop.TrainingDivergedError("Training came apart in epoch 2", "Lower the learning rate.")

    monkeypatch.setattr(loop, "fit", fit)
    folder = create_run(small(sample_set, "task=teacher"), runs=tmp_path)
    said: list[Event] = []
    with pytest.raises(SkinKDError, match="came apart"):
        execute(folder, said.append)
    assert folder.status().state is RunState.FAILED
    assert any(isinstance(event, Notice) and "weights of epoch 1" in event.text for event in said)
    weights = load_model(folder.model_file)[0].state_dict().values()
    assert all(torch.isfinite(value).all() for value in weights)


def test_a_full_disk_and_a_bug_leave_a_message(
    sample_set: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import errno

    def full(event: Event) -> None:
        if isinstance(event, EpochFinished):
            raise OSError(errno.ENOSPC, "No space left on device")

    def bug(event: Event) -> None:
        if isinstance(event, EpochFinished):
            raise KeyError("oops")

    folder = create_run(small(sample_set, "task=teacher"), runs=tmp_path)
    with pytest.raises(SkinKDError, match="disk is full"):
        execute(folder, full)
    assert "resume" in folder.status().message
    with pytest.raises(KeyError):
        execute(folder, bug)
    assert folder.status().message == "Unexpected error: KeyError: 'oops'"
    assert "Traceback" in folder.log_file.read_text()
    assert execute(folder).status.state is RunState.FINISHED


@pytest.mark.parametrize("broken", [None, Cancelled(), SkinKDError("Broken", "on purpose")])
def test_whoever_drives_a_run_hears_last_that_its_memory_is_free(
    broken: Exception | None, sample_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*values: object) -> None:
        if broken is not None:
            raise broken

    monkeypatch.setattr("core.runs.execute._Run.execute", work)
    events: list[Event] = []
    run = create_run(small(sample_set, "task=teacher"), runs=tmp_path / "runs")
    with nullcontext() if broken is None else pytest.raises(type(broken)):
        execute(run, events.append)
    assert events[-1] == MemoryReleased()
