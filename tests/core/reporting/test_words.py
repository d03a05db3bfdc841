"""Runs and numbers in plain words."""

from __future__ import annotations

import pytest

from core.evaluation.intervals import Interval
from core.recipe import Recipe
from core.recipe.learning import CurriculumRecipe, DistillationRecipe
from core.reporting.words import kind_of_run, no_width


@pytest.mark.parametrize(
    ("method", "order", "words"),
    [
        ("none", "none", "Plain student"),
        ("none", "easy_first", "Plain student + curriculum"),
        ("kl", "none", "KL student"),
        ("dist", "hard_first", "DIST student + curriculum"),
    ],
)
def test_students_are_named_by_what_they_learned_from(method, order, words):
    recipe = Recipe(distillation=DistillationRecipe(method=method), curriculum=CurriculumRecipe(order=order))
    assert kind_of_run(recipe) == words
    assert kind_of_run(recipe.model_copy(update={"task": "teacher"})) == "Teacher"
    assert kind_of_run(None) == "Unknown"


def test_an_interval_without_width_is_no_certainty():
    assert no_width([None, Interval(0.1, 0.2)]) == ()
    (said,) = no_width([Interval(0.1, 0.2), Interval(0.0, 0.0)])
    assert "not that the score is certain" in said
