"""Runs and numbers in plain words."""

from __future__ import annotations

import pytest

from core.evaluation.intervals import Interval
from core.recipe import Recipe
from core.recipe.learning import CurriculumRecipe, DistillationRecipe
from core.reporting.words import difference_of, kind_of_run


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


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.0003, 0.081, "+3.7 (> 0.0 to +8.1)"),  # it does not hold 0, and does not look as if it did
        (0.0, 0.081, "+3.7 (0.0 to +8.1)"),
        (-0.0003, 0.081, "+3.7 (0.0 to +8.1)"),
        (-0.081, -0.0003, "+3.7 (\u22128.1 to < 0.0)"),
        (0.0005, 0.081, "+3.7 (+0.1 to +8.1)"),
    ],
)
def test_a_rounded_bound_says_on_which_side_of_0_it_lies(low, high, words):
    assert difference_of(0.037, Interval(low, high)) == words
