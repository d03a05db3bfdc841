"""The settings of recipes side by side, and which of them differ. A setting counts where it has an effect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.classes import LesionClass
from core.quantities import NONE
from core.recipe import Recipe, field
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable
from core.reporting.words import unique_titles
from core.settings import SettingsSection

_SECTIONS = {
    "data": "Data",
    "classes": "Classes",
    "teacher": "Teacher",
    "student": "Student",
    "distillation": "Distillation",
    "curriculum": "Curriculum",
    "optimisation": "Training",
    "hardware": "Computer",
}
_ASKED = ("run", "also", "source", "views")
"""The settings of the teacher that a student's run has a use for."""

_TASK = "task"
_PATHS = ("data.path", "teacher.run", "teacher.weights", "student.weights")
_UNREADABLE = "not readable"


def recipes_table(recipes: Sequence[tuple[str, Recipe | None]], *, only_different: bool = True) -> ResultsTable:
    """A row per setting, a column per recipe (title, recipe); those that differ are bold where all are shown. No rows
    where they are to differ and do not."""
    values = [{} if recipe is None else _settings(recipe) for _, recipe in recipes]
    rows: list[tuple[Cell, ...]] = []
    bold: set[tuple[int, int]] = set()
    for key in sorted(dict.fromkeys(key for found in values for key in found), key=_order):
        texts = [found.get(key, "") if found else _UNREADABLE for found in values]
        differs = len(set(texts)) > 1
        if only_different and not differs:
            continue
        if differs and not only_different:
            bold |= {(len(rows), column + 1) for column in range(len(texts))}
        shown = (cells.words(_shown(key, text), text) for text in texts)
        rows.append((cells.words(setting_name(key), key), *shown))
    columns = [Column(title, words=True) for title in ("Setting", *unique_titles([title for title, _ in recipes]))]
    title = "Settings that differ" if only_different else "Settings"
    return ResultsTable(title, tuple(columns), tuple(rows), bold=frozenset(bold))


def differing_settings(one: Recipe, other: Recipe) -> list[str]:
    """Each setting that has an effect in `other` and is different in `one`, in a phrase."""
    ours, theirs = _settings(one), _settings(other)
    found = []
    for key in dict.fromkeys((*ours, *theirs)):
        before, now = ours.get(key, ""), theirs.get(key, "")
        if now and now != before:
            instead = f" instead of {_shown(key, before)}" if before else ""
            found.append(f"{setting_name(key)} {_shown(key, now)}{instead}")
    return found


def setting_name(key: str) -> str:
    """A setting as people read it: 'Distillation: Alpha'."""
    if key == _TASK:
        return "What is trained"
    section, _, _ = key.partition(".")
    return f"{_SECTIONS.get(section, section)}: {field(key).title}"


def _order(key: str) -> int:
    """What is trained, then the sections as they are declared; the settings of one method stay beside another's."""
    return -1 if key == _TASK else list(_SECTIONS).index(key.partition(".")[0])


def _settings(recipe: Recipe) -> dict[str, str]:
    """Every setting as text; one that has no effect in this recipe is empty."""
    found = {_TASK: str(recipe.task)}
    for section in type(recipe).model_fields:
        part = getattr(recipe, section)
        if isinstance(part, SettingsSection):
            for name in type(part).model_fields:
                key = f"{section}.{name}"
                found[key] = _text(getattr(part, name)) if _matters(recipe, key) else ""
    return found


def _matters(recipe: Recipe, key: str) -> bool:
    """Whether a setting has an effect: a teacher has no student, a plain student no alpha."""
    section, _, name = key.partition(".")
    if recipe.task == "teacher":
        return section not in ("student", "distillation", "curriculum") and not (
            section == "teacher" and name in _ASKED
        )
    if section == "teacher":
        return name in _ASKED and recipe.needs_teacher
    if key == "curriculum.difficulty":
        return recipe.curriculum.entries.order.needs_difficulty
    return True


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, LesionClass):
        return value.code
    if isinstance(value, dict):
        return ", ".join(f"{name} -> {_text(item)}" for name, item in value.items())
    if isinstance(value, SettingsSection):
        return " ".join(_text(getattr(value, name)) for name in type(value).model_fields)
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)


def _shown(key: str, text: str) -> str:
    """Paths by their last part: the rest seldom fits, and stands in the saved table."""
    return Path(text).name if key in _PATHS and text else text or NONE
