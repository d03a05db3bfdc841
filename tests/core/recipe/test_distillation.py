"""The distillation section: settings exist where their method is chosen, further losses have tables of their own."""

from __future__ import annotations

import itertools

import pytest

from core.distillation.methods import METHODS
from core.errors import RecipeError
from core.recipe import (
    Preset,
    Recipe,
    field,
    fields_of,
    parse_recipe,
    possible_fields,
    preset,
    recipe_from_toml,
    recipe_hash,
    recipe_to_toml,
    set_values,
)
from core.recipe.learning import DistillationRecipe, Distilled
from tests.core.distillation.made_up import Mse, MseSettings

TERMS = """
[distillation]
method = "kl"
alpha = 0.4
direction = "teacher_student"

[[distillation.term]]
method = "dist"
weight = 0.5
beta = 2.0

[[distillation.term]]
method = "kl"
temperature = 4.0
"""


def names(recipe: Recipe) -> list[str]:
    return [spec.key.partition(".")[2] for spec in fields_of(recipe, "distillation")]


def test_settings_exist_where_their_method_is_chosen() -> None:
    assert names(Recipe()) == ["method"]
    assert names(set_values(Recipe(), ["distillation.method=kl"])) == [
        *("method", "alpha", "term", "temperature", "direction"),
    ]
    assert names(set_values(Recipe(), ["distillation.method=dist"])) == [
        *("method", "alpha", "term", "temperature", "beta", "gamma"),
    ]
    assert field("distillation.gamma").title == "DIST gamma"
    assert {spec.key for spec in possible_fields("distillation")} >= {"distillation.direction", "distillation.beta"}


def test_further_losses_are_read_written_and_trained() -> None:
    recipe = recipe_from_toml(TERMS)
    kl, dist, other = recipe.loss_terms
    assert [term.method.name for term in recipe.loss_terms] == ["kl", "dist", "kl"]
    assert (kl.weight, dist.weight, other.weight) == (1.0, 0.5, 1.0)
    assert dist.settings.model_dump() == {
        "method": "dist",
        "weight": 0.5,
        "temperature": 1.0,
        "beta": 2.0,
        "gamma": 1.0,
    }
    assert isinstance(other.settings, METHODS["kl"].Settings)
    assert recipe.alpha == 0.4
    for comments in (True, False):
        text = recipe_to_toml(recipe, comments=comments)
        assert recipe_from_toml(text) == recipe
        assert text.count("[[distillation.term]]") == 2 + ("# Losses" in text)
    assert recipe_hash(recipe) != recipe_hash(set_values(recipe, ["distillation.term=[]"]))
    assert set_values(recipe, ["distillation.term=[{method='dist', beta=2.0, weight=0.5}]"]).loss_terms[1] == dist


@pytest.mark.parametrize("name", METHODS)
def test_every_method_survives_a_file(name: str) -> None:
    recipe = set_values(Recipe(), [f"distillation.method={name}"])
    assert recipe_from_toml(recipe_to_toml(recipe)) == recipe
    assert bool(recipe.loss_terms) == (recipe.alpha is not None) == bool(METHODS[name].needs)
    assert isinstance(recipe.distillation, Distilled) == bool(METHODS[name].needs)


def test_another_method_drops_settings_and_keeps_alpha_and_further_losses() -> None:
    recipe = set_values(recipe_from_toml(TERMS), ["distillation.temperature=3"])
    changed = set_values(recipe, ["distillation.method=dist"]).distillation
    assert changed.model_dump(exclude={"term"}) == {
        "method": "dist",
        "alpha": 0.4,
        "temperature": 1.0,
        "beta": 1.0,
        "gamma": 1.0,
    }
    assert changed.losses[1:] == recipe.loss_terms[1:]
    assert set_values(recipe, ["distillation.method=none"]).distillation == DistillationRecipe()
    assert set_values(recipe, ["distillation.method=kl"]) == recipe


def test_the_order_of_assignments_does_not_matter() -> None:
    start = recipe_from_toml(TERMS)
    changes = [
        "distillation.method=dist",
        "distillation.gamma=3",
        "distillation.alpha=0.7",
        "distillation.temperature=2",
    ]
    found = {recipe_hash(set_values(start, order)) for order in itertools.permutations(changes)}
    assert len(found) == 1
    assert set_values(start, changes).distillation.model_dump(exclude={"term"}) == {
        "method": "dist",
        "alpha": 0.7,
        "temperature": 2.0,
        "beta": 1.0,
        "gamma": 3.0,
    }


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        (["distillation.gamma=2", "distillation.method=kl"], "distillation.gamma", "only with method = dist"),
        (["distillation.alpha=0.2"], "distillation.alpha", "only with method = kl or dist"),
        (["distillation.temperature=2"], "distillation.temperature", "only with method = kl or dist"),
        (
            ["distillation.method=dits"],
            "distillation.method",
            "there is no distillation method 'dits'; did you mean dist?",
        ),
        (
            ["distillation.method=kl", "distillation.kl_direction=x"],
            "distillation.kl_direction",
            "did you mean direction?",
        ),
        (["distillation.method=kl", "distillation.direction=x"], "distillation.direction", "'student_teacher'"),
        (
            ["distillation.method=kl", "distillation.term=[{method='dist', direction='x'}]"],
            *("distillation.term.direction", "only with method = kl"),
        ),
        (["distillation.method=kl", "distillation.term=[{method='dst'}]"], "distillation.term.method", "mean dist?"),
        (
            ["distillation.method=kl", "distillation.term=[{}]"],
            "distillation.term.method",
            "; it is none",
        ),
        (
            ["distillation.method=kl", "distillation.term=[{method='kl', wieght=1}]"],
            "distillation.term.wieght",
            "weight?",
        ),
        (["distillation.method=kl", "distillation.term=[3]"], "distillation.term", "a table"),
        (["distillation.method=kl", "distillation.term=3"], "distillation.term", "it is 3"),
    ],
)
def test_wrong_settings_are_told_which_method_has_them(changes: list[str], key: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        set_values(Recipe(), changes)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert message in problem.message


def test_a_method_that_somebody_adds_is_a_choice_like_any_other() -> None:
    with METHODS.registered(Mse()):
        recipe = set_values(Recipe(), ["distillation.method=mse", "distillation.margin=0.5", "distillation.alpha=0.3"])
        assert names(recipe) == ["method", "alpha", "term", "margin"]
        assert recipe_from_toml(recipe_to_toml(recipe)) == recipe
        assert "mse: match the teacher's logits" in recipe_to_toml(recipe)
        (term,) = recipe.loss_terms
        assert isinstance(term.settings, MseSettings)
        with pytest.raises(RecipeError, match="less than or equal to 5"):
            set_values(recipe, ["distillation.margin=6"])
        with pytest.raises(RecipeError, match="only with method = mse"):
            set_values(recipe, ["distillation.method=kl", "distillation.margin=1"])
    with pytest.raises(RecipeError, match="there is no distillation method 'mse'"):
        parse_recipe({"distillation": {"method": "mse"}})


def test_recipes_of_version_1_keep_what_had_an_effect() -> None:
    old = {"version": 1, "distillation": {"alpha": 0.3, "temperature": 2.0, "kl_direction": "teacher_student"}}
    settings = {"beta": 0.5, "gamma": 2.0}
    section = {**old["distillation"], **settings}  # type: ignore[dict-item]

    def migrated(method: str) -> dict[str, object]:
        return parse_recipe({"version": 1, "distillation": {**section, "method": method}}).distillation.model_dump()

    common = {"alpha": 0.3, "temperature": 2.0, "term": ()}
    assert migrated("kl") == {"method": "kl", **common, "direction": "teacher_student"}
    assert migrated("dist") == {"method": "dist", **common, **settings}
    assert migrated("none") == {"method": "none"}
    assert parse_recipe(old).distillation == DistillationRecipe()
    with pytest.raises(RecipeError, match="did you mean temperature"):
        parse_recipe({"version": 1, "distillation": {"method": "kl", "temprature": 2.0}})
    with pytest.raises(RecipeError, match="there is no distillation method 'mse'"):
        parse_recipe({"version": 1, "distillation": {"method": "mse", "alpha": 0.5}})


def test_the_preset_beyond_the_paper() -> None:
    found = preset(Preset.BEST).distillation.model_dump()
    best = {"method": "standardised_kl", "alpha": 0.5, "term": (), "temperature": 2.0, "kl_weight": 10.0}
    assert found == best
