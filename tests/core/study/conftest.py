"""A study of a few runs, and a stand-in for training: it writes what a finished run leaves, at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.evaluation.metrics import score, scores_to_json
from core.events import CancelToken, Emit, ignore
from core.recipe import Recipe, set_values
from core.runs.folder import RunFolder
from core.runs.listing import summarise
from core.runs.status import RunState, RunSummary
from core.study.definition import Configuration, Study

ISIC2019 = CLASS_SETS["isic2019"]

TEACHER = Configuration("teacher", "Teacher", teacher=True)
PLAIN = Configuration("plain", "Plain", (("distillation.method", "none"),))
KL = Configuration("kl", "KL", (("distillation.method", "kl"), ("distillation.alpha", 0.3)))
DIST = Configuration("dist", "DIST", (("distillation.method", "dist"),))


class StandIn:
    """Replaces `execute`. `before` is called with each run before it is done; what it raises ends the run."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.before: Callable[[RunFolder], None] = lambda folder: None

    def __call__(self, folder: RunFolder, emit: Emit = ignore, token: CancelToken | None = None) -> RunSummary:
        if folder.status().state is RunState.FINISHED:
            return summarise(folder)
        try:
            self.before(folder)
        except SkinKDError as error:
            folder.set_status(state=RunState.FAILED, message=f"{error.title}: {error.summary}")
            raise
        recipe = folder.recipe()
        if not folder.split_file.exists():
            folder.split_file.write_text("image,label,lesion_id,part\na,MEL,,train\nb,NV,,validation\nc,BCC,,test\n")
        right = 4 + recipe.optimisation.seed if recipe.task == "student" else 9
        labels = np.arange(10) % 8
        guesses = np.where(np.arange(10) < right, labels, 0)
        scores = scores_to_json(score(labels, np.eye(8, dtype=np.float32)[guesses], ISIC2019))
        facts = {"images": 3}
        folder.metrics_file.write_text(json.dumps({"test": scores, "validation": scores, "notes": [], "data": facts}))
        folder.model_file.write_bytes(b"weights")
        folder.set_status(state=RunState.FINISHED, seconds=1.0)
        self.done.append(folder.status().name)
        return summarise(folder)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Training takes no time in this test."""
    import core.runs.execute

    stand_in = StandIn()
    monkeypatch.setattr(core.runs.execute, "execute", stand_in)
    return stand_in


@pytest.fixture
def base(sample_set: Path) -> Recipe:
    """A recipe of a second on the sample set."""
    return set_values(
        Recipe(),
        [
            *(f"data.path={sample_set}", "data.image_size=32", "teacher.architecture=test_resnet"),
            *("teacher.weights=none", "student.architecture=test_efficientnet", "student.weights=none"),
            *("optimisation.learning_rate=0.003", "optimisation.epochs=1"),
            *("hardware.device=cpu", "hardware.threads=1"),
        ],
    )


@pytest.fixture
def small_study(base: Recipe) -> Study:
    """A teacher, and three students for each of two seeds: seven runs."""
    return Study("Small", base, (TEACHER, PLAIN, KL, DIST), (0, 1))
