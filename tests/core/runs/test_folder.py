"""A run folder keeps what is written into it, and says what is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.metrics import score, scores_to_json
from core.events import EpochRecord, LossParts
from core.recipe import Recipe, set_values
from core.runs.folder import RunFolder, create_run, slugify
from core.runs.status import RunState
from core.runs.tables import Predictions, write_history, write_predictions
from tests.core.power_cuts import Disk, disk, needs_proc  # noqa: F401

ISIC2019 = CLASS_SETS["isic2019"]


def record(epoch: int, distillation: float | None) -> EpochRecord:
    """An epoch whose numbers need all their digits."""
    loss = LossParts(1 / 3, 0.1 + 0.2, distillation)
    return EpochRecord(epoch, loss, 2 / 3, 1e-17, 0.5, 1 / 7, 0.25, 1e-5, 12.345, 67.8, epoch == 1)


def test_a_new_run_is_queued_with_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = set_values(Recipe(), ["data.path=images", "student.weights=start.safetensors"])
    folder = create_run(recipe, runs=tmp_path / "runs", name="Müller: α = 0.1 / KL")
    status = folder.status()
    assert (status.state, status.name, status.epochs) == (RunState.QUEUED, "Müller: α = 0.1 / KL", 25)
    assert folder.path.name.endswith("-muller-a-0-1-kl") or folder.path.name.endswith("-muller-0-1-kl")
    assert folder.recipe().data.path == str(tmp_path / "images")
    assert folder.recipe().student.weights == str(tmp_path / "start.safetensors")
    assert folder.recipe().teacher.weights == "hub"
    assert folder.scores() is None
    assert folder.history() == ()
    assert folder.split_rows == ()


@needs_proc
def test_a_new_run_outlasts_a_power_cut(tmp_path: Path, disk: Disk) -> None:  # noqa: F811
    folder = create_run(Recipe(), runs=tmp_path / "runs")
    assert disk.knows(folder.path)
    for file in (folder.recipe_file, folder.status_file):
        assert disk.kept(file) == file.read_bytes()


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    folders = {create_run(Recipe(), runs=tmp_path, name="same").path for _ in range(4)}
    assert len(folders) == 4


@pytest.mark.parametrize(("text", "slug"), [("", "run"), ("../..", "run"), ("A  b", "a-b"), ("x" * 99, "x" * 60)])
def test_slugs_are_safe_file_names(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_history_survives_to_the_last_digit(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    history = (record(1, None), record(2, 0.7000000000000001))
    write_history(folder.history_file, history)
    assert folder.history() == history


def test_predictions_survive_to_the_last_digit(tmp_path: Path) -> None:
    logits = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    parts = (Part.VALIDATION, Part.TEST, Part.TEST)
    written = Predictions(("a", "b,c", 'd"'), parts, np.array([0, 7, 3]), logits)
    folder = create_run(Recipe(), runs=tmp_path)
    write_predictions(folder.predictions_file, written, ISIC2019)
    read = folder.predictions()
    assert read.names == written.names
    assert read.parts == parts
    assert np.array_equal(read.logits, logits)
    assert read.of(Part.TEST).labels.tolist() == [7, 3]
    header = folder.predictions_file.read_text().splitlines()[0]
    assert header == ",".join(["image", "part", "label", *ISIC2019.codes])


def test_images_that_exact_counts_leave_over_have_no_part(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.split_file.write_text("image,label,lesion_id,part\na,MEL,,train\nb,NV,L1,\n")
    assert [(row.image, row.part) for row in folder.split_rows] == [("a", Part.TRAIN), ("b", None)]


def test_runs_with_the_same_split_share_its_rows_until_one_changes(tmp_path: Path) -> None:
    one, other = (create_run(Recipe(), runs=tmp_path, name=name) for name in ("one", "other"))
    text = "image,label,lesion_id,part\na,MEL,,train\n"
    for folder in (one, other):
        folder.split_file.write_text(text)
    assert one.split_rows is other.split_rows
    other.split_file.write_text(text.replace("train", "test!"))
    with pytest.raises(SkinKDError, match=r"split\.csv can not be read"):
        other.split_rows  # noqa: B018
    other.split_file.write_text(text.replace("train", "test"))
    assert [row.part for folder in (one, other) for row in folder.split_rows] == [Part.TRAIN, Part.TEST]


def test_damaged_files_are_named(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path)
    folder.status_file.write_text("{")
    with pytest.raises(SkinKDError, match=r"status\.json can not be read"):
        folder.status()
    folder.history_file.write_text("epoch\n1\n")
    with pytest.raises(SkinKDError, match=r"history\.csv can not be read"):
        folder.history()
    with pytest.raises(SkinKDError, match=r"predictions\.csv can not be read"):
        folder.predictions()


def test_a_failed_write_leaves_the_old_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = create_run(Recipe(), runs=tmp_path)

    def refuse(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        folder.set_status(state=RunState.RUNNING)
    assert folder.status().state is RunState.QUEUED
    assert sorted(file.name for file in folder.path.iterdir()) == ["recipe.toml", "status.json"]


def test_a_run_has_one_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.folder._LOCK_SECONDS", 0.05)
    folder = create_run(Recipe(), runs=tmp_path)
    assert not folder.is_locked
    with folder.locked():
        assert RunFolder(folder.path).is_locked
        with pytest.raises(SkinKDError, match="being worked on"), RunFolder(folder.path).locked():
            pass
    assert not folder.is_locked


def test_reading_runs_does_not_import_torch(tmp_path: Path) -> None:
    create_run(Recipe(), runs=tmp_path)
    code = (
        "import sys; from pathlib import Path; from core.runs.listing import list_runs; "
        f"print(len(list_runs(Path({str(tmp_path)!r})))); import core.runs.planning, core.runs.execute; "
        "print([name for name in ('torch', 'timm', 'sklearn', 'torchvision') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split("\n")[:2] == ["1", "[]"]


def test_metrics_of_a_part_without_images(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.metrics_file.write_text(json.dumps({"classes": list(ISIC2019.codes), "validation": None, "test": None}))
    assert folder.scores() is None


def test_a_foreign_name_commands_no_terminal(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path, name="kind")
    values = json.loads(folder.status_file.read_text(encoding="utf-8"))
    folder.status_file.write_text(json.dumps({**values, "name": "ein\nName \x1b[31mα 😀"}), encoding="utf-8")
    assert folder.status().name == "ein Name [31mα 😀"


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        ("predictions", "image,part,label,{codes}\na,test,XYZ{numbers}\n", "line 2: 'XYZ' is none of the classes MEL"),
        ("predictions", "image,part,label,{codes},MEL\na,test,NV{numbers},1\n", "two columns MEL"),
        ("predictions", "image,part,label,{codes}\na,tset,NV{numbers}\n", "'tset' is not a valid Part"),
        ("predictions", "image,part,label,{codes}\na,test,NV,1,2\n", "line 2 is cut off"),
        ("split", "image,label,part\n", "no column lesion_id"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(tmp_path: Path, table: str, text: str, said: str) -> None:
    folder = create_run(Recipe(), runs=tmp_path)
    file = folder.path / f"{table}.csv"
    file.write_text(text.format(codes=",".join(ISIC2019.codes), numbers=",1" * 8))
    with pytest.raises(SkinKDError, match=said):
        folder.predictions() if table == "predictions" else folder.split_rows


@pytest.mark.parametrize("change", [("0.5", "nan"), ("0.5", "7"), ("0.5", "half"), ("12.345", "inf"), ("1", "0")])
def test_history_with_impossible_numbers_is_damaged(tmp_path: Path, change: tuple[str, str]) -> None:
    folder = RunFolder(tmp_path)
    write_history(folder.history_file, [record(1, None)])
    head, row = folder.history_file.read_text().splitlines()
    assert folder.history() == (record(1, None),)
    folder.history_file.write_text(f"{head}\n{row.replace(*change, 1)}\n")
    with pytest.raises(SkinKDError, match=r"history\.csv can not be read"):
        folder.history()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"accuracy": "0.5"}, "test: accuracy: expected a fraction from 0 to 1; it is 0.5"),
        ({"accuracy": None}, "accuracy: expected a fraction"),
        ({"classes": ["A"]}, "per_class must hold A, in this order"),
        ({"classes": ["A", "A"]}, "classes are not a list of different codes"),
        ({"classes": "MEL"}, "classes are not a list"),
        ({"confusion": [[1]]}, "confusion is not a table"),
        ({"per_class": {}}, "per_class must hold MEL"),
        ({"weighted_f1": True}, "weighted_f1: expected a fraction"),
    ],
)
def test_scores_that_are_none_are_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    folder = RunFolder(tmp_path)
    values = scores_to_json(score(np.array([0, 1]), np.eye(8)[:2], ISIC2019))
    folder.metrics_file.write_text(json.dumps({"test": values}))
    assert folder.scores() is not None
    folder.metrics_file.write_text(json.dumps({"test": {**values, **change}}))
    with pytest.raises(SkinKDError) as caught:
        folder.scores()
    assert said in caught.value.summary
    folder.metrics_file.write_text(json.dumps({"test": {"classes": list(ISIC2019.codes)}}))
    with pytest.raises(SkinKDError, match="test: per_class is missing"):
        folder.scores()
