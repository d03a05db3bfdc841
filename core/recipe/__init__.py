"""The recipe: everything that defines one run, strict and versioned; the names below are what others use.

`schema` declares each setting once, with its default, bounds, unit and help, `learning` those of [distillation],
[curriculum] and [optimisation]; `fields` gives them as data, for a form.
`files` reads and writes TOML, with `migrations` for older versions; `presets` are the recipes to begin with.
`classes` declares the recipe's [classes]; `changes` compares two recipes, `problems` says what is wrong with one.
"""

from core.recipe.fields import (
    FieldSpec,
    entry_fields,
    field,
    fields_of,
    has_field,
    possible_fields,
    section_fields,
    term_fields,
    value_of,
)
from core.recipe.files import (
    inline_value,
    parse_recipe,
    read_recipe,
    recipe_from_toml,
    recipe_hash,
    recipe_to_toml,
    set_values,
    with_values,
)
from core.recipe.presets import PRESET_HELP, Preset, preset
from core.recipe.schema import Recipe

__all__ = [
    "PRESET_HELP",
    "FieldSpec",
    "Preset",
    "Recipe",
    "entry_fields",
    "field",
    "fields_of",
    "has_field",
    "inline_value",
    "parse_recipe",
    "possible_fields",
    "preset",
    "read_recipe",
    "recipe_from_toml",
    "recipe_hash",
    "recipe_to_toml",
    "section_fields",
    "set_values",
    "term_fields",
    "value_of",
    "with_values",
]
