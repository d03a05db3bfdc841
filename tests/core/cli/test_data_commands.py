from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.classes import CLASS_SETS
from core.cli.main import run

ISIC2019 = CLASS_SETS["isic2019"]

Call = Callable[..., tuple[int, Any]]


def folders(root: Path, sample_set: Path, count: int) -> Path:
    """A folder-per-class copy of the first images, all of one class but one."""
    files = sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[:count]
    for number, file in enumerate(files):
        target = root / ("MEL" if number else "NV") / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    return root


def test_sample_data_is_written_and_said_to_be_synthetic(tmp_path: Path, as_json: Call) -> None:
    code, document = as_json("sample-data", str(tmp_path / "set"), "--images", "64", "--seed", "3", "--size", "32")
    assert code == 0
    assert document["images"] == 64
    assert document["synthetic"] is True
    assert list(document["counts"]) == list(ISIC2019.codes)
    with (tmp_path / "set" / "ISIC_2019_Training_GroundTruth.csv").open(encoding="utf-8") as lines:
        assert len(list(csv.DictReader(lines))) == 64


def test_inspect_counts_and_finds_no_problem(sample_set: Path, as_json: Call) -> None:
    code, document = as_json("inspect", str(sample_set))
    assert code == 0
    assert document["layout"] == "tables"
    assert sum(document["counts"].values()) == document["images"] == 160
    assert document["problems"] == []
    assert document["images_checked"] is True
    assert document["lesions"]["known"] > 0
    assert document["lesions"]["split_apart_by_image_split"] > 0


def test_inspect_names_damaged_files_first_twenty_only(
    tmp_path: Path, sample_set: Path, capsys: pytest.CaptureFixture[str], as_json: Call
) -> None:
    root = folders(tmp_path / "data", sample_set, 30)
    bad = sorted((root / "MEL").iterdir())[:25]
    for file in bad:
        file.write_bytes(file.read_bytes()[:300])
    assert run(["inspect", str(root)]) == 0
    said = capsys.readouterr()
    assert "Unreadable image: 25 cases" in said.out
    assert "and 5 more" in said.out
    assert sum(file.stem in said.out for file in bad) == 20
    code, document = as_json("inspect", str(root))
    assert code == 0
    found = [problem for problem in document["problems"] if problem["kind"] == "unreadable"]
    assert len(found) == 25
    assert len(document["left_out"]) == 25


def test_quick_does_not_open_images(tmp_path: Path, sample_set: Path, as_json: Call) -> None:
    root = folders(tmp_path / "data", sample_set, 10)
    next((root / "MEL").iterdir()).write_text("no image")
    assert as_json("inspect", str(root), "--quick")[1]["problems"] == []
    assert as_json("inspect", str(root))[1]["problems"] != []


def test_the_full_tables_are_counted_and_their_images_missed_once(shared: Path, as_json: Call) -> None:
    code, document = as_json("inspect", str(shared / "data" / "isic2019-tables"))
    assert code == 0
    expected = {"MEL": 4522, "NV": 12875, "BCC": 3323, "AK": 867, "BKL": 2624, "DF": 239, "VASC": 253, "SCC": 628}
    assert document["counts"] == expected
    assert [problem["kind"] for problem in document["problems"]] == ["no_images"]


def test_labels_are_mapped_and_written_into_a_recipe(sample_set: Path, tmp_path: Path, as_json: Call) -> None:
    data, recipe = folders(tmp_path / "data", sample_set, 6), tmp_path / "mine.toml"
    (data / "NV").rename(data / "Muttermal (1)")
    (data / "MEL").rename(data / "Acne")
    code, document = as_json("inspect", str(data), "--map")
    assert code == 0
    assert {item["label"]: item["code"] for item in document["labels"]} == {"Acne": None, "Muttermal (1)": "NV"}
    assert document["undecided"] == ["Acne"]
    assert run(["inspect", str(data), "--map", "--as", "Acne=DF", "--write", str(recipe)]) == 0
    code, document = as_json("inspect", str(data), "--recipe", str(recipe))
    assert (code, document["counts"]["DF"], document["counts"]["NV"]) == (0, 5, 1)
    assert run(["inspect", str(data), "--map", "--classes", "own", "--write", str(recipe)]) == 0
    code, document = as_json("inspect", str(data), "--recipe", str(recipe))
    assert (code, document["counts"]) == (0, {"Acne": 5, "Muttermal_1": 1})
    assert run(["inspect", str(data), "--map", "--as", "Akne=DF"]) == 1


def test_training_waits_for_what_labels_mean(
    sample_set: Path, tmp_path: Path, tiny: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    data = folders(tmp_path / "data", sample_set, 6)
    (data / "NV").rename(data / "Acne")
    arguments = ["train", "quick", *tiny, "--data", str(data), "--runs", str(tmp_path / "runs")]
    assert run([*arguments, "--set", "data.skip_problems=true"]) == 1
    said = capsys.readouterr().err
    assert "Acne (1)" in said
    assert "inspect" in said
