"""What the wizard says, and the command it copies."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from core.data.leakage import Leakage, Leaking
from core.distillation.curricula import ORDERS
from core.models.catalog import ModelFacts
from core.paths import runs_root
from core.recipe import Preset, field, possible_fields, preset, section_fields, set_values
from skinkd_gui.training.wizard import texts
from skinkd_gui.training.wizard.commands import differences, train_command, wizard_command
from skinkd_gui.training.wizard.state import (
    Goal,
    StudyChoice,
    WizardState,
    compares_teachers,
    initial_state,
    studies_of,
    study_runs,
)


def test_every_choice_of_the_recipe_has_a_name_of_its_own() -> None:
    for section in ("data", "teacher", "student", "distillation", "curriculum", "optimisation", "hardware"):
        for spec in section_fields(section):
            shown = [texts.choice_text(spec, value) for value in spec.choices]
            assert len(set(shown)) == len(shown)
            assert not any("_" in text for text in shown), spec.key


def test_help_has_no_names_of_the_recipe() -> None:
    for section in ("data", "teacher", "student", "distillation", "curriculum", "optimisation", "hardware"):
        for spec in possible_fields(section):
            said = texts.help_text(spec)
            assert "`" not in said, spec.key
            names = [name for name in spec.choices if name != texts.choice_text(spec, name)]
            assert not [name for name in names if "_" in name and name in said], spec.key
    assert "“Validating fold” is the one that validates" in texts.help_text(field("data.folds"))


def test_help_calls_the_choices_as_the_form_does() -> None:
    said = texts.all_choices_help(field("curriculum.order"))
    assert "easy_first" not in said
    assert f"Easiest first: {ORDERS['easy_first'].help} (Davidi and Park, section 4.3" in said


def test_sizes_are_compared() -> None:
    large, small = ModelFacts("big", 60, 1.0, 300, True), ModelFacts("tiny", 2, 1.0, 100, True)
    assert texts.size_comparison(large, small) == (
        "30.0 times smaller than the teacher (big), with 3.0 times less to compute."
    )
    assert "not smaller" in texts.size_comparison(small, large)
    assert texts.size_comparison(None, small) == ""


def test_the_copied_command_stands_for_the_recipe(tmp_path: Path) -> None:
    changes = [
        "data.path=/my data/set", "data.split=[17728, 5062, 2541]", "data.group_by=image",
        "student.weights=/w/a b.safetensors", "optimisation.learning_rate=0.0003", "task=teacher",
    ]  # fmt: skip
    recipe = set_values(preset(Preset.QUICK), changes)
    words = shlex.split(train_command(recipe, Preset.QUICK, tmp_path, "first try"))
    assert words[:5] == ["skinkd-cli", "train", "quick", "--data", "/my data/set"]
    assignments = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
    assert set_values(preset(Preset.QUICK), [*assignments, "data.path=/my data/set"]) == recipe
    assert words[-4:] == ["--runs", str(tmp_path), "--name", "first try"]


def test_the_default_folder_and_unchanged_values_are_not_spelled_out() -> None:
    recipe = set_values(preset(Preset.PAPER), ["data.path=d"])
    assert train_command(recipe, Preset.PAPER, runs_root()) == "skinkd-cli train paper --data d"
    assert differences(recipe, preset(Preset.PAPER)) == ()


@pytest.mark.parametrize(
    ("start", "choice", "options"),
    [
        (Preset.PAPER, StudyChoice(), []),
        (Preset.PAPER_LESION, StudyChoice(), ["--split", "lesion"]),
        (Preset.PAPER_LESION, StudyChoice(both_splits=True), ["--split", "both"]),
        (Preset.PAPER, StudyChoice(both_redraws=True, seeds=2), ["--redraw", "both", "--seeds", "0,1"]),
    ],
)
def test_the_command_of_a_study_makes_the_same_studies(start: Preset, choice: StudyChoice, options: list[str]) -> None:
    recipe = set_values(preset(start), ["data.path=d", "curriculum.redraw=once"])
    state = replace(initial_state(recipe), goal=Goal.STUDY, study=choice)
    assert shlex.split(wizard_command(state, runs_root())) == ["skinkd-cli", "study", "paper", "--data", "d", *options]


def test_the_command_says_what_another_method_does_not_bring_along() -> None:
    base = set_values(preset(Preset.BEST), ["distillation.method=kl", "distillation.temperature=2"])
    for changes in (
        ["distillation.method=dist"],
        ["distillation.method=dist", "distillation.temperature=2"],
        ["distillation.method=none"],
        ["distillation.term=[{method='dist', weight=0.5}]"],
        ["curriculum.order=easy_first", "curriculum.pacing=linear"],
    ):
        recipe = set_values(base, changes)
        assert set_values(base, differences(recipe, base)) == recipe


def test_what_leaks_is_said_with_the_way_out_in_the_form_s_words() -> None:
    leaks = Leakage(Leaking(3, 10), (), 100, 100, 0)
    assert "3 of 10 test images (30 %)" in texts.leakage_text(leaks)
    assert "“Keep together: Patients, lesions and near-copies”" in texts.leakage_text(leaks)
    unknown = texts.leakage_text(Leakage(Leaking(0, 10), (), 100, 0, 0))
    assert "not known" in unknown
    assert "Keep together" not in unknown


def test_a_teacher_is_chosen_among_the_papers_by_cross_validation() -> None:
    state = replace(
        WizardState(set_values(preset(Preset.PAPER), ["data.path=d", "task=teacher"])),
        goal=Goal.TEACHER,
        preset=Preset.PAPER,
        folds=3,
        teacher_candidates=True,
    )
    (study,) = studies_of(state)
    assert study.name == "Cross-validation of the paper's teachers"
    assert study.withholds_test
    assert len({item.chosen_as for item in study.configurations}) == 9
    assert study_runs(state) == 27
    words = shlex.split(wizard_command(state, runs_root()))
    assert words[:8] == ["skinkd-cli", "cross-validate", "paper", "--data", "d", "--folds", "3", "--teacher-candidates"]
    assert not compares_teachers(replace(state, goal=Goal.DISTIL))
    assert not compares_teachers(replace(state, folds=1))
