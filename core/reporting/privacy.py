"""A report goes to others: names of folders, never where they lie on the user's computer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath

from core.recipe import Recipe

_WINDOWS = re.compile(r"^([A-Za-z]:[\\/]|\\\\)")
_PATH = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:[\\/]|\\\\|~?/)[^\s\"'<>|;,()]*[^\s\"'<>|;,().:]")


def name_of(path: str) -> str:
    """The last part of a path of any system: 'isic2019' of '/home/a/isic2019'; empty for an empty path."""
    text = path.rstrip("/\\")
    return PureWindowsPath(text).name if _WINDOWS.match(text) else PurePosixPath(text).name


def is_absolute(text: str) -> bool:
    """Whether a text is a full path on some system."""
    return text.startswith(("/", "~")) or bool(_WINDOWS.match(text))


def shareable(recipe: Recipe) -> Recipe:
    """The recipe with names in place of full paths."""
    data, teacher, student = recipe.data, recipe.teacher, recipe.student
    return recipe.model_copy(
        update={
            "data": data.model_copy(update={"path": _short(data.path)}),
            "teacher": teacher.model_copy(
                update={
                    "run": _short(teacher.run),
                    "also": tuple(map(_short, teacher.also)),
                    "weights": _short(teacher.weights),
                }
            ),
            "student": student.model_copy(update={"weights": _short(student.weights)}),
        }
    )


def paths_of(recipe: Recipe) -> tuple[str, ...]:
    """The full paths that a recipe holds."""
    teacher = recipe.teacher
    found = (recipe.data.path, teacher.run, *teacher.also, teacher.weights, recipe.student.weights)
    return tuple(path for path in found if is_absolute(path))


def without_paths(text: str, known: Iterable[str] = ()) -> str:
    """The text with full paths cut to their last name: the `known` ones, which may hold blanks, and what looks so."""
    for path in sorted(known, key=len, reverse=True):
        text = text.replace(path, name_of(path))
    return _PATH.sub(lambda match: name_of(match[0]), text)


def _short(text: str) -> str:
    return name_of(text) if is_absolute(text) else text
