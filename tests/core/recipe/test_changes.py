"""What differs between two recipes, and what a resume allows to differ."""

from __future__ import annotations

import pytest
from pydantic import Field

from core.recipe import Recipe, set_values
from core.recipe.changes import recipe_changes, resume_rule
from core.recipe.learning import DistillationRecipe
from core.settings import SettingsSection


def test_equal_recipes_differ_in_nothing() -> None:
    assert recipe_changes(Recipe(), Recipe()) == ()


@pytest.mark.parametrize(
    ("assignment", "key", "rule", "line"),
    [
        ("optimisation.epochs=40", "optimisation.epochs", "up", "optimisation.epochs: 25 -> 40"),
        ("optimisation.patience=9", "optimisation.patience", "free", "optimisation.patience: 5 -> 9"),
        ("hardware.device=cpu", "hardware.device", "free", 'hardware.device: "auto" -> "cpu"'),
        ("optimisation.seed=7", "optimisation.seed", "fixed", "optimisation.seed: 0 -> 7"),
        ("data.split=[0.6, 0.2, 0.2]", "data.split", "fixed", "data.split: [0.7, 0.2, 0.1] -> [0.6, 0.2, 0.2]"),
        ("task=teacher", "task", "fixed", 'task: "student" -> "teacher"'),
    ],
)
def test_a_change_is_told_by_name(assignment: str, key: str, rule: str, line: str) -> None:
    (change,) = recipe_changes(Recipe(), set_values(Recipe(), [assignment]))
    assert (change.key, change.rule, change.line) == (key, rule, line)


def test_what_may_change_is_declared_and_nothing_else() -> None:
    rules = {
        f"{name}.{key}": resume_rule(type(section), key)
        for name in Recipe.model_fields
        if isinstance(section := getattr(Recipe(), name), SettingsSection)
        for key in type(section).model_fields
    }
    assert {key for key, rule in rules.items() if rule == "on_request"} == {"optimisation.learning_rate"}
    assert {key for key, rule in rules.items() if rule == "up"} == {"optimisation.epochs"}
    free = {key for key, rule in rules.items() if rule == "free" and not key.startswith("hardware.")}
    assert free == {"data.path", "teacher.run", "teacher.also", "optimisation.patience"}
    assert all(rule == "free" for key, rule in rules.items() if key.startswith("hardware."))


class _New(SettingsSection):
    """A section as a later version may have it."""

    plain: int = 1
    bad: int = Field(default=1, json_schema_extra={"resume": "whenever"})
    free: int = Field(default=1, json_schema_extra={"resume": "free"})


class _Pieces(SettingsSection):
    pieces: tuple[_New, ...] = (_New(), _New())


def test_a_field_without_a_declaration_is_fixed() -> None:
    assert [resume_rule(_New, name) for name in ("plain", "bad", "free")] == ["fixed", "fixed", "free"]


def test_sections_of_another_kind_and_lists_of_sections_are_compared_too() -> None:
    before = Recipe.model_construct(
        **{**dict(Recipe()), "distillation": DistillationRecipe.of(method="kl"), "curriculum": _New()}
    )
    after = Recipe.model_construct(
        **{**dict(Recipe()), "distillation": _New(free=2), "curriculum": _Pieces(pieces=(_New(free=3), _New(plain=4)))}
    )
    found = {change.key: change for change in recipe_changes(before, after)}
    assert found["distillation.free"].line == "distillation.free: not there -> 2"
    assert found["distillation.alpha"].line == "distillation.alpha: 0.1 -> not there"
    assert {change.rule for change in found.values()} == {"fixed"}
    assert found["curriculum.pieces.2.plain"].after == "4"
    (inner,) = recipe_changes(
        after, after.model_copy(update={"curriculum": _Pieces(pieces=(_New(free=9), _New(plain=4)))})
    )
    assert (inner.key, inner.rule) == ("curriculum.pieces.1.free", "free")
