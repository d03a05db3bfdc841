"""Run folders as trainings leave them, written through core's own functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QStandardPaths

from core.classes import CLASS_SETS
from core.data.types import Part
from core.evaluation.metrics import score, scores_from_confusion, scores_to_json
from core.events import EpochRecord, LossParts
from core.recipe import Recipe, set_values
from core.runs.folder import RunFolder, create_run
from core.runs.status import RunState
from core.runs.tables import Predictions, write_history, write_predictions
from skinkd_gui.results.results_tab import ResultsTab

ISIC2019 = CLASS_SETS["isic2019"]

TRUTHS = ("MEL",) * 12 + ("NV",) * 24 + ("BCC",) * 12 + ("BKL",) * 12
"""The true classes of the test images of `make_tested`; the other four classes have none."""

TEST_IMAGES = (45, 128, 33, 9, 26, 3, 0, 16)
KINDS = {
    "teacher": ("task=teacher", "teacher.architecture=mobilenetv2_100", "teacher.weights=none"),
    "plain": ("student.architecture=mobilenetv2_050",),
    "kl": ("student.architecture=mobilenetv2_050", "distillation.method=kl"),
    "dist": ("student.architecture=mobilenetv2_050", "distillation.method=dist"),
    "kl curriculum": (
        "student.architecture=mobilenetv2_050",
        "distillation.method=kl",
        "curriculum.order=easy_first",
    ),
}
MakeRun = Callable[..., Path]


@pytest.fixture
def runs_root(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def make_run(runs_root: Path) -> MakeRun:
    """Write a run: make_run(name, kind, state, quality, seed, epochs=..., created=...) -> its folder."""

    def make(
        name: str,
        kind: str = "kl",
        state: RunState = RunState.FINISHED,
        quality: float = 0.7,
        seed: int = 0,
        epochs: int = 12,
        created: str = "2026-03-01T10:00:00+00:00",
        message: str = "",
        synthetic: bool = True,
        data: str = "sample-set",
        support: tuple[int, ...] = TEST_IMAGES,
        parameters: int = 719_000,
    ) -> Path:
        recipe = set_values(Recipe(), [f"data.path={runs_root / data}", "optimisation.epochs=25", *KINDS[kind]])
        folder = create_run(recipe, runs=runs_root, name=name)
        done = state is RunState.FINISHED
        folder.set_status(
            state=state, created=created, message=message, epoch=epochs, epochs=25, seconds=epochs * 21.5,
            device="CPU, 2 threads", synthetic=synthetic,
        )  # fmt: skip
        write_history(folder.history_file, _history(epochs, distilled="kl" in kind or kind == "dist"))
        (folder.path / "environment.json").write_text(json.dumps({"parameters": parameters}))
        rows = [f"image_{number},NV,,{part}" for number, part in enumerate(["train"] * 560 + ["validation"] * 160)]
        rows += [f"test_{number},NV,," + "test" for number in range(sum(support))]
        (folder.path / "split.csv").write_text("\n".join(["image,label,lesion_id,part", *rows]) + "\n")
        if done:
            scores = scores_to_json(scores_from_confusion(_confusion(quality, seed, support), ISIC2019))
            notes = [
                "Class DF has only 3 test images and AK only 9: their scores are uncertain.",
                "Class VASC has no test image, so it has no score.",
            ]
            metrics = {"classes": ISIC2019.codes, "validation": scores, "test": scores, "notes": notes, "data": {}}
            folder.metrics_file.write_text(json.dumps(metrics))
            folder.model_file.write_bytes(bytes(2_876_000))
        return folder.path

    return make


@pytest.fixture
def make_tested(make_run: MakeRun, runs_root: Path) -> Callable[..., Path]:
    """A finished run with all its files: make_tested(name, kind, said, prefix=..., pictures=False) -> its folder.

    Its test has images TEST_0, TEST_1, ... of the classes `TRUTHS`, two of each lesion; `said` holds the predicted
    class of each, with half of the probability. With `pictures` they lie in the run's data set.
    """

    def make(
        name: str,
        kind: str = "kl",
        said: Sequence[str] = TRUTHS,
        prefix: str = "TEST",
        pictures: bool = False,
        data: str = "sample-set",
        **more: object,
    ) -> Path:
        folder = RunFolder(make_run(name, kind, data=data, **more))
        labels = np.array([ISIC2019.codes.index(code) for code in TRUTHS])
        predicted = np.array([ISIC2019.codes.index(code) for code in said])
        logits = np.zeros((len(labels), 8), np.float32)
        logits[np.arange(len(labels)), predicted] = np.log(7.0)  # softmax: one half, and a fourteenth for each other
        names = [f"{prefix}_{number}" for number in range(len(labels))]
        others = [f"validation_{number}" for number in range(len(labels))]
        parts = (Part.TEST,) * len(labels) + (Part.VALIDATION,) * len(labels)
        twice = np.concatenate([labels, labels]), np.concatenate([logits, logits])
        write_predictions(folder.predictions_file, Predictions((*names, *others), parts, *twice), ISIC2019)
        rows = [f"train_{number},NV,,train,,," for number in range(20)]
        for number, (image, code) in enumerate(zip(names, TRUTHS, strict=True)):
            rows.append(f"{image},{code},L{number // 2},test,{30 + number % 50},{('female', 'male')[number % 2]},")
        (folder.path / "split.csv").write_text("\n".join(["image,label,lesion_id,part,age,sex,site", *rows]) + "\n")
        metrics = json.loads(folder.metrics_file.read_text())
        metrics["test"] = scores_to_json(score(labels, logits, ISIC2019))
        metrics["calibration"] = {"temperature": 1.0}
        folder.metrics_file.write_text(json.dumps(metrics))
        if pictures:
            _write_pictures(runs_root / data, names)
        return folder.path

    return make


@pytest.fixture
def five_runs(make_run: MakeRun) -> list[Path]:
    """The five kinds of the demo, finished, one a minute."""
    return [
        make_run(
            f"mobilenet {kind}",
            kind,
            seed=number,
            quality=0.5 + 0.08 * number,
            created=f"2026-03-01T10:0{number}:00+00:00",
        )
        for number, kind in enumerate(KINDS)
    ]


@pytest.fixture
def make_tab(qtbot, runs_root: Path) -> Callable[[], ResultsTab]:
    """A shown tab that has read the runs."""
    kept = []  # until qtbot has closed them: a tab that Python collects while Qt still sends it events fails at random

    def make() -> ResultsTab:
        tab = ResultsTab(None, runs_root)
        kept.append(tab)
        qtbot.addWidget(tab, before_close_func=lambda widget: widget.shut_down())
        tab.resize(1280, 720)
        tab.show()
        qtbot.waitUntil(lambda: tab.listed)
        return tab

    return make


@pytest.fixture
def trash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The system's bin, moved into the test's folder."""
    home = tmp_path / "bin-home"  # not there yet, as on a fresh account
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    QStandardPaths.setTestModeEnabled(False)
    return home / "Trash" / "files"


def _write_pictures(root: Path, names: list[str]) -> None:
    for name, code in zip(names, TRUTHS, strict=True):
        (root / code).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (12, 9), (200, 120, 90)).save(root / code / f"{name}.png")


def _confusion(quality: float, seed: int, support: tuple[int, ...]) -> np.ndarray:
    generator = np.random.default_rng(seed)
    confusion = np.zeros((8, 8), np.int64)
    for truth, number in enumerate(support):
        shares = np.full(8, (1 - quality) / 8)
        shares[truth] += quality
        confusion[truth] = generator.multinomial(number, shares)
    return confusion


def _history(epochs: int, distilled: bool) -> list[EpochRecord]:
    return [
        EpochRecord(
            epoch=epoch,
            train_loss=LossParts(2.2 / epoch, 2.3 / epoch, 1.1 / epoch if distilled else None),
            train_accuracy=0.9 - 0.5 / epoch,
            validation_loss=2.0 / epoch + 0.3,
            validation_accuracy=0.85 - 0.4 / epoch,
            validation_weighted_f1=0.83 - 0.4 / epoch,
            validation_balanced_accuracy=0.75 - 0.4 / epoch,
            learning_rate=3e-4,
            seconds=21.5,
            images_per_second=26.0,
            best=epoch <= max(1, epochs * 2 // 3),
        )
        for epoch in range(1, epochs + 1)
    ]
