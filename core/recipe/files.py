"""Recipes as TOML: read, write, change single values; errors name the key, what was expected and the nearest name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import tomlkit
from pydantic import ValidationError
from tomlkit.exceptions import TOMLKitError

from core.documents import nearest, read_text, shown, up_to_date
from core.errors import FieldProblem, RecipeError, SkinKDError
from core.recipe.migrations import MIGRATIONS
from core.recipe.schema import RECIPE_VERSION, Recipe
from core.settings import Choosing, Section, registry_of


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
        problems = [
            _unwritable(values) if item["type"] == "json_invalid" else _problem(item, values) for item in error.errors()
        ]
        raise RecipeError(tuple(dict.fromkeys(problems))) from error
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
    """The recipe as TOML, each field with its help as a comment unless `comments` is False."""
    document = tomlkit.document()
    document.add("version", tomlkit.item(recipe.version))
    _add(document, "task", recipe.task, recipe, comments)
    for name in type(recipe).model_fields:
        section = getattr(recipe, name)
        if isinstance(section, Section):
            table = tomlkit.table()
            for key in type(section).model_fields:
                _add(table, key, getattr(section, key), section, comments)
            document.add(name, table)
    return tomlkit.dumps(document)


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
        changes[key.strip()] = _toml_value(text.strip(), table.get(parts[-1]) if isinstance(table, dict) else None)
    return with_values(recipe, changes)


def with_values(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with other values for dotted keys (`section.key`, or a name at the top). The settings of entries that
    a section no longer names go with them. Raises `RecipeError` as `parse_recipe`."""
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
            kept = _model([name], values)
            gone = set(type(before).model_fields) - set(kept.model_fields if kept is not None else ())
            values[name] = {
                key: item for key, item in values[name].items() if key not in gone or f"{name}.{key}" in changes
            }
    return parse_recipe(values)


def recipe_hash(recipe: Recipe) -> str:
    """Twelve hex digits that identify the recipe's values; where the run is computed (hardware) does not count."""
    values = recipe.model_dump(mode="json", exclude={"hardware"})
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=6).hexdigest()


def _add(table: Any, key: str, value: Any, section: Section, comments: bool) -> None:
    info = type(section).model_fields[key]
    comment = info.description if comments else None
    if isinstance(value, dict):
        table.add(key, _table(value, comment))
        return
    if comment:
        table.add(tomlkit.comment(comment))
        for entry in (registry_of(info) or {}).values():
            table.add(tomlkit.comment(f"  {entry.name}: {entry.help}"))
    if _holds_sections(info.annotation):
        if value:  # an empty list would forbid to write a table of it below
            table.add(key, _tables(value))
        return
    table.add(key, tomlkit.item(list(value) if isinstance(value, tuple) else value))


def _table(values: Mapping[str, Any], comment: str | None = None) -> Any:
    """A table; its comment stands in it, for above its head it would stand in the table before."""
    table = tomlkit.table()
    if comment:
        table.add(tomlkit.comment(comment))
    for key, value in values.items():
        table.add(key, tomlkit.item(value))
    return table


def _tables(sections: Iterable[Section]) -> Any:
    """An array of tables with what differs from the defaults."""
    found = tomlkit.aot()
    for section in sections:
        found.append(_table(section.model_dump(mode="json", exclude_defaults=True)))
    return found


def _holds_sections(annotation: Any) -> bool:
    inner = get_args(annotation)
    return bool(inner) and isinstance(inner[0], type) and issubclass(inner[0], Section)


def _toml_value(text: str, present: Any) -> Any:
    if isinstance(present, str):
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
        return text[1:-1] if quoted else text
    try:
        return tomlkit.parse(f"x = {text}").unwrap()["x"]
    except (TOMLKitError, ValueError, RecursionError):
        return text


def _problem(item: Any, values: Mapping[str, Any]) -> FieldProblem:
    location = [str(part)[:80] for part in item["loc"] if not isinstance(part, int)]
    key, kind = ".".join(location), item["type"]
    if kind == "extra_forbidden":
        return FieldProblem(key, f"unknown name; {_whose(location, values) or _nearest(location, values)}")
    if kind == "value_error":
        message = str(item["ctx"]["error"])
        named, _, rest = message.partition(": ")
        return FieldProblem(key or named, message if key else rest)
    message, value = _EXPECTED.get(kind, item["msg"].lower()), item["input"]
    if kind == "missing":  # of a list: a missing name takes its default
        message = "it has too few values"
    elif kind == "literal_error" and isinstance(value, str) and (near := nearest(value, _choices(location, values))):
        message += f"; {near}" if near.startswith("did") else ""
    return FieldProblem(key, f"{message}; it is {shown(value)}")


def _unwritable(values: Mapping[str, Any]) -> FieldProblem:
    """What to say of a text with half a character, as the names of files may hold."""
    tables = {"": values, **{f"{name}.": table for name, table in values.items() if isinstance(table, dict)}}
    found = (prefix + key for prefix, table in tables.items() for key, value in table.items() if _is_torn(value))
    return FieldProblem(next(found, ""), "it holds characters that no TOML file can hold; rename the file or folder")


def _is_torn(value: Any) -> bool:
    return isinstance(value, str) and value != value.encode("utf-8", "replace").decode("utf-8")


_EXPECTED = {"model_type": "input should be a table", "model_attributes_type": "input should be a table"}


def _nearest(location: list[str], values: Mapping[str, Any]) -> str:
    model = _model(location[:-1], values)
    return "" if model is None else nearest(location[-1], model.model_fields)


def _whose(location: list[str], values: Mapping[str, Any]) -> str:
    """Of a setting that only another choice has: which. Empty for any other name."""
    model = _model(location[:-1], values)
    if model is None or not issubclass(model, Choosing):
        return ""
    for name, info in model.model_fields.items():
        registry = registry_of(info)
        owners = [entry.name for entry in (registry or {}).values() if location[-1] in entry.Settings.model_fields]
        if owners:
            return f"only with {name} = {' or '.join(owners)}"
    return ""


def _choices(location: list[str], values: Mapping[str, Any]) -> tuple[str, ...]:
    model = _model(location[:-1], values)
    field = None if model is None else model.model_fields.get(location[-1])
    return tuple(str(choice) for choice in get_args(field.annotation)) if field is not None else ()


def _model(location: list[str], values: Mapping[str, Any]) -> type[Section] | None:
    """The model of the table at `location` in the recipe's `values`; None when there is no such table."""
    model: type[Section] = Recipe
    table: Any = values
    for part in location:
        field = model.model_fields.get(part)
        annotation = field.annotation if field is not None else None
        table = table.get(part) if isinstance(table, Mapping) else None
        if not isinstance(annotation, type) or not issubclass(annotation, Section):
            return None
        model = annotation
        if issubclass(model, Choosing):
            model = model.class_for(table if isinstance(table, Mapping) else {})
    return model
