"""A teacher is asked in one precision by all runs of a study, on whatever computers they are made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.documents import write_json
from core.recipe import Recipe, set_values
from core.runs.annotations import Annotations, write_annotations
from core.runs.folder import RunFolder, create_run
from core.runs.teaching import RECORD, teacher_precision
from core.training.hardware import Hardware

GPU = Hardware("cuda", "bf16", 4, "GPU", "16")
CPU = Hardware("cpu", "32", 4, "CPU")


def made(runs: Path, *changes: str, study: str = "", recorded: str | None = "") -> RunFolder:
    """A student's run; `recorded` "" means that it has not begun, None that the first version began it."""
    folder = create_run(set_values(Recipe(), ["distillation.method=kl", *changes]), runs=runs, name="student")
    if study:
        write_annotations(folder.path, Annotations(study=study, configuration="kl"))
    if recorded is None:
        write_json(folder.environment_file, {"device": "cpu"})
    elif recorded:
        write_json(folder.environment_file, {RECORD: recorded})
    return folder


def test_a_new_run_takes_what_the_device_is_best_at(tmp_path: Path) -> None:
    assert teacher_precision(made(tmp_path), GPU) == "16"
    assert teacher_precision(made(tmp_path), CPU) == "32"


@pytest.mark.parametrize(("recorded", "expected"), [("16", "16"), ("bf16", "bf16"), ("nonsense", "16"), (None, "32")])
def test_a_resumed_run_keeps_what_it_began_with(recorded: str | None, expected: str, tmp_path: Path) -> None:
    found = teacher_precision(made(tmp_path, recorded=recorded), replace(GPU, device="cuda:1"))
    assert found == expected


def test_a_study_goes_on_elsewhere_as_it_began(tmp_path: Path) -> None:
    made(tmp_path, study="paper", recorded="16")
    made(tmp_path, study="other", recorded="bf16")
    assert teacher_precision(made(tmp_path, study="paper"), CPU) == "16"
    assert teacher_precision(made(tmp_path, study="another"), CPU) == "32"
    assert teacher_precision(made(tmp_path), CPU) == "32"


def test_runs_that_asked_no_teacher_have_no_say(tmp_path: Path) -> None:
    made(tmp_path, "task=teacher", study="paper", recorded=None)
    made(tmp_path, "distillation.method=none", study="paper", recorded=None)
    assert teacher_precision(made(tmp_path, study="paper"), GPU) == "16"


def test_a_recipe_that_names_a_precision_gets_it(tmp_path: Path) -> None:
    run = made(tmp_path, "hardware.precision=32", recorded="16")
    assert teacher_precision(run, replace(GPU, precision="32", inference_precision="32")) == "32"


def test_a_damaged_run_of_the_study_is_passed_over(tmp_path: Path) -> None:
    made(tmp_path, study="paper", recorded="16").environment_file.write_text("{", encoding="utf-8")
    assert teacher_precision(made(tmp_path, study="paper"), CPU) == "32"
