"""Which runs a recipe takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from core.events import CancelToken, Emit
from core.recipe import Preset, Recipe, preset, set_values
from core.runs.folder import RunFolder, create_run
from core.runs.listing import summarise
from core.runs.planning import Plan, execute_plan, plan_runs, with_teacher
from core.runs.status import RunState, RunSummary


def test_a_student_without_a_teacher_becomes_two_runs(tmp_path: Path) -> None:
    recipe = set_values(preset(Preset.PAPER), ["data.path=/images", "curriculum.order=easy_first"])
    teacher, student = plan_runs(recipe, tmp_path)
    assert teacher.recipe.task == "teacher"
    assert not teacher.recipe.needs_teacher
    assert teacher.recipe.teacher == recipe.teacher
    assert teacher.recipe.data == recipe.data
    assert teacher.recipe.optimisation == recipe.optimisation
    assert student.recipe == recipe
    assert (teacher.needs_teacher_of, student.needs_teacher_of) == (None, 0)
    assert (teacher.name, student.name) == ("tf_efficientnet_b7.aa_in1k teacher", "mobilenetv2_100 kl 0.1 easy_first")


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


class Power:
    """Stands for the execution of runs; the power fails at the n-th of the moments between which something lasts."""

    def __init__(self, moments: int) -> None:
        self.left = moments
        self.noted: Plan = ()
        self.begun: list[str] = []

    def pass_moment(self) -> None:
        """Live on, or not."""
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with a moment before and after it."""

        def watched(*arguments: Any, **names: Any) -> Any:
            self.pass_moment()
            result = function(*arguments, **names)
            self.pass_moment()
            return result

        return watched

    def note(self, plan: Plan) -> None:
        """Write the plan down."""
        self.pass_moment()
        self.noted = plan
        self.pass_moment()

    def execute(self, run: RunFolder, emit: Emit, token: CancelToken | None) -> RunSummary:
        """Begin a run, or go on with it, or see that it is finished."""
        self.pass_moment()
        if run.status().state is RunState.QUEUED:
            run.set_status(state=RunState.RUNNING)
            self.begun.append(run.status().name)
        run.set_status(state=RunState.FINISHED)
        return summarise(run)


def test_a_plan_that_was_noted_is_gone_on_with_from_every_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power fails at each moment in turn, also within the making of a folder: no run is made or begun twice, and
    the student learns from its teacher."""
    recipe = set_values(preset(Preset.PAPER), [f"data.path={tmp_path / 'images'}"])
    write, mkdir = RunFolder.write_status, Path.mkdir
    survived = False
    for moments in range(60):
        runs, power = tmp_path / f"runs {moments}", Power(moments)
        monkeypatch.setattr("core.runs.execute.execute", power.execute)
        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            patch.setattr(RunFolder, "write_status", power.around(write))
            patch.setattr(Path, "mkdir", power.around(mkdir))
            execute_plan(plan_runs(recipe, runs), runs, note=power.note)
            survived = True
        power.left = 1000
        execute_plan(power.noted or plan_runs(recipe, runs), runs, note=power.note)
        teacher, student = (RunFolder(run.folder) for run in power.noted if run.folder)
        assert [run.status().state for run in (teacher, student)] == [RunState.FINISHED] * 2
        assert len(set(power.begun)) == len(power.begun) <= 2
        assert student.recipe().teacher.run == str(teacher.path)
        assert {teacher.path, student.path} == set(runs.iterdir())
        if survived:
            break
    assert survived
    assert moments > 15
