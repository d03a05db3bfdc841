"""The demo's plan and its report."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.demo.plan import demo_plan, demo_report, sample_recipe
from core.evaluation.scores import ClassScore, Scores
from core.reporting.words import kind_of_run
from core.runs.status import RunState, RunStatus, RunSummary


def summary(recipe_name: str, state: RunState, scores: Scores | None, parameters: int | None = 412_000) -> RunSummary:
    status = RunStatus(state, recipe_name, "", "", seconds=41.2, synthetic=True)
    return RunSummary(Path("run"), status, sample_recipe(recipe_name), scores, parameters)


def test_the_plan_shows_the_main_job_in_order() -> None:
    plan = demo_plan(Path("/data"))
    assert [kind_of_run(item.recipe) for item in plan] == [
        "Teacher",
        "Plain student",
        "KL student",
        "DIST student",
        "KL student + curriculum",
    ]
    assert len({item.name for item in plan}) == 5


def test_exactly_the_students_that_learn_from_a_teacher_wait_for_it() -> None:
    plan = demo_plan(Path("/data"))
    assert [item.needs_teacher_of for item in plan] == [None, None, 0, 0, 0]
    assert [item.needs_teacher_of == 0 for item in plan] == [item.recipe.needs_teacher for item in plan]


def test_students_differ_from_the_plain_one_only_in_how_they_learn() -> None:
    _, plain, *distilled = (item.recipe for item in demo_plan(Path("/data")))
    for recipe in distilled:
        alike = {"distillation": plain.distillation, "curriculum": plain.curriculum}
        assert recipe.model_copy(update=alike) == plain


def test_no_run_of_the_demo_needs_a_network_and_all_use_the_given_data() -> None:
    for item in demo_plan(Path("/some/data"), ["optimisation.epochs=1"]):
        assert item.recipe.trained.weights == "none"
        assert item.recipe.data.path == "/some/data"
        assert item.recipe.optimisation.epochs == 1


def test_an_unknown_sample_recipe_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        sample_recipe("nothing")


def test_the_report_shows_what_was_measured_and_that_it_is_synthetic() -> None:
    per_class = (ClassScore("MEL", 0.5, 0.5, 0.5, 30), ClassScore("NV", 0.5, 0.5, 0.5, 50))
    scores = Scores(("MEL", "NV"), 0.875, 0.912, 0.5, 0.75, per_class, ((15, 15), (25, 25)))
    text = demo_report(
        [summary("demo-teacher", RunState.FINISHED, scores), summary("demo-student", RunState.FAILED, None, None)], 125
    )
    _, _, *rows = (line for line in text.splitlines() if line.startswith("| "))
    assert rows[0] == "| Teacher | 91.2 % | 87.5 % | 75.0 % | 412 k | 41 s | Finished |"
    assert rows[1] == "| Plain student | – | – | – | – | 41 s | Failed |"
    assert "synthetic" in text
    assert "Test images: 80" in text
    assert "2 min 5 s" in text
