"""Study files (TOML): a base recipe, axes whose product is taken, named configurations, and seeds.

    version = 2
    name = "Alpha and temperature"
    seeds = [0, 1, 2]              # each repeats every student with this optimisation.seed; default [0]
    base = "paper"                 # a preset (paper, quick, best) or a recipe file beside this one; or a table:

    [base.data]                    # `[base.section]` tables hold the recipe itself; missing keys take their defaults
    path = "images"                # relative to this file

    [axes]                         # every combination is a configuration
    "distillation.method" = ["kl", "dist"]
    "distillation.alpha" = [0.1, 0.5]

    [[configuration]]              # any number, besides axes or alone
    key = "plain"                  # short and unique: names the row
    title = "Plain student"        # default: the key
    changes = { "distillation.method" = "none" }

    [[configuration]]
    key = "teacher"
    teacher = true                 # the students learn from it; it is trained once, whatever the seeds
    changes = { "optimisation.learning_rate" = 3e-4 }

Further keys: `paper` (compare with the published numbers, by keys as in the paper's study), and `once` of a
configuration (do not repeat it for every seed). Students that learn from a teacher get one by themselves where the
file has none; `teacher.run` in the base recipe names a finished one instead. A base of a preset or a file can be
changed with `[set]`, such as `"data.path" = "images"`. All runs use one and the same split.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from core import atomic
from core.documents import Migration, nearest, one_line, read_text, shown, up_to_date
from core.errors import SkinKDError
from core.places import expanded, full_path
from core.recipe import Preset, Recipe, parse_recipe, preset, read_recipe, recipe_to_toml
from core.recipe.migrations import change_from_1
from core.runs.folder import LONGEST_NAME
from core.study.definition import Configuration, Study, Value, changed, check_study, with_teachers

STUDY_VERSION = 2
MOST_RUNS = 10_000
"""A grid with more configurations than this is a slip of the pen."""

_KEYS = ("version", "name", "seeds", "base", "set", "axes", "configuration", "paper")
_CONFIGURATION_KEYS = ("key", "title", "changes", "teacher", "once")


def _to_2(values: dict[str, Any]) -> dict[str, Any]:
    """Recipes of version 1 become those of version 2, in whole and in single fields."""

    def fields(table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        return dict(change_from_1(key, value) for key, value in _changes(table, ""))

    def axes(table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        found = [[change_from_1(key, value) for value in values] for key, values in _axes(table).items()]
        return {items[0][0]: [value for _, value in items] for items in found if items}

    base, rows = values.get("base"), values.get("configuration")
    changed = {name: fix(values[name]) for name, fix in (("set", fields), ("axes", axes)) if name in values}
    if isinstance(base, dict):
        changed["base"] = {"version": 1, **base}
    if isinstance(rows, list):
        changed["configuration"] = [
            {**row, "changes": fields(row["changes"])} if isinstance(row, dict) and "changes" in row else row
            for row in rows
        ]
    return {**values, **changed}


MIGRATIONS: dict[int, Migration] = {1: _to_2}


def read_study(path: Path) -> Study:
    """The study in a TOML file. Raises `SkinKDError`, or `RecipeError` naming the configuration and the field."""
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise SkinKDError("The study can not be read", f"{path} could not be opened as text.", str(error)) from error
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SkinKDError("The study is not valid TOML", f"{path}: {str(error)[:300]}.") from error
    return parse_study(values, path.parent, path.stem)


def parse_study(values: Mapping[str, Any], place: Path, name: str = "Study") -> Study:
    """The study of nested values as read from TOML; relative paths start at `place`. Raises as `read_study`."""
    try:
        values = up_to_date(values, "The study", STUDY_VERSION, MIGRATIONS, absent=STUDY_VERSION)
    except ValueError as error:
        raise _problem(f"{error}.") from error
    _check_keys(values, _KEYS, "the study")
    base = changed(_base(values.get("base", "paper"), place), _changes(values.get("set", {}), "set"), "set")
    configurations = [_configuration(item) for item in _typed(values.get("configuration", []), list, "configuration")]
    configurations += _grid(_typed(values.get("axes", {}), dict, "axes"))
    study = Study(
        name=one_line(_typed(values.get("name", name), str, "name"))[:LONGEST_NAME],
        base=_placed(base, place),
        configurations=tuple(configurations),
        seeds=tuple(_typed(seed, int, "seeds") for seed in _typed(values.get("seeds", [0]), list, "seeds")),
        paper=_typed(values.get("paper", False), bool, "paper"),
    )
    if len(study.configurations) * len(study.seeds) > MOST_RUNS:
        raise _problem(f"Configurations and seeds make more than {MOST_RUNS:,} runs.")
    return check_study(with_teachers(study))


def study_to_toml(study: Study) -> str:
    """The study as TOML that `read_study` reads back: every configuration named, the base recipe in full."""
    document = tomlkit.document()
    document.add(tomlkit.comment("A study: every configuration below is one run for each seed, a teacher one run."))
    document.add(tomlkit.comment("Change, add or remove configurations; skinkd-cli study --help describes the format."))
    document.add("version", tomlkit.item(STUDY_VERSION))
    document.add("name", tomlkit.item(study.name))
    document.add("seeds", tomlkit.item(list(study.seeds)))
    document.add("paper", tomlkit.item(study.paper))
    base = tomlkit.table(is_super_table=True)
    for key, value in tomlkit.parse(recipe_to_toml(study.base, comments=False)).items():
        base.add(key, value)
    document.add("base", base)
    rows = tomlkit.aot()
    for configuration in study.configurations:
        rows.append(_table(configuration))
    document.add("configuration", rows)
    return tomlkit.dumps(document)


def write_study(path: Path, study: Study) -> None:
    """Write a study file, whole or not at all."""
    atomic.write_text(path, study_to_toml(study))


def _table(configuration: Configuration) -> Any:
    table = tomlkit.table()
    table.add("key", configuration.key)
    table.add("title", configuration.title)
    for flag in ("teacher", "once"):
        if getattr(configuration, flag):
            table.add(flag, True)
    changes = tomlkit.inline_table()
    for name, value in configuration.changes:
        # A quoted key: with a bare one the dot would open a table.
        changes.add(tomlkit.key([name]), list(value) if isinstance(value, tuple) else value)
    table.add("changes", changes)
    return table


def _base(value: Any, place: Path) -> Recipe:
    if isinstance(value, dict):
        return parse_recipe(value)
    if value in list(Preset):
        return preset(Preset(value))
    return read_recipe(place / _typed(value, str, "base"))


def _placed(recipe: Recipe, place: Path) -> Recipe:
    """The recipe with its data folder and files of weights relative to the study file's folder."""

    def at(path: str) -> str:
        return str(full_path(place / expanded(path))) if path else path

    def weights(text: str) -> str:
        return text if text in {"hub", "none"} else at(text)

    teacher, student = recipe.teacher, recipe.student
    return recipe.model_copy(
        update={
            "data": recipe.data.model_copy(update={"path": at(recipe.data.path)}),
            "teacher": teacher.model_copy(update={"weights": weights(teacher.weights)}),
            "student": student.model_copy(update={"weights": weights(student.weights)}),
        }
    )


def _configuration(values: Any) -> Configuration:
    table = _typed(values, dict, "configuration")
    key = table.get("key", "")
    _check_keys(table, _CONFIGURATION_KEYS, f"configuration {shown(key)}")
    return Configuration(
        key=_typed(key, str, "configuration.key"),
        title=one_line(_typed(table.get("title", key), str, f"{key}: title")),
        changes=_changes(table.get("changes", {}), key),
        teacher=_typed(table.get("teacher", False), bool, f"{key}: teacher"),
        once=_typed(table.get("once", False), bool, f"{key}: once"),
    )


def _changes(values: Any, key: str) -> tuple[tuple[str, Value], ...]:
    """The changes of a table; `a.b = 1` without quotes, which TOML reads as a table in a table, is meant too."""
    found: list[tuple[str, Any]] = []
    for name, value in _typed(values, dict, f"{key}: changes").items():
        nested = {f"{name}.{field}": inner for field, inner in value.items()} if isinstance(value, dict) else None
        found += (nested if nested is not None else {name: value}).items()
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in found)


def _grid(axes: Mapping[str, Any]) -> list[Configuration]:
    """A configuration for every combination of the axes' values, the last axis running fastest."""
    flat = _axes(axes)
    size = 1
    for items in flat.values():
        size *= len(items)
    if size > MOST_RUNS:
        raise _problem(f"The axes make {size:,} configurations; at most {MOST_RUNS:,} are possible.")
    return [_combination(tuple(flat), values) for values in itertools.product(*flat.values())] if flat else []


def _axes(axes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Each field with its values, also where TOML read a table in a table."""
    flat: dict[str, list[Any]] = {}
    for name, values in axes.items():
        inner = {f"{name}.{field}": more for field, more in values.items()} if isinstance(values, dict) else None
        for field, items in (inner if inner is not None else {name: values}).items():
            flat[field] = _typed(items, list, f"axes: {field}")
            if not flat[field]:
                raise _problem(f"axes: {field} has no values.")
    return flat


def _combination(names: tuple[str, ...], values: tuple[Any, ...]) -> Configuration:
    words = [f"{name.partition('.')[2] or name} {_word(value)}" for name, value in zip(names, values, strict=True)]
    key = "_".join(
        f"{name.partition('.')[2] or name}-{_word(value)}" for name, value in zip(names, values, strict=True)
    )
    changes = (
        (name, tuple(value) if isinstance(value, list) else value) for name, value in zip(names, values, strict=True)
    )
    safe = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in key)
    return Configuration(safe[:80], ", ".join(words), tuple(changes))


def _word(value: Any) -> str:
    if isinstance(value, list):
        return "-".join(_word(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _check_keys(values: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in values:
        if key not in known:
            raise _problem(f"Unknown name {shown(key)} in {where}; {nearest(key, known)}")


def _typed(value: Any, kind: type, key: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        words = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}
        raise _problem(f"{key}: expected {words[kind]}; it is {shown(value)}.")
    return value


def _problem(text: str) -> SkinKDError:
    return SkinKDError("The study can not be used", text)
