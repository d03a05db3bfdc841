"""The wizard's brain, walked without a display."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.classes import CLASS_SETS
from core.data.types import DataSet, ImageRecord
from core.models.catalog import ModelFacts
from core.recipe import Preset, preset, recipe_hash, set_values
from core.runs.status import RunState, RunStatus, RunSummary
from skinkd_gui.training.wizard import flow
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.state import CheckState, Goal, StudyChoice, WizardState, WizardStep

ISIC2019 = CLASS_SETS["isic2019"]


def _dataset(images: int = 40) -> DataSet:
    records = tuple(
        ImageRecord(f"i{number}", Path(f"i{number}.jpg"), number % 8, lesion=f"l{number}") for number in range(images)
    )
    return DataSet(Path("data"), "isic2019", records, classes=ISIC2019)


def _with_data(state: WizardState | None = None) -> WizardState:
    reading = wizard_state.start_reading(state or wizard_state.initial_state(), "data")
    read = wizard_state.data_read(reading, _dataset(), frozenset())
    return wizard_state.data_checked(read, _dataset(), frozenset())


def _teacher(folder: Path, *assignments: str, state: RunState = RunState.FINISHED, task: str = "teacher") -> RunSummary:
    recipe = set_values(preset(Preset.QUICK), [f"task={task}", "data.path=data", *assignments])
    return RunSummary(folder, RunStatus(state, "my teacher", "", ""), recipe, None)


def _distil(tmp_path: Path, teacher: RunSummary) -> WizardState:
    state = wizard_state.choose_goal(_with_data(), Goal.DISTIL)
    return wizard_state.choose_teacher(replace(state, teachers=(teacher,)), teacher)


class TestWalk:
    def test_the_whole_job_visits_all_pages_in_order(self) -> None:
        state, seen = _with_data(), [WizardStep.DATA]
        while (following := flow.next_step(state)) is not None:
            state = flow.go_to(state, following)
            seen.append(state.step)
        assert seen == [step for step in WizardStep if step is not WizardStep.LABELS]  # nothing to ask
        assert flow.can_start(state)

    @pytest.mark.parametrize(
        ("goal", "skipped"),
        [(Goal.TEACHER, WizardStep.STUDENT), (Goal.PLAIN, WizardStep.TEACHER), (Goal.DISTIL, WizardStep.TEACHER)],
    )
    def test_goals_skip_the_page_that_they_do_not_need(self, goal: Goal, skipped: WizardStep) -> None:
        state = wizard_state.choose_goal(_with_data(), goal)
        assert set(WizardStep) - set(flow.steps(state)) == {skipped}
        assert not flow.can_open(state, skipped)

    def test_back_comes_to_the_page_before_and_ends_at_the_first(self) -> None:
        state = replace(wizard_state.choose_goal(_with_data(), Goal.PLAIN), step=WizardStep.STUDENT)
        state = flow.go_to(state, flow.previous_step(state) or WizardStep.REVIEW)
        assert state.step is WizardStep.TASK
        assert flow.previous_step(replace(state, step=WizardStep.DATA)) is None

    def test_no_page_opens_before_the_ones_it_builds_on_are_in_order(self) -> None:
        state = wizard_state.initial_state()
        assert flow.message_for(state, WizardStep.DATA)
        assert flow.go_to(state, WizardStep.TASK) is state

    def test_going_back_is_possible_although_a_page_is_wrong(self) -> None:
        state = replace(_with_data(), step=WizardStep.SCHEDULE)
        state = wizard_state.set_value(state, "optimisation.learning_rate", "much")
        assert flow.go_to(state, WizardStep.TASK).step is WizardStep.TASK
        assert flow.go_to(state, WizardStep.REVIEW).step is WizardStep.SCHEDULE


class TestData:
    def test_each_stage_says_what_is_missing(self) -> None:
        empty = wizard_state.initial_state()
        reading = wizard_state.start_reading(empty, "data")
        failed = wizard_state.data_failed(reading, "Nothing is there.")
        assert "Choose the folder" in flow.message_for(empty, WizardStep.DATA)
        assert "being read" in flow.message_for(reading, WizardStep.DATA)
        assert flow.message_for(failed, WizardStep.DATA) == "Nothing is there."
        long = wizard_state.data_failed(reading, "No images found. Below it are 0 images.\nLooked for:\n- a table")
        assert flow.message_for(long, WizardStep.DATA) == "No images found."  # the page has the rest

    def test_excluded_images_need_a_decision(self) -> None:
        state = wizard_state.data_checked(_with_data(), _dataset(), frozenset({"i1", "i2"}))
        assert "2 images" in flow.message_for(state, WizardStep.DATA)
        decided = wizard_state.set_value(state, "data.skip_problems", True)
        assert flow.message_for(decided, WizardStep.DATA) == ""
        assert wizard_state.usable_images(decided) == 38

    def test_a_set_without_any_usable_image_can_not_be_gone_on_with(self) -> None:
        everything = frozenset(record.name for record in _dataset().records)
        state = wizard_state.data_checked(_with_data(), _dataset(), everything)
        assert flow.message_for(wizard_state.set_value(state, "data.skip_problems", True), WizardStep.DATA)

    def test_another_path_forgets_the_data_set(self) -> None:
        state = wizard_state.start_reading(_with_data(), "elsewhere")
        assert state.dataset is None
        assert state.check is CheckState.NONE
        assert state.recipe.data.path == "elsewhere"

    def test_start_waits_for_the_check_but_the_pages_do_not(self) -> None:
        state = replace(_with_data(), check=CheckState.RUNNING)
        assert flow.can_open(state, WizardStep.REVIEW)
        assert not flow.can_start(state)
        assert flow.can_start(replace(state, check=CheckState.STOPPED))

    def test_problems_found_late_close_start_and_name_the_page(self) -> None:
        state = wizard_state.data_checked(replace(_with_data(), step=WizardStep.REVIEW), _dataset(), frozenset({"i3"}))
        assert flow.message_for(state, WizardStep.REVIEW).startswith("Data: 1 image ")


class TestValues:
    def test_an_unusable_value_waits_beside_the_recipe(self) -> None:
        before = _with_data()
        state = wizard_state.set_value(before, "optimisation.learning_rate", -1.0)
        assert state.recipe == before.recipe
        assert wizard_state.shown_value(state, "optimisation.learning_rate") == -1.0
        assert "greater than 0" in wizard_state.field_problem(state, "optimisation.learning_rate")
        assert "must be corrected" in flow.message_for(state, WizardStep.SCHEDULE)

    def test_other_fields_can_be_edited_meanwhile(self) -> None:
        state = wizard_state.set_value(_with_data(), "optimisation.learning_rate", "x")
        state = wizard_state.set_value(state, "optimisation.epochs", 3)
        assert state.recipe.optimisation.epochs == 3
        assert wizard_state.field_problem(state, "optimisation.learning_rate")
        healed = wizard_state.set_value(state, "optimisation.learning_rate", 0.5)
        assert (healed.drafts, healed.problems) == ((), ())
        assert healed.recipe.optimisation.learning_rate == 0.5

    def test_a_split_that_does_not_sum_to_one_is_marked(self) -> None:
        state = wizard_state.set_value(_with_data(), "data.split", (0.7, 0.2, 0.3))
        assert "sum to 1" in wizard_state.field_problem(state, "data.split")
        assert flow.message_for(state, WizardStep.DATA)

    def test_a_field_that_another_one_makes_wrong_heals_with_it(self) -> None:
        state = wizard_state.set_value(wizard_state.set_value(_with_data(), "data.folds", 5), "data.fold", 3)
        worse = wizard_state.set_value(state, "data.folds", 2)
        assert worse.recipe.data.folds == 5
        assert wizard_state.field_problem(worse, "data.folds")
        healed = wizard_state.set_value(worse, "data.fold", 1)
        assert (healed.recipe.data.folds, healed.recipe.data.fold) == (2, 1)
        assert not healed.problems

    def test_reset_brings_the_presets_value_back(self) -> None:
        state = wizard_state.choose_preset(_with_data(), Preset.QUICK)
        state = wizard_state.reset_value(
            wizard_state.set_value(state, "optimisation.epochs", 99), "optimisation.epochs"
        )
        assert state.recipe.optimisation.epochs == preset(Preset.QUICK).optimisation.epochs


class TestRecipe:
    def test_a_teacher_alone_distils_nothing(self) -> None:
        recipe = wizard_state.recipe_of(wizard_state.choose_goal(_with_data(), Goal.TEACHER))
        assert recipe.task == "teacher"
        assert recipe.distillation.method == "none"

    def test_a_teacher_trained_alone_is_the_one_that_the_whole_job_would_train(self, tmp_path: Path) -> None:
        state = wizard_state.set_value(_with_data(), "student.architecture", "mobilenetv2_050")
        alone = wizard_state.plan(wizard_state.choose_goal(state, Goal.TEACHER), tmp_path)
        whole = wizard_state.plan(state, tmp_path)
        assert (len(alone), len(whole)) == (1, 2)
        assert recipe_hash(alone[0].recipe) == recipe_hash(whole[0].recipe)

    def test_a_run_without_a_name_is_called_by_what_it_does(self) -> None:
        state = wizard_state.choose_goal(wizard_state.choose_preset(_with_data(), Preset.QUICK), Goal.PLAIN)
        assert wizard_state.name_of(state) == "mobilenetv2_050 plain"
        assert wizard_state.name_of(wizard_state.set_name(state, " mine ")) == "mine"

    def test_a_plain_student_needs_no_teacher(self, tmp_path: Path) -> None:
        distilling = _distil(tmp_path, _teacher(tmp_path))
        recipe = wizard_state.recipe_of(wizard_state.choose_goal(distilling, Goal.PLAIN))
        assert (recipe.task, recipe.needs_teacher, recipe.teacher.run) == ("student", False, "")

    def test_settings_survive_a_look_at_another_goal(self) -> None:
        state = wizard_state.set_value(_with_data(), "distillation.method", "dist")
        back = wizard_state.choose_goal(wizard_state.choose_goal(state, Goal.PLAIN), Goal.WHOLE)
        assert wizard_state.recipe_of(back).distillation.method == "dist"

    def test_each_method_keeps_its_settings_for_a_return(self) -> None:
        state = wizard_state.set_value(_with_data(), "distillation.temperature", 4.0)
        state = wizard_state.set_value(state, "distillation.alpha", 0.6)
        other = wizard_state.set_value(state, "distillation.method", "dist")
        assert other.recipe.distillation.model_dump(include={"alpha", "temperature", "beta"}) == {
            "alpha": 0.6,
            "temperature": 1.0,
            "beta": 1.0,
        }
        changed = wizard_state.set_value(
            wizard_state.set_value(other, "distillation.beta", 3.0), "distillation.alpha", 0.7
        )
        without = wizard_state.set_value(changed, "distillation.method", "none")
        back = wizard_state.set_value(without, "distillation.method", "kl").recipe.distillation
        assert back.model_dump(include={"alpha", "temperature"}) == {"alpha": 0.7, "temperature": 4.0}
        again = wizard_state.set_value(
            wizard_state.set_value(changed, "distillation.method", "kl"), "distillation.method", "dist"
        )
        assert again.recipe == changed.recipe

    def test_a_draft_of_another_method_is_forgotten(self) -> None:
        state = wizard_state.set_value(_with_data(), "distillation.temperature", "warm")
        assert wizard_state.field_problem(state, "distillation.temperature")
        other = wizard_state.set_value(state, "distillation.method", "dist")
        assert other.problems == ()
        assert wizard_state.shown_value(other, "distillation.temperature") == 1.0

    def test_a_reset_gives_the_chosen_methods_default(self) -> None:
        state = wizard_state.choose_preset(_with_data(), Preset.BEST)
        assert wizard_state.default_of(state, "distillation.temperature") == 2.0
        other = wizard_state.set_value(state, "distillation.method", "dist")
        assert wizard_state.default_of(other, "distillation.temperature") == 1.0
        assert wizard_state.default_of(other, "distillation.alpha") == 0.5

    def test_distilling_without_method_and_order_is_refused(self) -> None:
        state = wizard_state.set_value(_with_data(), "distillation.method", "none")
        assert "would not be used" in flow.message_for(state, WizardStep.STUDENT)
        ordered = wizard_state.set_value(state, "curriculum.order", "easy_first")
        assert flow.message_for(ordered, WizardStep.STUDENT) == ""

    @pytest.mark.parametrize("name", list(Preset))
    def test_a_preset_keeps_data_and_hardware(self, name: Preset) -> None:
        state = wizard_state.set_value(_with_data(), "hardware.device", "cpu")
        recipe = wizard_state.choose_preset(state, name).recipe
        assert (recipe.data.path, recipe.hardware.device) == ("data", "cpu")
        assert recipe.optimisation == preset(name).optimisation
        assert recipe.data.image_size == preset(name).data.image_size
        assert recipe.data.calibration == preset(name).data.calibration
        assert recipe.data.group_by == preset(name).data.group_by
        assert recipe.hardware.precision == preset(name).hardware.precision
        assert wizard_state.preset_of(recipe) is name

    @pytest.mark.parametrize(
        ("assignments", "goal"),
        [
            (["task=teacher"], Goal.TEACHER),
            (["distillation.method=none"], Goal.PLAIN),
            (["teacher.run=some"], Goal.DISTIL),
            ([], Goal.WHOLE),
        ],
    )
    def test_a_given_recipe_opens_with_its_goal(self, assignments: list[str], goal: Goal) -> None:
        recipe = set_values(preset(Preset.PAPER), assignments)
        state = wizard_state.initial_state(recipe, "mine")
        assert state.goal is goal
        assert wizard_state.recipe_of(state).data.path == "mine"
        if goal is not Goal.TEACHER:
            assert wizard_state.recipe_of(state) == set_values(recipe, ["data.path=mine"])


class TestTeacher:
    def test_only_finished_teachers_are_offered(self, tmp_path: Path) -> None:
        good = _teacher(tmp_path / "a")
        others = (
            _teacher(tmp_path / "b", state=RunState.STOPPED),
            _teacher(tmp_path / "c", task="student"),
            replace(good, recipe=None),
        )
        assert wizard_state.finished_teachers((*others, good)) == (good,)

    def test_a_teacher_must_be_chosen(self, tmp_path: Path) -> None:
        state = wizard_state.choose_goal(_with_data(), Goal.DISTIL)
        assert "no finished teacher" in flow.message_for(state, WizardStep.TASK)
        some = replace(state, teachers=(_teacher(tmp_path),))
        assert "Choose the finished teacher" in flow.message_for(some, WizardStep.TASK)

    def test_its_split_and_size_are_taken_over(self, tmp_path: Path) -> None:
        teacher = _teacher(tmp_path, "data.seed=7", "data.group_by=image", "data.image_size=64")
        state = _distil(tmp_path, teacher)
        data = wizard_state.recipe_of(state).data
        assert (data.seed, data.group_by, data.image_size) == (7, "image", 64)
        assert wizard_state.recipe_of(state).teacher.run == str(tmp_path)
        assert flow.message_for(state, WizardStep.TASK) == ""
        assert "taken over" in wizard_state.teacher_note(state)

    def test_other_data_or_another_split_is_said(self, tmp_path: Path) -> None:
        other = _distil(tmp_path, _teacher(tmp_path, "data.path=elsewhere"))
        assert "other images" in wizard_state.teacher_note(other)
        moved = wizard_state.set_value(_distil(tmp_path, _teacher(tmp_path)), "data.seed", 3)
        assert "divided otherwise" in wizard_state.teacher_note(moved)

    def test_a_preset_leaves_a_chosen_teachers_size(self, tmp_path: Path) -> None:
        state = wizard_state.choose_preset(_distil(tmp_path, _teacher(tmp_path, "data.image_size=64")), Preset.BEST)
        assert (state.recipe.data.image_size, state.recipe.teacher.run) == (64, str(tmp_path))


class TestModels:
    def test_an_unknown_network_stops_its_page_until_another_is_known(self) -> None:
        state = wizard_state.model_unusable(_with_data(), "teacher", "Unknown network")
        assert flow.message_for(state, WizardStep.TEACHER) == "Unknown network"
        facts = ModelFacts("tf_efficientnet_b7", 1, 1.0, 1, True)
        assert flow.message_for(wizard_state.model_described(state, "teacher", facts), WizardStep.TEACHER) == ""

    def test_weights_must_exist(self, tmp_path: Path) -> None:
        state = wizard_state.set_value(_with_data(), "student.weights", str(tmp_path / "no.safetensors"))
        assert "does not exist" in flow.message_for(state, WizardStep.STUDENT)
        (tmp_path / "no.safetensors").touch()
        assert flow.message_for(state, WizardStep.STUDENT) == ""

    def test_hub_weights_that_do_not_exist_are_said_early(self) -> None:
        facts = ModelFacts("mobilenetv2_100", 1, 1.0, 1, False)
        state = wizard_state.model_described(_with_data(), "student", facts)
        assert "no pretrained weights" in flow.message_for(state, WizardStep.STUDENT)


def test_the_brain_runs_without_qt_and_torch() -> None:
    code = (
        "import sys; import skinkd_gui.training.wizard.state, skinkd_gui.training.wizard.texts, "
        "skinkd_gui.training.wizard.costs, skinkd_gui.training.wizard.commands;"
        "sys.exit(any(m.partition('.')[0] in ('PySide6', 'torch', 'timm', 'matplotlib') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[4], check=False).returncode == 0


class TestStudy:
    def test_the_paper_s_study_is_24_runs_over_the_chosen_settings(self) -> None:
        start = wizard_state.choose_preset(_with_data(), Preset.QUICK)
        state = wizard_state.set_value(wizard_state.choose_goal(start, Goal.STUDY), "optimisation.epochs", 3)
        (study,) = wizard_state.studies_of(state)
        assert study.paper
        assert study.name == wizard_state.name_of(state)
        assert study.base.optimisation.epochs == 3
        assert wizard_state.study_runs(state) == 24
        assert set(flow.steps(state)) == set(WizardStep)

    def test_seeds_repeat_the_students_alone(self) -> None:
        state = replace(wizard_state.choose_goal(_with_data(), Goal.STUDY), study=StudyChoice(seeds=3))
        assert wizard_state.study_runs(state) == 1 + 3 * 23

    def test_other_goals_are_no_study(self) -> None:
        assert wizard_state.studies_of(_with_data()) == ()
        assert wizard_state.study_runs(_with_data()) == 0

    def test_both_readings_of_the_curriculum_are_one_study(self) -> None:
        state = replace(wizard_state.choose_goal(_with_data(), Goal.STUDY), study=StudyChoice(both_redraws=True))
        (study,) = wizard_state.studies_of(state)
        assert wizard_state.study_runs(state) == 36
        assert {dict(row.changes).get("curriculum.redraw") for row in study.configurations if "-cl" in row.key} == {
            "once",
            "each_epoch",
        }

    def test_both_splits_are_two_studies(self) -> None:
        state = replace(wizard_state.choose_goal(_with_data(), Goal.STUDY), study=StudyChoice(both_splits=True))
        by_image, by_lesion = wizard_state.studies_of(state)
        assert (by_image.base.data.group_by, by_lesion.base.data.group_by) == ("image", "lesion")
        assert [by_image.name, by_lesion.name] == ["Paper study by image", "Paper study by lesion"]
        assert wizard_state.study_runs(state) == 48

    def test_a_wizard_opens_with_the_split_that_does_not_leak(self) -> None:
        state = wizard_state.initial_state()
        assert (state.preset, state.recipe.data.group_by) == (Preset.PAPER_LESION, "lesion")

    def test_a_finished_teachers_division_stays_with_another_preset(self, tmp_path: Path) -> None:
        state = _distil(tmp_path, _teacher(tmp_path, "data.group_by=image"))
        assert wizard_state.choose_preset(state, Preset.PAPER_LESION).recipe.data.group_by == "image"
