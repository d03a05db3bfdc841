"""Recipes of older versions, brought up to date: one function a version, made of one function a section."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.documents import Migration

Values = dict[str, Any]


_SETTINGS_IN_1 = {
    "none": (),
    "kl": ("alpha", "temperature", "kl_direction"),
    "dist": ("alpha", "temperature", "beta", "gamma"),
}
"""What each method of version 1 looked at; every recipe held the settings of all."""

DISTILLATION_IN_1 = {
    "method": "none",
    "alpha": 0.1,
    "temperature": 1.0,
    "kl_direction": "student_teacher",
    "beta": 1.0,
    "gamma": 1.0,
}
"""The defaults of version 1."""


def change_from_1(key: str, value: Any) -> tuple[str, Any]:
    """A single dotted key and its value, as studies hold them, from version 1 to 2."""
    if key == "distillation.kl_direction":
        return "distillation.direction", value
    if key == "curriculum.order" and value == "teacher_confidence":  # the difficulty; its order was the only one
        return key, "easy_first"
    return key, value


def settings_in_1(method: Any) -> tuple[str, ...]:
    """What a method of version 1 looked at; whatever there was for a name that it did not know."""
    return _SETTINGS_IN_1.get(method, tuple(DISTILLATION_IN_1)) if isinstance(method, str) else ()


def _section_from_1(name: str, section: Values) -> Values:
    changed = (change_from_1(f"{name}.{key}", value) for key, value in section.items())
    return {key.partition(".")[2]: value for key, value in changed}


def _curriculum_from_1(values: Values) -> Values:
    section = values.get("curriculum")
    return {**values, "curriculum": _section_from_1("curriculum", section)} if isinstance(section, dict) else values


def _no_calibration_part(values: Values) -> Values:
    """Version 1 calibrated on the validation images."""
    data = values.get("data", {})
    return {**values, "data": {"calibration": 0.0, **data}} if isinstance(data, dict) else values


def _distillation_from_1(values: Values) -> Values:
    """Settings of methods that are not chosen go; what version 1 did not know stays, to be complained of."""
    section = values.get("distillation")
    if not isinstance(section, dict):
        return values
    own = ("method", *settings_in_1(section.get("method", DISTILLATION_IN_1["method"])))
    kept = {key: value for key, value in section.items() if key not in DISTILLATION_IN_1 or key in own}
    return {**values, "distillation": _section_from_1("distillation", kept)}


_FROM_1: tuple[Callable[[Values], Values], ...] = (_distillation_from_1, _curriculum_from_1, _no_calibration_part)
"""What changed from version 1 to 2, each as a function from all values of the recipe to new ones."""


def _to_2(values: Values) -> Values:
    for change in _FROM_1:
        values = change(values)
    return values


GROUPING_IN_2 = {"data.group_by": "lesion", "data.parts": "pooled"}
"""What the defaults of version 2 came to."""


def change_from_2(key: str, value: Any) -> tuple[str, Any]:
    """A single dotted key and its value from version 2 to 3."""
    if key == "data.group_by_lesion" and isinstance(value, bool):
        return "data.group_by", "lesion" if value else "image"
    return key, value


def _to_3(values: Values) -> Values:
    """Version 2 knew neither patients nor near-copies, and divided a data set's own parts anew."""
    data = values.get("data", {})
    if not isinstance(data, dict):
        return values
    own = dict(change_from_2(f"data.{key}", value) for key, value in data.items())
    return {**values, "data": {key.partition(".")[2]: value for key, value in {**GROUPING_IN_2, **own}.items()}}


MIGRATIONS: dict[int, Migration] = {1: _to_2, 2: _to_3}
"""From the values of version n to those of version n + 1."""
