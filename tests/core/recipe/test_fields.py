"""The declared fields, as forms see them."""

from __future__ import annotations

import pytest

from core.errors import RecipeError
from core.recipe import Recipe, field, recipe_from_toml, recipe_to_toml, section_fields, set_values
from core.recipe.schema import OWN
from core.settings import SettingsSection

SECTIONS = [name for name, info in Recipe.model_fields.items() if isinstance(info.default, SettingsSection)]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_field_explains_itself(section: str) -> None:
    for spec in section_fields(section):
        assert spec.title, spec.key
        assert spec.help.endswith("."), spec.key
        if spec.kind in ("integer", "number"):
            assert spec.minimum is not None, spec.key
            assert spec.maximum is not None, spec.key
            assert spec.minimum <= spec.default <= spec.maximum, spec.key
        if spec.kind == "rate":
            assert spec.default == OWN, spec.key
            assert "own:" in spec.help, spec.key
        if spec.kind == "choice":
            assert spec.default in spec.choices, spec.key


def test_kinds_and_bounds() -> None:
    assert field("optimisation.batch_size").unit == "images"
    assert field("distillation.alpha").kind == "number"
    assert (field("distillation.alpha").minimum, field("distillation.alpha").maximum) == (0, 1)
    assert field("data.split").kind == "shares"
    assert field("data.skip_problems").kind == "switch"
    assert field("data.group_by").choices == ("patient", "lesion", "image")
    assert field("hardware.device").choices == ("auto", "cpu", "cuda", "mps")


def test_an_unknown_section_is_an_error() -> None:
    with pytest.raises(KeyError):
        section_fields("version")


def test_a_rate_is_a_number_or_the_networks_own() -> None:
    assert set_values(Recipe(), ["student.drop_rate=0"]).student.drop_rate == 0.0
    recipe = set_values(Recipe(), ["teacher.drop_rate=0.5", "teacher.drop_path_rate=own"])
    assert (recipe.teacher.drop_rate, recipe.teacher.drop_path_rate) == (0.5, OWN)
    assert recipe_from_toml(recipe_to_toml(recipe)) == recipe
    for value in ("1", "-0.1", "true", "none", "nan", "[0.5]"):
        with pytest.raises(RecipeError, match="a number from 0 to below 1, or own"):
            set_values(Recipe(), [f"teacher.drop_rate={value}"])
