"""Whole runs with other classes than ISIC 2019's: trained, scored, calibrated, reported, exported, used on images."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.classes import ClassSet
from core.cli.main import run
from core.models.files import read_model_info
from core.recipe import read_recipe
from core.runs.folder import RunFolder

AsJson = Callable[..., tuple[int, Any]]

THREE = """
[classes]
set = "own"
[[classes.own]]
code = "ACNE"
name = "Acne"
[[classes.own]]
code = "ECZ"
name = "Eczema"
aliases = ["atopic dermatitis"]
[[classes.own]]
code = "PSO"
name = "Psoriasis"
colour = "#123456"
[classes.mapping]
"not sure" = ""
"""


@dataclass(frozen=True)
class Case:
    """A class set as it stands in a recipe, and the folders of images of the data set."""

    recipe: str
    folders: tuple[str, ...]
    images: int  # in each folder


def own(count: int, group: str = "") -> str:
    words = f'\ngroup = "{group}"' if group else ""
    tables = (f'[[classes.own]]\ncode = "K{number}"{words if number == 0 else ""}' for number in range(count))
    return '[classes]\nset = "own"\n' + "\n".join(tables) + "\n"


CASES = {
    "two": Case('[classes]\nset = "benign-malignant"\n', ("benign", "bösartig"), 40),
    "three": Case(THREE, ("Acne", "atopic dermatitis", "Psoriasis", "not sure"), 30),
    "twelve": Case(own(12, "malignant"), tuple(f"k{number}" for number in range(12)), 9),
    "two hundred": Case(own(200), tuple(f"K{number}" for number in range(200)), 4),
}


def write_images(root: Path, folders: Sequence[str], images: int) -> Path:
    random = np.random.default_rng(0)
    for folder in folders:
        (root / folder).mkdir(parents=True)
        colour = random.integers(0, 256, 3)
        for number in range(images):
            noisy = np.clip(colour + random.normal(0, 20, (32, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(root / folder / f"{folder.replace(' ', '_')}_{number}.png")
    return root


_LONG = {"twelve", "two hundred"}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.long if name in _LONG else ()) for name in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.mark.usefixtures("quick_exports")
def test_a_run_has_its_own_classes_from_the_folders_to_the_report(case: Case, tmp_path: Path, as_json: AsJson) -> None:
    data, runs, text = (
        write_images(tmp_path / "data", case.folders, case.images),
        tmp_path / "runs",
        tmp_path / "r.toml",
    )
    text.write_text(
        'task = "teacher"\n[data]\nimage_size = 32\n[teacher]\narchitecture = "test_resnet"\nweights = "none"\n'
        '[optimisation]\nepochs = 1\nlearning_rate = 0.01\n[hardware]\nthreads = 1\ndevice = "cpu"\n' + case.recipe,
        encoding="utf-8",
    )
    classes = read_recipe(text).class_set
    code, found = as_json("inspect", str(data), "--recipe", str(text), "--quick")
    assert (code, found["unknown_labels"]) == (0, {})
    assert list(found["counts"]) == list(classes.codes)
    assert set(found["counts"].values()) == {case.images}

    assert run(["train", str(text), "--data", str(data), "--runs", str(runs), "--name", "own"]) == 0
    folder = next(runs.iterdir())
    _check_files(RunFolder(folder), classes)
    _check_scores(*as_json("evaluate", str(folder)), classes)
    assert as_json("calibrate", str(folder))[0] == 0
    assert run(["report", str(folder), "--out", str(tmp_path / "page")]) == 0
    _check_report(tmp_path / "page", classes)
    assert run(["export", str(folder), "--out", str(tmp_path / "model.onnx"), "--without-test"]) == 0
    for model in (folder / "model.safetensors", tmp_path / "model.onnx"):
        _check_answers(*as_json("classify", str(model), str(data), "--labels"), classes, case)


def _check_files(folder: RunFolder, classes: ClassSet) -> None:
    assert folder.recipe().class_set == classes
    assert read_model_info(folder.model_file).classes == classes
    assert folder.predictions().logits.shape[1] == len(classes)
    assert folder.predictions_file.read_text("utf-8").splitlines()[0].split(",")[3:] == list(classes.codes)
    scores = folder.scores()
    assert scores is not None
    assert scores.classes == classes.codes


def _check_scores(code: int, document: dict[str, Any], classes: ClassSet) -> None:
    assert code == 0
    assert list(document["per_class"]) == list(classes.codes)
    assert len(document["confusion"]) == len(classes)
    melanoma = [name for name in (*document, *document["intervals"]) if "melanoma" in name]
    assert bool(melanoma) is (classes.melanoma is not None)


def _check_report(folder: Path, classes: ClassSet) -> None:
    page = (folder / "index.html").read_text("utf-8")
    assert "elanoma" not in page
    assert classes.codes[0] in page
    counts = (folder / "tables" / "images.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in counts[1:-1]] == list(classes.codes)


def _check_answers(code: int, document: dict[str, Any], classes: ClassSet, case: Case) -> None:
    assert code == 0
    assert document["classes"] == list(classes.codes)
    image = document["images"][0]
    assert list(image["probabilities"]) == list(classes.codes)
    assert image["diagnosis_name"] == classes.name_of(image["diagnosis"])
    malignant = {"malignant" in item.group.value for item in classes.classes}
    assert ("malignant_probability" in image) is (True in malignant)
    left_out = len(case.folders) - len(classes)
    assert document["scores"]["scored"] == (len(case.folders) - left_out) * case.images


def test_unknown_labels_are_listed_with_what_can_be_done(
    tmp_path: Path, as_json: AsJson, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_images(tmp_path / "data", ("Acne", "Eczema"), 2)
    code, document = as_json("inspect", str(data), "--quick")
    assert (code, document["images"], document["unknown_labels"]) == (0, 0, {"Acne": 2, "Eczema": 2})
    rows = ["image,label", *(f"{path.stem},{path.parent.name}" for path in data.rglob("*.png"))]
    (data / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    code, document = as_json("inspect", str(data), "--quick")
    assert (code, document["unknown_labels"]) == (0, {"Acne": 2, "Eczema": 2})
    assert run(["inspect", str(data), "--quick"]) == 0
    said = capsys.readouterr().out
    assert "Labels that are none of the 8 classes of isic2019" in said
    assert "[classes.mapping]" in said
    assert "[[classes.own]]" in said


def test_mapped_labels_are_learned_or_left_out_without_being_problems(tmp_path: Path, as_json: AsJson) -> None:
    data = write_images(tmp_path / "data", ("mole", "strange", "melanoma"), 3)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[classes.mapping]\nstrange = "BKL"\nmole = ""\n', encoding="utf-8")
    _, found = as_json("inspect", str(data), "--recipe", str(recipe), "--quick")
    assert {code: count for code, count in found["counts"].items() if count} == {"MEL": 3, "BKL": 3}
    (problem,) = found["problems"]
    assert (problem["kind"], problem["subject"], len(problem["names"]), problem["excludes"]) == (
        "mapped_out",
        "mole",
        3,
        False,
    )
    assert found["left_out"] == []


def test_a_teacher_of_other_classes_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], trained: Path
) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'[teacher]\nrun = "{trained.as_posix()}"\n[student]\narchitecture = "test_resnet"\nweights = "none"\n'
        '[distillation]\nmethod = "kl"\n[classes]\nset = "benign-malignant"\n',
        encoding="utf-8",
    )
    (tmp_path / "empty").mkdir()
    assert run(["train", str(recipe), "--data", str(tmp_path / "empty"), "--runs", str(tmp_path / "runs")]) == 1
    said = capsys.readouterr().err
    assert "Teacher and student tell apart different classes" in said
    status = json.loads((next((tmp_path / "runs").iterdir()) / "status.json").read_text("utf-8"))
    assert status["state"] == "failed"
