"""An entry of the queue as a row of JSON; recipes are in it as the TOML text that recipe files have."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.documents import shown
from skinkd_gui.training.entries import QueuedRun

if TYPE_CHECKING:
    from core.recipe import Recipe
    from core.runs.planning import PlannedRun


def row_of(entry: QueuedRun, root: Path) -> dict[str, Any]:
    """The row of an entry in the queue of the folder of runs `root`."""
    return {
        "id": entry.id,
        "name": entry.name,
        "begun": entry.begun,
        "problem": entry.problem,
        "recipe": _toml(entry.recipe),
        "folder": _written(entry.folder, root),
        "study": _written(entry.study, root),
        "plan": [_planned_row(run, root) for run in entry.plan],
    }


def entry_of(row: Any, root: Path) -> QueuedRun:
    """The entry of a row. Raises ValueError, KeyError, TypeError, AttributeError and `SkinKDError` for what is none."""
    from core.recipe import recipe_from_toml
    from core.runs.planning import PlannedRun

    plan = tuple(
        PlannedRun(recipe_from_toml(run["recipe"]), str(run["name"]), run["teacher"], _folder_of(run["folder"], root))
        for run in row.get("plan", ())
    )
    for number, run in enumerate(plan):
        if run.needs_teacher_of is not None and run.needs_teacher_of not in range(number):
            raise ValueError(f"teacher: expected the place of an earlier run; it is {shown(run.needs_teacher_of)}")
    entry = QueuedRun(
        str(row["name"]),
        recipe_from_toml(row["recipe"]) if row["recipe"] else None,
        _folder_of(row["folder"], root),
        _folder_of(row.get("study", ""), root),
        plan,
        row.get("begun") is True,
        str(row.get("problem", "")),
    )
    if entry.recipe is None and entry.folder is None and entry.study is None:
        raise ValueError("it names no recipe, run or study")
    gone = next((place for place in (entry.folder, entry.study) if place is not None and not place.is_dir()), None)
    if gone is not None:
        entry = replace(entry, problem=f"{gone} is not there")
    return replace(entry, id=str(row["id"])) if row.get("id") else entry


def _planned_row(run: PlannedRun, root: Path) -> dict[str, Any]:
    return {
        "name": run.name,
        "recipe": _toml(run.recipe),
        "teacher": run.needs_teacher_of,
        "folder": _written(run.folder, root),
    }


@lru_cache(maxsize=256)  # every change of the queue writes all of it, and a recipe takes its time to become text
def _toml(recipe: Recipe | None) -> str:
    from core.recipe import recipe_to_toml

    return recipe_to_toml(recipe, comments=False) if recipe is not None else ""


def _written(folder: Path | None, root: Path) -> str:
    """A folder by its place below the runs, so that all can be moved together; one that lies elsewhere by its path."""
    if folder is None:
        return ""
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)


def _folder_of(text: str, root: Path) -> Path | None:
    return root / text if text else None
