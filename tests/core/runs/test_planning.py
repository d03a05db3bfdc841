"""Which runs a recipe takes."""

from __future__ import annotations

from pathlib import Path

from core.recipe import Preset, Recipe, preset, set_values
from core.runs.folder import create_run
from core.runs.planning import plan_runs, run_names, with_teacher
from core.runs.status import RunState


def test_a_student_without_a_teacher_becomes_two_runs(tmp_path: Path) -> None:
    recipe = set_values(preset(Preset.PAPER), ["data.path=/images", "curriculum.order=teacher_confidence"])
    teacher, student = plan_runs(recipe, tmp_path)
    assert teacher.recipe.task == "teacher"
    assert not teacher.recipe.needs_teacher
    assert teacher.recipe.teacher == recipe.teacher
    assert teacher.recipe.data == recipe.data
    assert teacher.recipe.optimisation == recipe.optimisation
    assert student.recipe == recipe
    assert (teacher.needs_teacher_of, student.needs_teacher_of) == (None, 0)
    assert run_names(recipe, tmp_path) == ("tf_efficientnet_b7 teacher", "mobilenetv2_100 kl 0.1 curriculum")


def test_runs_that_need_no_teacher_stay_alone(tmp_path: Path) -> None:
    for changes in (["task=teacher", "distillation.method=kl"], ["distillation.method=none"]):
        recipe = set_values(Recipe(), changes)
        (planned,) = plan_runs(recipe, tmp_path)
        assert planned.recipe == recipe


def test_a_named_teacher_is_used(tmp_path: Path) -> None:
    recipe = with_teacher(preset(Preset.PAPER), tmp_path / "teacher")
    (planned,) = plan_runs(recipe, tmp_path)
    assert planned.recipe.teacher.run == str(tmp_path / "teacher")
    assert planned.needs_teacher_of is None


def test_a_finished_teacher_with_the_same_settings_is_used_again(tmp_path: Path) -> None:
    recipe = set_values(preset(Preset.PAPER), [f"data.path={tmp_path / 'images'}"])
    folder = create_run(plan_runs(recipe, tmp_path)[0].recipe, runs=tmp_path)
    assert len(plan_runs(recipe, tmp_path)) == 2  # it is not finished
    folder.set_status(state=RunState.FINISHED)
    assert len(plan_runs(recipe, tmp_path)) == 2  # it has no model
    folder.model_file.write_bytes(b"")
    (planned,) = plan_runs(recipe, tmp_path)
    assert planned.recipe.teacher.run == str(folder.path)
    assert len(plan_runs(set_values(recipe, ["optimisation.seed=1"]), tmp_path)) == 2  # another seed, another teacher
    assert len(plan_runs(set_values(recipe, ["hardware.threads=1"]), tmp_path)) == 1
    assert len(plan_runs(set_values(recipe, ["distillation.alpha=0.9"]), tmp_path)) == 1
