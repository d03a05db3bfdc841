"""`calibrate --data`, `classify` with and without what it made, and `drift --model`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import run
from core.runs.folder import RunFolder
from tests.core.inference.clinics import write_clinic

Call = Callable[..., tuple[int, Any]]


def test_a_model_is_calibrated_on_own_images_used_so_and_compared_with_later_folders(
    finished_run: RunFolder, tmp_path: Path, as_json: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, clinic = tmp_path / "run", write_clinic(tmp_path / "clinic")
    shutil.copytree(finished_run.path, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert run(["drift", str(clinic), "--model", str(folder)]) == 1
    assert "calibrates it" in capsys.readouterr().err
    assert run(["calibrate", str(folder), "--data", str(clinic)]) == 0
    said = capsys.readouterr().out
    assert "lesions (112 images) of your own" in said
    assert "Before: the model's own" in said
    assert "the half of the lesions that it is not in" in said
    file = folder / "model.safetensors.local-calibration.json"
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert file.is_file()
    code, document = as_json("calibrate", str(folder / "model.safetensors"), "--data", str(clinic))
    assert code == 0
    assert document["file"] == str(file)
    assert document["before"]["covered"]["of"] == document["after"]["covered"]["of"] == document["images"] == 112
    assert document["lesions"] == 112
    image = str(min(clinic.rglob("*.png")))
    code, with_it = as_json("classify", str(folder), image)
    assert with_it["own_calibration"]["data_sha256"] == document["data_sha256"]
    code, record = as_json("record", "show", "--last", "1")
    assert record["newest"][-1]["calibration"] == document["data_sha256"]
    code, without = as_json("classify", str(folder), image, "--shipped")
    assert without["own_calibration"] is None
    assert without["images"][0]["novelty"] != with_it["images"][0]["novelty"]
    assert run(["classify", str(folder), image]) == 0
    assert "of your own" in capsys.readouterr().err
    code, drift = as_json("drift", str(clinic), "--model", str(folder))
    assert (code, drift["images"], drift["against"]) == (0, 112, "calibration")
    assert drift["classes"][0] == ["MEL", 0.125, 0.125]
    code, removed = as_json("calibrate", str(folder), "--remove")
    assert (code, removed["removed"], file.exists()) == (0, True, False)


def test_too_few_lesions_are_refused_in_numbers(finished_run: RunFolder, tmp_path: Path, as_json: Call) -> None:
    code, document = as_json("calibrate", str(finished_run.path), "--data", str(write_clinic(tmp_path, images=20)))
    assert (code, document["error"]["title"]) == (1, "There are too few lesions to calibrate on")
    assert "has 20 (20 images)" in document["error"]["summary"]


@pytest.mark.parametrize(
    "arguments",
    [("calibrate", "x", "--data", "y", "--remove"), ("calibrate", "x", "--remove", "--tta"), ("drift", "x")],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...]) -> None:
    assert run(list(arguments)) == 2
