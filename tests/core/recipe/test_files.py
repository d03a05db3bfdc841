"""Recipes as TOML: round trips, and errors that name the key and the nearest valid name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.distillation.curricula import ORDERS
from core.errors import RecipeError, SkinKDError
from core.recipe import (
    Preset,
    Recipe,
    files,
    parse_recipe,
    preset,
    read_recipe,
    recipe_from_toml,
    recipe_hash,
    recipe_to_toml,
    set_values,
)
from core.recipe.learning import CurriculumRecipe
from core.recipe.schema import RECIPE_VERSION


@pytest.mark.parametrize("name", list(Preset))
@pytest.mark.parametrize("comments", [True, False])
def test_presets_survive_toml(name: Preset, comments: bool) -> None:
    recipe = preset(name)
    assert recipe_from_toml(recipe_to_toml(recipe, comments=comments)) == recipe


@settings(deadline=None)
@given(
    alpha=st.floats(0, 1),
    rate=st.floats(1e-12, 10),
    path=st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=40),
    grouped=st.booleans(),
)
def test_any_value_survives_toml(alpha: float, rate: float, path: str, grouped: bool) -> None:
    recipe = parse_recipe(
        {
            "data": {"path": path, "skip_problems": grouped},
            "distillation": {"method": "kl", "alpha": alpha},
            "optimisation": {"learning_rate": rate},
        }
    )
    assert recipe_from_toml(recipe_to_toml(recipe)) == recipe


@pytest.mark.parametrize(
    ("assignment", "key", "said"),
    [
        ("optimisation.learning_rte=1", "optimisation.learning_rte", "did you mean learning_rate"),
        ("distilation.method=kl", "distilation", "did you mean distillation"),
        ("optimisation.weight_decay=2", "optimisation.weight_decay", "less than or equal to 1"),
        ("distillation.method=kll", "distillation.method", "did you mean kl?"),
        ("optimisation.epochs=1.5", "optimisation.epochs", "integer"),
        ("optimisation.epochs=many", "optimisation.epochs", "integer"),
        ("data.skip_problems=1", "data.skip_problems", "boolean"),
        ("data.split=[0.7,0.2,0.2]", "data.split", "sum to 1.1"),
        ("data.fold=3", "data.fold", "1 to data.folds"),
        ("data.test_fold=3", "data.test_fold", "1 to data.test_folds"),
        ("distillation.method=DIST", "distillation.method", "no distillation method 'DIST'; did you mean dist?"),
        ("data.path=a\0b", "data.path", "that a file's name can hold"),
        ("data.path=caf\udce9", "data.path", "no TOML file can hold"),
        ("teacher.run=" + "x" * 5000, "teacher.run", "at most 4,096 characters"),
        ("data.split=[0.5,0.5]", "data.split", "too few values"),
        ("data.split=[1e308,1e308,1e308]", "data.split", "less than or equal to 1000000000"),
        ("data=3", "data", "should be a table"),
        ("version=true", "version", "whole number up to 3; it is True"),
        ("version=0", "version", "0 is none that SkinKD ever wrote"),
        ("optimisation.learning_rate=nan", "optimisation.learning_rate", "finite"),
    ],
)
def test_unusable_values_are_named(assignment: str, key: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        set_values(Recipe(), [assignment])
    (problem,) = caught.value.problems
    assert problem.key == key
    assert said in problem.message


def test_several_problems_are_all_named() -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe({"distillation": {"method": "kl", "alpha": 2}, "optimisation": {"epoch": 1}})
    assert {problem.key for problem in caught.value.problems} == {"distillation.alpha", "optimisation.epoch"}


def test_values_are_set_with_their_types() -> None:
    recipe = set_values(
        Recipe(),
        ["data.split=[17728, 5062, 2541]", "hardware.precision=32", "student.weights=none", "task=teacher"],
    )
    assert recipe.data.split == (17728, 5062, 2541)
    assert recipe.hardware.precision == "32"
    assert recipe.student.weights == "none"
    assert recipe.task == "teacher"


@pytest.mark.parametrize("assignment", ["alpha", "a.b.c=1", "=1", "task.x=1"])
def test_a_malformed_assignment_is_refused(assignment: str) -> None:
    with pytest.raises(RecipeError):
        set_values(Recipe(), [assignment])


_BEFORE_3 = ("data.group_by=lesion", "data.parts=pooled")


def test_older_recipes_are_brought_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    def to_first(values: dict[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in values.items() if name != "lr"}
        return {**rest, "optimisation": {"learning_rate": values["lr"]}}

    monkeypatch.setitem(files.MIGRATIONS, 0, to_first)
    recipe = recipe_from_toml('version = 0\nlr = 0.5\ntask = "teacher"\n')
    assert recipe == set_values(
        Recipe(), ["optimisation.learning_rate=0.5", "task=teacher", "data.calibration=0", *_BEFORE_3]
    )
    assert recipe_hash(recipe) == recipe_hash(recipe_from_toml(recipe_to_toml(recipe)))
    with pytest.raises(RecipeError, match="version: -1 is none that SkinKD ever wrote"):
        parse_recipe({"version": -1})


def test_a_newer_recipe_is_refused_politely() -> None:
    with pytest.raises(SkinKDError, match="newer"):
        parse_recipe({"version": RECIPE_VERSION + 1})


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="could not be opened"):
        read_recipe(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("a = ", encoding="utf-8")
    with pytest.raises(SkinKDError, match="not valid TOML"):
        read_recipe(broken)


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "bom.toml"
    path.write_text('\ufefftask = "teacher"\n', encoding="utf-8")
    assert read_recipe(path).task == "teacher"


def test_the_hash_follows_the_values_and_not_the_hardware() -> None:
    recipe = Recipe()
    assert recipe_hash(recipe) == recipe_hash(set_values(recipe, ["hardware.device=cpu"]))
    assert recipe_hash(recipe) != recipe_hash(set_values(recipe, ["optimisation.epochs=3"]))


def test_only_quotes_around_a_text_are_taken_off() -> None:
    texts = {"a 'b'": "a 'b'", "'a b'": "a b", '"a"': "a", "don't": "don't", "'": "'"}
    for text, kept in texts.items():
        assert set_values(Recipe(), [f"data.path={text}"]).data.path == kept


def test_a_date_is_no_text() -> None:
    with pytest.raises(RecipeError, match=r"data.path: input should be a valid string; it is \['2020-01-01'\]"):
        recipe_from_toml("data.path = 2020-01-01")


@pytest.mark.parametrize("text", ["x=" + "[" * 5000 + "]" * 5000, ".".join("a" * 3000) + "=1", "x=" + "9" * 5000])
def test_endless_values_are_refused(text: str) -> None:
    with pytest.raises(SkinKDError, match="not valid TOML"):
        recipe_from_toml(text)


def test_messages_stay_short() -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_from_toml(f'optimisation.epochs = "{"x" * 1_000_000}"\n[{"y" * 1_000_000}]\n')
    assert len(str(caught.value)) < 1000


def test_a_giant_file_is_no_recipe(tmp_path: Path) -> None:
    path = tmp_path / "giant.toml"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(SkinKDError, match="can not be read") as caught:
        read_recipe(path)
    assert "longer than 16,000,000 bytes" in caught.value.details


def test_the_settings_of_an_entry_are_there_where_it_is_chosen() -> None:
    text = '[curriculum]\norder = "easy_first"\npacing = "linear"\npacing_start = 0.5\n'
    recipe = recipe_from_toml(text)
    assert recipe_from_toml(recipe_to_toml(recipe)) == recipe
    assert "pacing_start = 0.5" in recipe_to_toml(recipe)
    assert "pacing_start" not in recipe_to_toml(Recipe())
    assert f"#   easy_first: {ORDERS['easy_first'].help}\n" in recipe_to_toml(recipe)


def test_the_settings_go_with_the_entry_that_brought_them() -> None:
    paced = set_values(Recipe(), ["curriculum.pacing_epochs=3", "curriculum.pacing=linear"])
    assert paced.curriculum.model_dump()["pacing_epochs"] == 3
    assert set_values(paced, ["curriculum.redraw=once"]).curriculum.model_dump()["pacing_epochs"] == 3
    assert set_values(paced, ["curriculum.pacing=all"]) == Recipe()


@pytest.mark.parametrize(
    ("section", "key", "message"),
    [
        ('order = "easyfirst"', "curriculum.order", "there is no order 'easyfirst'; did you mean easy_first?"),
        ("pacing_start = 0.5", "curriculum.pacing_start", "unknown name; only with pacing = linear"),
        ('pacing = "linear"\npacing_strt = 0.5', "curriculum.pacing_strt", "unknown name; did you mean pacing_start?"),
        ('pacing = "linear"\npacing_start = 2.0', "curriculum.pacing_start", "less than or equal to 1; it is 2.0"),
        ("order = 3", "curriculum.order", "valid string; it is 3"),
    ],
)
def test_wrong_choices_and_settings_are_named(section: str, key: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_from_toml(f"[curriculum]\n{section}\n")
    (problem,) = caught.value.problems
    assert problem.key == key
    assert message in problem.message


@pytest.mark.parametrize(("old", "new"), [("teacher_confidence", "easy_first"), ("none", "none")])
def test_the_curriculum_of_version_1_is_the_same_one(old: str, new: str) -> None:
    recipe = recipe_from_toml(f'version = 1\n[curriculum]\norder = "{old}"\n')
    assert recipe.curriculum == CurriculumRecipe(order=new)
    assert recipe.curriculum.difficulty == "teacher_confidence"
    assert (recipe.curriculum.pacing, recipe.curriculum.redraw) == ("all", "each_epoch")
    with pytest.raises(RecipeError, match="curriculum"):
        recipe_from_toml("version = 1\ncurriculum = 5\n")


@pytest.mark.parametrize(
    ("old", "group_by", "parts"),
    [
        ("", "lesion", "pooled"),
        ("[data]\ngroup_by_lesion = true\nseed = 3\n", "lesion", "pooled"),
        ("[data]\ngroup_by_lesion = false\n", "image", "pooled"),
    ],
)
def test_recipes_before_version_3_divide_as_they_did(old: str, group_by: str, parts: str) -> None:
    for version in (1, 2):
        data = recipe_from_toml(f"version = {version}\n{old}").data
        assert (data.group_by, data.parts) == (group_by, parts)
    assert recipe_from_toml("version = 3\n").data.parts == "found"
    with pytest.raises(RecipeError, match="group_by_lesion"):
        recipe_from_toml("version = 2\n[data]\ngroup_by_lesion = 3\n")
