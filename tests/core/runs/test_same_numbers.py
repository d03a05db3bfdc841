"""Whole runs give the numbers that the program gave when recipes were of version 1: facts, written down then.

DIST has been computed in float64 since, which moves its loss in the sixth digit.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from core.recipe import Recipe, recipe_from_toml
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run

_RECIPE = """\
version = 1
task = "{task}"

[data]
path = '{path}'
layout = "auto"
image_size = 32
split = [0.7, 0.2, 0.1]
group_by_lesion = true
folds = 1
fold = 1
seed = 0
skip_problems = false

[teacher]
architecture = "test_resnet"
weights = "none"
run = '{teacher}'
freeze = 0.0

[student]
architecture = "test_efficientnet"
weights = "none"
freeze = 0.0

[distillation]
method = "{method}"
alpha = {alpha}
temperature = {temperature}
kl_direction = "{direction}"
beta = 1.0
gamma = 2.0

[curriculum]
order = "{order}"

[optimisation]
optimizer = "adam"
learning_rate = 0.001
weight_decay = 0.01
batch_size = 32
epochs = 2
patience = 5
monitor = "accuracy"
sampler = "weighted"
augmentation = "none"
label_smoothing = 0.0
schedule = "constant"
warmup = 0
seed = 0

[hardware]
device = "cpu"
precision = "auto"
threads = 1
image_store = "auto"
"""
_PAPER = {"method": "kl", "alpha": 0.1, "temperature": 1.0, "direction": "student_teacher", "order": "none"}
_RUNS = {
    "plain": _PAPER | {"method": "none"},
    "kl": _PAPER,
    "hinton": _PAPER | {"alpha": 0.5, "temperature": 4.0, "direction": "teacher_student"},
    "dist": _PAPER | {"method": "dist", "alpha": 0.5, "temperature": 2.0},
    "kl and curriculum": _PAPER | {"order": "teacher_confidence"},
    "curriculum alone": _PAPER | {"method": "none", "order": "teacher_confidence"},
}

# Of each epoch the training loss and its parts (labels, teacher), and the validation loss.
_FACTS: dict[str, list[tuple[float | None, ...]]] = {
    "teacher": [
        (2.08208121572222, 2.08208121572222, None, 2.0925573654088767),
        (1.7963509900229317, 1.7963509900229317, None, 2.1178638502633578),
    ],
    "plain": [
        (2.5276658875601634, 2.5276658875601634, None, 2.097898369061884),
        (1.4073120525905065, 1.4073120525905065, None, 2.179387396177261),
    ],
    "kl": [
        (2.3488550015858243, 2.5279416016169955, 0.73707663161414, 2.0980854929027526),
        (1.3384057453700475, 1.380499345915658, 0.9595639194761004, 2.1847062455758186),
    ],
    "hinton": [
        (2.119453924042838, 2.6712307929992676, 1.5676770210266113, 2.089951025338277),
        (1.547764437539237, 1.6067026002066476, 1.4888262578419276, 2.1385869761680043),
    ],
    "dist": [
        (6.399295670645578, 2.8706441606794084, 9.927947044372559, 2.1364040680405876),
        (4.8805621692112515, 2.2079016821725026, 7.553222520010812, 2.3446720824020066),
    ],
    "kl and curriculum": [
        (3.0372237818581715, 3.296170813696725, 0.7067016703741891, 2.1449470390565257),
        (1.7853634698050362, 1.882896797997611, 0.9075641121183123, 2.2733997498672043),
    ],
    "curriculum alone": [
        (3.2732129096984863, 3.2732129096984863, None, 2.1455444355250153),
        (1.872765302658081, 1.872765302658081, None, 2.273113659447093),
    ],
}


def _recipe(path: Path, teacher: Path | str = "", **values: object) -> Recipe:
    return recipe_from_toml(_RECIPE.format(**{"task": "student", **_PAPER, "path": path, "teacher": teacher, **values}))


def _numbers(folder: RunFolder) -> list[tuple[float | None, ...]]:
    return [
        (row.train_loss.total, row.train_loss.classification, row.train_loss.distillation, row.validation_loss)
        for row in folder.history()
    ]


@pytest.fixture(scope="module")
def teacher(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    root = tmp_path_factory.mktemp("teacher")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        folder = create_run(_recipe(sample_set, task="teacher"), runs=root / "runs", name="teacher")
        execute(folder)
    return folder


def test_the_teacher(teacher: RunFolder) -> None:
    _compare("teacher", teacher)


@pytest.mark.parametrize("name", _RUNS)
def test_the_students(name: str, sample_set: Path, teacher: RunFolder, tmp_path: Path) -> None:
    folder = create_run(_recipe(sample_set, teacher.path, **_RUNS[name]), runs=tmp_path, name=name)
    execute(folder)
    _compare(name, folder)


def _compare(name: str, folder: RunFolder) -> None:
    found = _numbers(folder)
    for ours, theirs in zip(found, _FACTS[name], strict=True):
        for measured, fact in zip(ours, theirs, strict=True):
            assert measured == (fact and pytest.approx(fact, rel=5e-4))  # another processor rounds otherwise
