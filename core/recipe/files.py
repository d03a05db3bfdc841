"""Recipes as TOML: read, write, change single values; errors name the key, what was expected and the nearest name."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import ValidationError
from tomlkit.exceptions import TOMLKitError

from core.errors import FieldProblem, RecipeError, SkinKDError
from core.recipe.schema import RECIPE_VERSION, Recipe, Section


def parse_recipe(values: Mapping[str, Any]) -> Recipe:
    """A recipe from nested values (as read from TOML); missing keys take their defaults.

    Raises `RecipeError` for unknown keys and unusable values, `SkinKDError` for a newer version.
    """
    version = values.get("version", RECIPE_VERSION)
    if isinstance(version, int) and version > RECIPE_VERSION:
        raise SkinKDError(
            "The recipe is from a newer SkinKD",
            f"It has version {version}; this program reads up to version {RECIPE_VERSION}. Update SkinKD to use it.",
        )
    try:
        return Recipe.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise RecipeError(tuple(_problem(item) for item in error.errors())) from error


def read_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises `SkinKDError` (unreadable) or `RecipeError` (unusable)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SkinKDError(
            "The recipe can not be read", f"{path} could not be opened as a text file.", str(error)
        ) from error
    return recipe_from_toml(text, str(path))


def recipe_from_toml(text: str, origin: str = "the text") -> Recipe:
    """The recipe in TOML text; `origin` names it in errors, which are as for `read_recipe`."""
    try:
        values = tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise SkinKDError("The recipe is not valid TOML", f"{origin}: {error}.") from error
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
    """The recipe with `section.key=value` assignments applied; values are TOML, bare words are strings."""
    values = recipe.model_dump(mode="json")
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        parts = key.strip().split(".")
        if not separator or not all(parts) or len(parts) > 2:
            raise RecipeError((FieldProblem(key.strip(), "expected section.key=value"),))
        target = values if len(parts) == 1 else values.setdefault(parts[0], {})
        if not isinstance(target, dict):
            raise RecipeError((FieldProblem(key.strip(), f"{parts[0]} has no fields"),))
        target[parts[-1]] = _toml_value(text.strip(), target.get(parts[-1]))
    return parse_recipe(values)


def recipe_hash(recipe: Recipe) -> str:
    """Twelve hex digits that identify the recipe's values; where the run is computed (hardware) does not count."""
    values = recipe.model_dump(mode="json", exclude={"hardware"})
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=6).hexdigest()


def _add(table: Any, key: str, value: Any, section: Section, comments: bool) -> None:
    info = type(section).model_fields[key]
    if comments and info.description:
        table.add(tomlkit.comment(info.description))
    table.add(key, tomlkit.item(list(value) if isinstance(value, tuple) else value))


def _toml_value(text: str, present: Any) -> Any:
    if isinstance(present, str):
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
        return text[1:-1] if quoted else text
    try:
        return tomlkit.parse(f"x = {text}").unwrap()["x"]
    except TOMLKitError:
        return text


def _problem(item: Any) -> FieldProblem:
    location = [str(part) for part in item["loc"] if not isinstance(part, int)]
    key = ".".join(location)
    if item["type"] == "extra_forbidden":
        return FieldProblem(key, f"unknown name{_nearest(location)}")
    if item["type"] == "value_error":
        message = str(item["ctx"]["error"])
        named, _, rest = message.partition(": ")
        return FieldProblem(key or named, message if key else rest)
    return FieldProblem(key, f"{item['msg'].lower()}; it is {item['input']!r}")


def _nearest(location: list[str]) -> str:
    model: type[Section] = Recipe
    for part in location[:-1]:
        annotation = model.model_fields[part].annotation
        if not isinstance(annotation, type) or not issubclass(annotation, Section):
            return ""
        model = annotation
    near = difflib.get_close_matches(location[-1], list(model.model_fields), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(model.model_fields)}"
