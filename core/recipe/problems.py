"""What is wrong with a recipe's values, said to people: the key, what was expected, what is there, the nearest name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError

from core.documents import nearest, shown
from core.errors import FieldProblem, RecipeError
from core.recipe.schema import Recipe
from core.settings import Choosing, SettingsSection, registry_of, section_in

_EXPECTED = {"model_type": "input should be a table", "model_attributes_type": "input should be a table"}


def recipe_error(error: ValidationError, values: Mapping[str, Any]) -> RecipeError:
    """What pydantic found in a recipe's nested `values`, each problem once."""
    found = [
        unwritable(values) if item["type"] == "json_invalid" else _problem(item, values) for item in error.errors()
    ]
    return RecipeError(tuple(dict.fromkeys(found)))


def _problem(item: Any, values: Mapping[str, Any]) -> FieldProblem:
    location, kind = item["loc"], item["type"]
    key = ".".join(str(part)[:80] for part in location if not isinstance(part, int))
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


def unwritable(values: Mapping[str, Any]) -> FieldProblem:
    """What to say of a text with half a character, as the names of files may hold."""
    tables = {"": values, **{f"{name}.": table for name, table in values.items() if isinstance(table, dict)}}
    found = (prefix + key for prefix, table in tables.items() for key, value in table.items() if is_torn(value))
    return FieldProblem(next(found, ""), "it holds characters that no TOML file can hold; rename the file or folder")


def is_torn(value: Any) -> bool:
    """Whether it is a text with half a character in it."""
    return isinstance(value, str) and value != value.encode("utf-8", "replace").decode("utf-8")


def _nearest(location: Sequence[Any], values: Mapping[str, Any]) -> str:
    section, table = _table(location[:-1], values)
    return "" if section is None else nearest(str(location[-1]), _class(section, table).model_fields)


def _whose(location: Sequence[Any], values: Mapping[str, Any]) -> str:
    """Of a setting that only another choice has: which. Empty for any other name."""
    section, table = _table(location[:-1], values)
    if section is None or not issubclass(section, Choosing):
        return ""
    for name, info in section.model_fields.items():
        owners = [
            entry
            for entry in registry_of(info) or ()
            if location[-1] in section.class_for({**table, name: entry}).model_fields
        ]
        if owners:
            return f"only with {name} = {' or '.join(owners)}"
    return ""


def _choices(location: Sequence[Any], values: Mapping[str, Any]) -> tuple[str, ...]:
    section, table = _table(location[:-1], values)
    field = None if section is None else _class(section, table).model_fields.get(location[-1])
    return tuple(str(choice) for choice in get_args(field.annotation)) if field is not None else ()


def _table(
    location: Sequence[Any], values: Mapping[str, Any]
) -> tuple[type[SettingsSection] | None, Mapping[str, Any]]:
    """The section at `location` as it is declared, and its values; None when there is no such table."""
    section: type[SettingsSection] | None = Recipe
    table: Any = values
    for part in location:
        if isinstance(part, int):  # one of several tables of a section
            table = table[part] if isinstance(table, list) else None
            continue
        known = isinstance(table, Mapping) and section is not None
        field = _class(section, table).model_fields.get(part) if known and section is not None else None
        section = section_in(field.annotation) if field is not None else None
        table = table.get(part) if isinstance(table, Mapping) else None
    return section, table if isinstance(table, Mapping) else {}


def _class(section: type[SettingsSection], table: Mapping[str, Any]) -> type[SettingsSection]:
    return section.class_for(table) if issubclass(section, Choosing) else section
