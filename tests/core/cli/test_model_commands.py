from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.cli.main import run
from core.data.types import Part
from core.events import CancelToken, ignore
from core.runs.evaluating import evaluate_on
from core.runs.folder import RunFolder

Call = Callable[..., tuple[int, Any]]


def test_evaluate_gives_the_runs_own_test_scores_again(trained: Path, as_json: Call) -> None:
    code, document = as_json("evaluate", str(trained))
    assert code == 0
    expected = json.loads((trained / "metrics.json").read_text())["test"]
    assert document["part"] == "test"
    assert document["confusion"] == expected["confusion"]
    assert document["weighted_f1"] == pytest.approx(expected["weighted_f1"])
    assert document["classes"] == ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"]
    assert not any("too high" in note for note in document["notes"])


def test_test_time_augmentation_is_a_choice_that_says_what_it_is(
    trained: Path, sample_set: Path, as_json: Call
) -> None:
    """Scored and classified by the mean of eight views; without it by one."""
    code, plain = as_json("evaluate", str(trained))
    assert (code, plain["positions"]) == (0, 1)
    code, document = as_json("evaluate", str(trained), "--tta")
    assert (code, document["positions"]) == (0, 8)
    (note,) = (note for note in document["notes"] if "Test-time augmentation" in note)
    assert "ms an image" in note
    image = str(sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[0])
    code, single = as_json("classify", str(trained), image)
    assert (code, single["model"]["positions"]) == (0, 1)
    code, mean = as_json("classify", str(trained), image, "--tta")
    assert (code, mean["model"]["positions"]) == (0, 8)
    assert mean["images"][0]["probabilities"] != single["images"][0]["probabilities"]
    assert mean["images"][0]["verdict"] == "unknown"


def test_evaluate_reads_the_runs_own_data_as_the_run_did(
    sample_set: Path, tiny: tuple[str, ...], tmp_path: Path, as_json: Call
) -> None:
    images = sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[:40]
    for number, image in enumerate(images):
        target = tmp_path / "data" / ("MEL", "NV")[number % 2] / image.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(image.read_bytes())
    rows = [f"{image.stem},BCC" for image in images]
    (tmp_path / "data" / "other.csv").write_text("\n".join(["image,label", *rows]) + "\n")
    settings = ("--set", "data.layout=folders", "--set", "data.split=[20, 8, 8]")
    where = ("--data", str(tmp_path / "data"), "--runs", str(tmp_path / "runs"))
    relabelled = [option for image in images[:24:2] for option in ("--relabel", f"MEL/{image.name}=NV")]
    assert as_json("corrections", str(tmp_path / "data"), *relabelled)[0] == 0
    code, run_document = as_json("train", "quick", *tiny, *settings, *where)
    assert code == 0
    code, document = as_json("evaluate", run_document["folder"])
    assert code == 0
    assert document["confusion"] == run_document["test"]["confusion"]
    assert document["per_class"]["NV"]["support"] > document["per_class"]["MEL"]["support"]
    assert document["per_class"]["BCC"]["support"] == 0


def test_evaluate_on_all_images_warns_of_those_it_learned_from(trained: Path, sample_set: Path, as_json: Call) -> None:
    code, document = as_json("evaluate", str(trained / "model.safetensors"), "--data", str(sample_set))
    assert code == 0
    assert document["images"] == 160
    assert any("too high" in note for note in document["notes"])


def test_other_images_of_lesions_it_learned_from_are_named(trained: Path, sample_set: Path, tmp_path: Path) -> None:
    taught = next(row for row in RunFolder(trained).split_rows if row.part is Part.TRAIN and row.lesion)
    images = sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[:2]
    for name, image in zip(("new1", "new2"), images, strict=True):
        (tmp_path / f"{name}.jpg").write_bytes(image.read_bytes())
    (tmp_path / "t.csv").write_text(f"image,label,lesion_id\nnew1,MEL,{taught.lesion}\nnew2,NV,another\n")
    result = evaluate_on(trained, tmp_path, part="", device="cpu", emit=ignore, token=CancelToken())
    assert any(note.startswith("1 of these 2 images bear lesion ids") for note in result.notes)


def test_evaluate_leaves_unreadable_images_out_by_name(
    trained: Path, sample_set: Path, tmp_path: Path, as_json: Call
) -> None:
    folder = tmp_path / "labelled" / "MEL"
    folder.mkdir(parents=True)
    for number, file in enumerate(sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[:4]):
        (folder / f"other-{number}.png").write_bytes(file.read_bytes()[: None if number else 300])
    code, document = as_json("evaluate", str(trained), "--data", str(folder.parent))
    assert code == 0
    assert (document["images"], len(document["left_out"])) == (3, 1)
    assert document["per_class"]["MEL"]["support"] == 3
    assert document["per_class"]["NV"]["f1"] is None


def test_a_part_needs_a_split(trained: Path, sample_set: Path, tmp_path: Path, as_json: Call) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes((trained / "model.safetensors").read_bytes())
    code, document = as_json("evaluate", str(copy), "--data", str(sample_set), "--part", "test")
    assert (code, document["error"]["title"]) == (1, "There is no split")
    code, document = as_json("evaluate", str(trained), "--part", "tset")
    assert (code, document["error"]["title"]) == (1, "There is no such part")
    code, document = as_json("evaluate", str(copy))
    assert (code, document["error"]["title"]) == (1, "No data is named")


def test_classify_writes_every_file_and_says_what_failed(
    trained: Path, sample_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_text("no image")
    out = tmp_path / "t.csv"
    images = sample_set / "ISIC_2019_Training_Input"
    assert run(["classify", trained.name, str(images), str(bad), "--out", str(out), "--runs", str(trained.parent)]) == 1
    with out.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 161
    assert rows[-1]["error"]
    said = capsys.readouterr()
    assert said.out == ""
    assert "bad.jpg" in said.err
    assert "Research use only" in said.err
    assert "synthetic" in said.err


def test_classify_prints_a_table_or_json(
    trained: Path, sample_set: Path, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    image = str(sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[0])
    assert run(["classify", str(trained), image]) == 0
    assert image in capsys.readouterr().out
    code, document = as_json("classify", str(trained), image)
    assert code == 0
    assert sum(document["images"][0]["probabilities"].values()) == pytest.approx(1)


@pytest.mark.usefixtures("quick_exports")
def test_classify_says_what_computes(trained: Path, sample_set: Path, as_json: Call, tmp_path: Path) -> None:
    image = str(sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[0])
    assert as_json("classify", str(trained), image)[1]["backend"] == {"name": "torch"}
    exported = tmp_path / "model.onnx"
    assert run(["export", str(trained), "--format", "onnx", "--without-test", "--out", str(exported)]) == 0
    assert as_json("classify", str(exported), image)[1]["backend"] == {"name": "onnxruntime"}


def test_classify_fails_when_nothing_could_be_classified(trained: Path, tmp_path: Path, as_json: Call) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_text("no image")
    code, document = as_json("classify", str(trained), str(bad))
    assert code == 1
    assert document["images"][0]["error"]
    (tmp_path / "empty").mkdir()
    code, document = as_json("classify", str(trained), str(tmp_path / "empty"))
    assert (code, document["error"]["title"]) == (1, "No images found")


def test_a_wrong_ending_is_said_before_the_work(trained: Path, tmp_path: Path, as_json: Call) -> None:
    code, document = as_json("classify", str(trained), str(tmp_path), "--out", str(tmp_path / "t.xlsx"))
    assert (code, document["error"]["title"]) == (1, "Unknown kind of table")


def test_no_such_model_says_so(as_json: Call) -> None:
    code, document = as_json("classify", "nothing.safetensors", "x.jpg")
    assert code == 1
    assert "nothing.safetensors" in document["error"]["summary"]


def test_evaluate_gives_intervals_and_scores_per_class(
    trained: Path, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = as_json("evaluate", str(trained))
    assert code == 0
    expected = json.loads((trained / "metrics.json").read_text())["test"]
    assert document["intervals"] == expected["intervals"]
    assert document["intervals"]["by_lesion"]
    assert document["per_class"]["NV"].keys() == {"precision", "recall", "f1", "support", "specificity", "auc"}
    assert document["per_class"]["NV"]["auc"] == pytest.approx(expected["per_class"]["NV"]["auc"], abs=0.01)
    assert run(["evaluate", str(trained)]) == 0
    shown = capsys.readouterr().out
    assert "specificity" in shown
    assert "resamples of whole patients, lesions and near-copies" in shown


def test_calibrate_and_level(
    trained: Path, sample_set: Path, tmp_path: Path, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(trained, folder)
    code, document = as_json("calibrate", str(folder))
    assert code == 0
    assert document["calibration"]["images"] == 16
    assert run(["calibrate", str(folder)]) == 0
    said = capsys.readouterr()
    assert "Temperature" in said.out
    assert "calibrated on" in said.out
    assert "can be excluded with their group alone" in said.err
    assert "malignant calibration lesions are needed to say benign; there were" in said.out
    image = str(min((sample_set / "ISIC_2019_Training_Input").iterdir()))
    code, document = as_json("classify", str(folder), image, "--level", "0.5")
    assert code == 0
    assert document["images"][0]["level"] == 0.5
    code, high = as_json("classify", str(folder), image, "--level", "0.99")
    assert len(document["images"][0]["prediction_set"]) < len(high["images"][0]["prediction_set"]) == 8
    code, document = as_json("classify", str(folder), image, "--level", "1.5")
    assert (code, document["error"]["title"]) == (1, "There is no such level")


def test_classify_tells_what_is_no_lesion(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (300, 200), (255, 255, 255)).save(tmp_path / "blank.png")
    assert run(["classify", str(trained), str(tmp_path / "blank.png")]) == 0
    head, row = capsys.readouterr().out.splitlines()[:2]
    assert head.split()[:5] == ["image", "decision", "verdict", "possible", "diagnosis"]
    assert row.split()[1:4] == ["out_of_distribution", "unlike", "-"]
