"""Recipes of older versions, brought up to date: one function a version, made of one function a section."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.documents import Migration

Values = dict[str, Any]


def change_from_1(key: str, value: Any) -> tuple[str, Any]:
    """A single dotted key and its value, as studies hold them, from version 1 to 2."""
    if key == "curriculum.order" and value == "teacher_confidence":  # the difficulty; its order was the only one
        return key, "easy_first"
    return key, value


def _curriculum_from_1(values: Values) -> Values:
    section = values.get("curriculum")
    if not isinstance(section, dict):
        return values
    changed = dict(change_from_1(f"curriculum.{name}", value) for name, value in section.items())
    return {**values, "curriculum": {key.partition(".")[2]: value for key, value in changed.items()}}


def _no_calibration_part(values: Values) -> Values:
    """Version 1 calibrated on the validation images."""
    data = values.get("data", {})
    return {**values, "data": {"calibration": 0.0, **data}} if isinstance(data, dict) else values


_FROM_1: tuple[Callable[[Values], Values], ...] = (_curriculum_from_1, _no_calibration_part)
"""What changed from version 1 to 2, each as a function from all values of the recipe to new ones."""


def _to_2(values: Values) -> Values:
    for change in _FROM_1:
        values = change(values)
    return values


MIGRATIONS: dict[int, Migration] = {1: _to_2}
"""From the values of version n to those of version n + 1."""
