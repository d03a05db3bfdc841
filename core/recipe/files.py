"""Recipes as TOML: read, write, change single values; errors name the key, what was expected and the nearest name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import ValidationError
from tomlkit.exceptions import TOMLKitError

from core.documents import read_text, up_to_date
from core.errors import FieldProblem, RecipeError, SkinKDError
from core.recipe.migrations import MIGRATIONS
from core.recipe.problems import is_torn, recipe_error, unwritable
from core.recipe.schema import RATE, RECIPE_VERSION, Recipe
from core.settings import Choosing, SettingsSection, registry_of, section_in


def parse_recipe(values: Mapping[str, Any]) -> Recipe:
    """A recipe from nested values (as read from TOML); missing keys take their defaults.

    Values of an older version are brought up to date; without a version they count as of this one. Raises
    `RecipeError` for unknown keys and unusable values, `NewerVersionError` for a newer version, `SkinKDError` for
    tables that are nested too deep.
    """
    try:
        values = up_to_date(values, "The recipe", RECIPE_VERSION, MIGRATIONS, absent=RECIPE_VERSION)
    except ValueError as error:
        key, _, message = str(error).partition(": ")
        raise RecipeError((FieldProblem(key, message),)) from error
    try:
        # A date, which no field takes, becomes a list, which no field takes either.
        return Recipe.model_validate_json(json.dumps(values, default=lambda value: [str(value)]))
    except ValidationError as error:
        raise recipe_error(error, values) from error
    except RecursionError as error:
        raise SkinKDError("The recipe can not be used", "Its tables are nested too deep.") from error


def read_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises `SkinKDError` (unreadable) or `RecipeError` (unusable)."""
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise SkinKDError(
            "The recipe can not be read", f"{path} could not be opened as a text file.", str(error)
        ) from error
    return recipe_from_toml(text, str(path))


def recipe_from_toml(text: str, origin: str = "the text") -> Recipe:
    """The recipe in TOML text. Raises `SkinKDError` as `read_recipe`; `origin` names the text in it."""
    try:
        values = tomlkit.parse(text).unwrap()
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise SkinKDError("The recipe is not valid TOML", f"{origin}: {str(error)[:300]}.") from error
    return parse_recipe(values)


def recipe_to_toml(recipe: Recipe, *, comments: bool = True) -> str:
    """The recipe as TOML, each field with its help as a comment unless `comments` is False. Raises `RecipeError` for
    a name that is no UTF-8, which TOML has no way to write."""
    document = tomlkit.document()
    document.add("version", tomlkit.item(recipe.version))
    _add(document, "task", recipe.task, recipe, comments)
    for name in type(recipe).model_fields:
        section = getattr(recipe, name)
        if isinstance(section, SettingsSection):
            document.add(name, _written(section, comments))
    text = tomlkit.dumps(document)
    if is_torn(text):
        raise RecipeError((unwritable(recipe.model_dump()),))
    return text


def set_values(recipe: Recipe, assignments: Iterable[str]) -> Recipe:
    """The recipe with `section.key=value` assignments applied; values are TOML, bare words are strings.

    Raises `RecipeError` for a field that there is not, and for a value that it does not take.
    """
    changes: dict[str, Any] = {}
    present = recipe.model_dump(mode="json")
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        parts = key.strip().split(".")
        if not separator or not all(parts) or len(parts) > 2:
            raise RecipeError((FieldProblem(key.strip()[:80], "expected section.key=value"),))
        table = present if len(parts) == 1 else present.get(parts[0], {})
        value = table.get(parts[-1]) if isinstance(table, dict) else None
        changes[key.strip()] = _toml_value(text.strip(), None if _is_rate(recipe, parts) else value)
    return with_values(recipe, changes)


def with_values(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with other values for dotted keys (`section.key`, or a name at the top), in whatever order. The
    settings of entries that a section no longer names go with them. Raises `RecipeError` as `parse_recipe`."""
    values = recipe.model_dump(mode="json")
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        target = values.setdefault(section, {}) if section else values
        if not isinstance(target, dict):
            raise RecipeError((FieldProblem(key, f"{section} has no fields"),))
        target[name] = list(value) if isinstance(value, tuple) else value
    for name in {key.partition(".")[0] for key in changes}:
        before = getattr(recipe, name, None)
        if isinstance(before, Choosing) and isinstance(values[name], dict):
            lost = _settings_lost(name, before, values[name]) - {key.partition(".")[2] for key in changes}
            values[name] = {key: item for key, item in values[name].items() if key not in lost}
    return parse_recipe(values)


def _settings_lost(name: str, before: Choosing, after: Mapping[str, Any]) -> set[str]:
    """The settings of entries that a section names no longer, and those that its new values have no place for; a
    setting of the same name that the next entry has is another one."""
    declared = section_in(Recipe.model_fields[name].annotation)
    assert declared is not None
    assert issubclass(declared, Choosing)
    lost: set[str] = set(type(before).model_fields) - set(declared.class_for(after).model_fields)
    kept: set[str] = set()
    for field, info in declared.model_fields.items():
        registry, named = registry_of(info), getattr(before, field)
        if registry is not None and named in registry:
            settings = lost if after.get(field) != named else kept
            settings |= set(registry[named].Settings.model_fields)
    return lost - kept


def recipe_hash(recipe: Recipe) -> str:
    """Twelve hex digits that identify the recipe's values; where the run is computed (hardware) does not count."""
    values = recipe.model_dump(mode="json", exclude={"hardware"})
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=6).hexdigest()


def inline_value(value: Any) -> Any:
    """A value as TOML writes it within one line, tables in braces; `as_string()` gives the text."""
    if isinstance(value, tuple | list):
        array = tomlkit.array()
        for item in value:
            array.append(inline_value(item))
        return array
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update({key: inline_value(item) for key, item in value.items()})
        return table
    return tomlkit.item(value)


def _written(section: SettingsSection, comments: bool) -> Any:
    """A section as a table; fields that hold tables come last, as TOML wants it."""
    table = tomlkit.table()
    values = {key: getattr(section, key) for key in type(section).model_fields}
    for key in sorted(values, key=lambda key: _holds_tables(section, key)):
        _add(table, key, values[key], section, comments)
    return table


def _add(table: Any, key: str, value: Any, section: SettingsSection, comments: bool) -> None:
    info = type(section).model_fields[key]
    comment = info.description if comments else None
    if isinstance(value, dict):
        if value or comment:
            table.add(key, _table(value, comment))
        return
    if comment:
        table.add(tomlkit.comment(comment))
        for entry in (registry_of(info) or {}).values():
            table.add(tomlkit.comment(f"  {entry.name}: {entry.help}"))
    if not _holds_tables(section, key):
        table.add(key, tomlkit.item(list(value) if isinstance(value, tuple) else value))
    elif value:  # an empty list would forbid to write a table of it below
        table.add(key, _tables(value))


def _holds_tables(section: SettingsSection, key: str) -> bool:
    is_mapping = isinstance(getattr(section, key), dict)
    return is_mapping or section_in(type(section).model_fields[key].annotation) is not None


def _table(values: Mapping[str, Any], comment: str | None = None) -> Any:
    """A table; its comment stands in it, for above its head it would stand in the table before."""
    table = tomlkit.table()
    if comment:
        table.add(tomlkit.comment(comment))
    for key, value in values.items():
        table.add(key, tomlkit.item(value))
    return table


def _tables(sections: Iterable[SettingsSection]) -> Any:
    """An array of tables: settings of entries in full, as everywhere, of others what differs from the defaults."""
    found = tomlkit.aot()
    for section in sections:
        found.append(_table(section.model_dump(mode="json", exclude_defaults=not isinstance(section, Choosing))))
    return found


def _is_rate(recipe: Recipe, parts: Sequence[str]) -> bool:
    """Whether a field takes a number though it holds a word."""
    section = getattr(recipe, parts[0], None)
    info = type(section).model_fields.get(parts[-1]) if isinstance(section, SettingsSection) else None
    return info is not None and info.annotation == RATE


def _toml_value(text: str, present: Any) -> Any:
    if isinstance(present, str):
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
        return text[1:-1] if quoted else text
    try:
        return tomlkit.parse(f"x = {text}").unwrap()["x"]
    except (TOMLKitError, ValueError, RecursionError):
        return text
