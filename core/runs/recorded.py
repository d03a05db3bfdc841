"""The recipes that a run's training was done under, as its environment.json records them, and whether it may go on."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from core.errors import SkinKDError
from core.recipe import Recipe
from core.recipe.changes import recipe_changes
from core.runs.folder import RunFolder
from core.training.legs import Leg, legs_from_values

RECIPES = "recipes"
"""The name in environment.json."""


def recorded_legs(folder: RunFolder) -> tuple[Leg, ...]:
    """The recipes on record; none where an older version ran, or the record is damaged or of a newer version."""
    try:
        values: dict[str, Any] = folder.environment()
        return legs_from_values(values[RECIPES])
    except (SkinKDError, KeyError, ValueError):
        return ()


def legs_of(folder: RunFolder, recipe: Recipe, teacher: str) -> tuple[Leg, ...]:
    """The recipes of a run that is about to begin, or to go on from its checkpoint, the last of them `recipe`.

    `teacher` is the SHA-256 of its teacher's model file, or "". Raises `RecipeChangedError` when the checkpoint was
    made under another recipe or teacher in what may not change, and `SkinKDError` when it can not be read.
    """
    from core.training.checkpoint import CheckpointFolder
    from core.training.going_on import continued, recorded_legs

    checkpoint = CheckpointFolder(folder.checkpoint_folder)
    if not checkpoint.exists:
        return (Leg.under(recipe, teacher),)
    state = checkpoint.load()
    with checkpoint.reporting_damage():
        return continued(recorded_legs(state), recipe, teacher, int(state["epoch"]), int(state["batch"]))


def changed_since_finished(folder: RunFolder) -> str:
    """How recipe.toml differs from the recipe that a finished run was trained under, in what is no place and no
    hardware; "" where it does not, or where that is not known."""
    legs = recorded_legs(folder)
    try:
        recipe = folder.recipe()
    except SkinKDError:  # a finished run is left as it is, whatever became of its recipe
        return ""
    if not legs or legs[-1].recipe is None:
        return ""
    changes = recipe_changes(legs[-1].recipe, recipe)
    return "; ".join(change.line for change in changes if change.rule != "free")


def throughout(folder: RunFolder) -> bool:
    """Whether a run was trained under its recipe from its first epoch on, as far as that is known; what is free to
    change does not count, because it does not decide what is learned."""
    return all(
        last.recipe is not None
        and new.recipe is not None
        and all(change.rule == "free" for change in recipe_changes(last.recipe, new.recipe))
        for last, new in pairwise(recorded_legs(folder))
    )
