"""The settings of several runs as a table, and which of them differ. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.classes import LesionClass
from core.quantities import NONE
from core.recipe import Recipe, field
from core.runs.status import RunSummary
from core.settings import SettingsSection
from skinkd_gui.results.grid import Cell, Grid, GridColumn
from skinkd_gui.results.shown import Shown

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


def recipe_grid(shown: Shown, runs: Sequence[RunSummary], *, only_different: bool) -> Grid:
    """A row per setting, a column per run; settings that differ are bold where all are shown."""
    columns = [GridColumn("Setting", words=True)]
    columns += [GridColumn(shown.title(run), words=True) for run in runs]
    values = [{} if run.recipe is None else _flat(run.recipe) for run in runs]
    keys = sorted(dict.fromkeys(key for found in values for key in found), key=_order)
    rows: list[tuple[Cell, ...]] = []
    bold: set[tuple[int, int]] = set()
    for key in keys:
        texts = [found.get(key, "") if found else _UNREADABLE for found in values]
        differs = len(set(texts)) > 1
        if only_different and not differs:
            continue
        if differs and not only_different:
            bold |= {(len(rows), column + 1) for column in range(len(texts))}
        rows.append((Cell(setting_name(key), (key,)), *(Cell(_shown(key, text), (text,)) for text in texts)))
    return Grid("Settings that differ" if only_different else "Settings", tuple(columns), tuple(rows), frozenset(bold))


def _order(key: str) -> int:
    """What is trained, then the sections as they are declared; the settings of one method stay beside another's."""
    return -1 if key == _TASK else list(_SECTIONS).index(key.partition(".")[0])


def differing_settings(one: RunSummary, other: RunSummary) -> list[str]:
    """Each setting that has an effect in `other` and is different in `one`, in a phrase; empty when one is unknown."""
    if one.recipe is None or other.recipe is None:
        return []
    ours, theirs = _flat(one.recipe), _flat(other.recipe)
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


def _flat(recipe: Recipe) -> dict[str, str]:
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
