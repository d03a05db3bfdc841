"""The tables of a study file as Python values: changes of a recipe, and grids of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from core.documents import nearest, shown
from core.errors import SkinKDError
from core.study.definition import Configuration, Value

MOST_RUNS = 10_000
"""A grid with more configurations than this is a slip of the pen."""


def changes_in(values: Any, key: str) -> tuple[tuple[str, Value], ...]:
    """The changes of a table; `a.b = 1` without quotes, which TOML reads as a table in a table, is meant too. Raises
    `SkinKDError` for what is no table."""
    found = _dotted(typed(values, dict, f"{key}: changes"))
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in found)


def grid_of(axes: Mapping[str, Any]) -> list[Configuration]:
    """A configuration for every combination of the axes' values, the last axis running fastest. Raises `SkinKDError`
    for an axis without values, and for more than `MOST_RUNS`."""
    flat = axes_in(axes)
    size = 1
    for items in flat.values():
        size *= len(items)
    if size > MOST_RUNS:
        raise problem(f"The axes make {size:,} configurations; at most {MOST_RUNS:,} are possible.")
    return [_combination(tuple(flat), values) for values in itertools.product(*flat.values())] if flat else []


def axes_in(axes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Each field with its values, also where TOML read a table in a table. Raises `SkinKDError` for none."""
    flat: dict[str, list[Any]] = {}
    for field, items in _dotted(axes):
        flat[field] = typed(items, list, f"axes: {field}")
        if not flat[field]:
            raise problem(f"axes: {field} has no values.")
    return flat


def _dotted(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Fields by their dotted names, those of a table in a table too."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{field}", inner) for field, inner in value.items())
        else:
            yield name, value


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
    if isinstance(value, list | dict):
        return "-".join(_word(item) for item in (value.values() if isinstance(value, dict) else value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def check_keys(values: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Raises `SkinKDError`, with the nearest name, for a key that is not among the known ones."""
    for key in values:
        if key not in known:
            raise problem(f"Unknown name {shown(key)} in {where}; {nearest(key, known)}")


def typed(value: Any, kind: type, key: str) -> Any:
    """The value, which `key` holds in the file; raises `SkinKDError` when it is of another kind."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        words = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}
        raise problem(f"{key}: expected {words[kind]}; it is {shown(value)}.")
    return value


def problem(text: str) -> SkinKDError:
    """What is wrong with a study file, as an error to raise."""
    return SkinKDError("The study can not be used", text)
