from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm
import torch

from core.cli.main import run
from core.models.files import read_model_info

Call = Callable[..., tuple[int, Any]]


def test_imported_weights_start_a_teacher_and_are_named_in_its_students_model(
    sample_set: Path, tmp_path: Path, as_json: Call
) -> None:
    source, out, runs = tmp_path / "tower.pth", tmp_path / "tower.safetensors", tmp_path / "runs"
    torch.save({"model": timm.create_model("test_vit", num_classes=3).state_dict()}, source)
    code, report = as_json(
        "import-weights", str(source), "--architecture", "test_vit", "--out", str(out), "--licence", "CC BY-NC 4.0"
    )
    assert code == 0
    assert report["matched"] > 50
    assert report["missing"] == report["unexpected"] == []
    assert report["licence"] == "CC BY-NC 4.0"

    changes = ["teacher.architecture=test_vit", f"teacher.weights={out}", "teacher.probe=true", "data.image_size=32"]
    changes += ["student.architecture=test_efficientnet", "student.weights=none", "optimisation.epochs=1"]
    changes += ["distillation.method=kl", "hardware.threads=1", "hardware.device=cpu"]
    options = [option for change in changes for option in ("--set", change)]
    assert run(["train", "quick", *options, "--data", str(sample_set), "--runs", str(runs)]) == 0
    origins = {info.task: info.origin for info in map(read_model_info, runs.glob("*/model.safetensors"))}
    named = f"Starting weights: tower.pth (SHA-256 {report['source_sha256'][:12]}), licence: CC BY-NC 4.0"
    assert origins == {"teacher": named, "student": f"Starting weights: none; its teacher: {named}"}


def test_what_does_not_fit_is_an_error_with_the_names(tmp_path: Path, as_json: Call) -> None:
    source = tmp_path / "tower.pth"
    torch.save({"some.weight": torch.zeros(2)}, source)
    code, document = as_json(
        "import-weights", str(source), "--architecture", "test_vit", "--out", str(tmp_path / "out.safetensors")
    )
    assert code == 1
    assert "unexpected: some.weight" in document["error"]["details"]
