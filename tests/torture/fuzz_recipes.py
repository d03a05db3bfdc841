"""Recipes and studies edited wrongly, as text and as values."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from core.recipe import (
    Preset,
    Recipe,
    parse_recipe,
    preset,
    recipe_from_toml,
    recipe_hash,
    recipe_to_toml,
    section_fields,
    set_values,
)
from core.runs.folder import absolute_paths
from core.settings import SettingsSection
from core.study.definition import members
from core.study.files import parse_study, study_to_toml
from tests.torture.fuzzing import changed, damaged, explore, shares, total, values, words
from tests.torture.tally import Tally

_TEXTS = [recipe_to_toml(preset(name), comments=False).encode() for name in Preset]
_RECIPES: list[dict[str, Any]] = [tomllib.loads(text.decode()) for text in _TEXTS]
_STUDY: dict[str, Any] = {
    "version": 1,
    "name": "Study",
    "seeds": [0, 1],
    "paper": False,
    "base": _RECIPES[1],
    "axes": {"distillation.alpha": [0.1, 0.5]},
    "configuration": [{"key": "plain", "title": "Plain", "changes": {"distillation.method": "none"}, "once": True}],
}
_KEYS = [
    spec.key
    for name, info in Recipe.model_fields.items()
    if isinstance(info.annotation, type) and issubclass(info.annotation, SettingsSection)
    for spec in section_fields(name)
]


def cases(count: int, seed: int) -> Tally:
    """`count` recipes, assignments and studies."""
    text, table, assigned, study = shares(count, 4)
    return total(
        "recipe or study edited wrongly",
        [
            explore("recipe as text", st.sampled_from(_TEXTS).flatmap(damaged), _text, text, seed),
            explore("recipe as values", st.sampled_from(_RECIPES).flatmap(changed), _table, table, seed),
            explore("--set", _assignments(), _assigned, assigned, seed),
            explore("study", changed(_STUDY), _studied, study, seed),
        ],
    )


def _assignments() -> st.SearchStrategy[list[str]]:
    key = st.sampled_from([*_KEYS, "task", "version"]) | words
    value = words | values.map(str)
    return st.lists(
        st.tuples(key, st.sampled_from(["=", "=", "=", "", "=="]), value).map("".join), min_size=1, max_size=3
    )


def _text(content: bytes) -> None:
    _usable(recipe_from_toml(content.decode("utf-8", "replace")))


def _table(document: dict[str, Any]) -> None:
    _usable(parse_recipe(document))


def _assigned(assignments: list[str]) -> None:
    _usable(set_values(Recipe(), assignments))


def _studied(document: dict[str, Any]) -> None:
    study = parse_study(document, Path("/nowhere"))
    assert members(study)
    again = parse_study(tomllib.loads(study_to_toml(study)), Path("/nowhere"))
    assert again == study


def _usable(recipe: Recipe) -> None:
    """What was accepted survives being written and read."""
    again = recipe_from_toml(recipe_to_toml(recipe))
    assert again == recipe
    assert recipe_hash(again) == recipe_hash(recipe)
    absolute_paths(recipe, Path("/nowhere"))
