"""What is tortured: small real runs, how to tell that their folders are whole, and that two ended the same."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from core.demo.sample_set import write_sample_set
from core.distillation.methods import METHODS as REGISTERED
from core.events import Emit
from core.recipe import Recipe, recipe_hash, set_values
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.listing import list_runs
from core.runs.status import RunState
from core.study.definition import Configuration, Study
from core.study.execute import run_study
from core.study.folder import StudyFolder, create_study
from core.training.checkpoint import CheckpointFolder

IMAGES, PIXELS = 96, 32

_TAUGHT = [name for name, method in REGISTERED.items() if method.needs]

METHODS: dict[str, tuple[str, ...]] = {
    "plain": ("distillation.method=none",),
    **{REGISTERED[name].title: (f"distillation.method={name}",) for name in _TAUGHT},
    "curriculum": (f"distillation.method={_TAUGHT[0]}", "curriculum.order=easy_first"),
}
"""Every way of training; all draw their images with the weighted sampler."""

Job = Callable[[Emit], object]


@dataclass(frozen=True)
class Workshop:
    """A folder with the sample set and a finished teacher, on which runs are made and compared."""

    root: Path

    @property
    def data(self) -> Path:
        """The sample set. It lies one folder deep so that a test can take it away."""
        return self.root / "data"

    @property
    def runs(self) -> Path:
        """All runs but those of studies, which lie beside."""
        return self.root / "runs"

    def recipe(self, *changes: str) -> Recipe:
        """A recipe of two seconds."""
        return set_values(
            Recipe(),
            [
                f"data.path={self.data}",
                f"data.image_size={PIXELS}",
                "teacher.architecture=test_resnet",
                "teacher.weights=none",
                "student.architecture=test_efficientnet",
                "student.weights=none",
                "optimisation.learning_rate=0.003",
                "optimisation.epochs=3",
                "optimisation.sampler=weighted",
                "hardware.device=cpu",
                "hardware.threads=1",
                *changes,
            ],
        )

    def new_run(self, method: str) -> RunFolder:
        """A student's run that has not begun."""
        (teacher,) = [item.folder for item in list_runs(self.runs) if item.status.name == "teacher"]
        return create_run(self.recipe(*METHODS[method], f"teacher.run={teacher}"), runs=self.runs, name=method)

    def new_study(self, name: str) -> StudyFolder:
        """A teacher and two students that have not begun."""
        configurations = (
            Configuration("teacher", "Teacher", teacher=True),
            Configuration("plain", "Plain student", (("distillation.method", "none"),)),
            Configuration(_TAUGHT[0], "Taught", (("distillation.method", _TAUGHT[0]),)),
        )
        base = self.recipe("optimisation.epochs=2")
        return create_study(Study(name, base, configurations), self.root / "study-runs" / name)


def open_workshop(root: Path) -> Workshop:
    """Write the sample set and train the teacher."""
    shop = Workshop(root)
    write_sample_set(shop.data, images=IMAGES, seed=0, size=48)
    os.environ["SKINKD_CACHE"] = str(root / "cache-of-the-teacher")
    execute(create_run(shop.recipe("task=teacher", "optimisation.epochs=2"), runs=shop.runs, name="teacher"))
    return shop


def run_job(folder: RunFolder, cache: Path) -> Job:
    """Do, or go on with, a run, its decoded images and teacher's answers in a cache of its own."""

    def work(emit: Emit) -> object:
        os.environ["SKINKD_CACHE"] = str(cache)
        return execute(RunFolder(folder.path), emit)

    return work


def study_job(folder: StudyFolder, cache: Path) -> Job:
    """Do, or go on with, a study."""

    def work(emit: Emit) -> object:
        os.environ["SKINKD_CACHE"] = str(cache)
        return run_study(StudyFolder(folder.path), emit)

    return work


def check_whole(folder: RunFolder) -> None:
    """Raise for a file of an interrupted run that is there but can not be read, or if it could not be resumed."""
    for read in (folder.recipe, folder.status, folder.history, folder.scores, folder.environment):
        read()
    if folder.split_file.exists():
        assert folder.split_rows
    if folder.predictions_file.exists():
        folder.predictions()
    if folder.model_file.exists():
        load_file(folder.model_file)
    checkpoint = CheckpointFolder(folder.checkpoint_folder)
    if checkpoint.exists:
        best = checkpoint.load()["best_weights"]
        if best:
            checkpoint.load_best(best)
    (summary,) = [item for item in list_runs(folder.path.parent) if item.folder == folder.path]
    finished = summary.status.state is RunState.FINISHED
    assert finished or summary.resumable, f"{summary.status.state} and can not be resumed"


def differences(run: RunFolder, undisturbed: RunFolder) -> list[str]:
    """The names of what differs between two runs, bit for bit but for times and places; empty when nothing does."""
    found = []
    for name in ("split_file", "predictions_file"):
        one, other = (getattr(folder, name).read_bytes() for folder in (run, undisturbed))
        found += [name] if one != other else []
    if _history(run) != _history(undisturbed):
        found.append("history")
    if _facts(run.metrics()) != _facts(undisturbed.metrics()):
        found.append("metrics")
    weights, expected = load_file(run.model_file), load_file(undisturbed.model_file)
    if weights.keys() != expected.keys() or not all(torch.equal(weights[name], expected[name]) for name in weights):
        found.append("weights")
    return found


def left_behind(folder: Path) -> list[str]:
    """Temporary files under a folder."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix in {".tmp", ".part", ".rows"}]


def _history(folder: RunFolder) -> list[Any]:
    """All of it but times; the hash of a recipe holds where its teacher lies, so the run's own counts as its own."""
    own = recipe_hash(folder.recipe())
    return [
        replace(record, seconds=0.0, images_per_second=0.0, recipe=record.recipe.replace(own, "its own"))
        for record in folder.history()
    ]


def _facts(metrics: dict[str, Any] | None) -> str:
    """All of metrics.json but where the images lie."""
    assert metrics is not None
    return json.dumps({**metrics, "data": {**metrics["data"], "path": ""}}, sort_keys=True)
