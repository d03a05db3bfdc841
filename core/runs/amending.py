"""Change a run: its name; and before an unfinished one goes on, where its data and teacher lie and what else may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from core import atomic
from core.documents import one_line
from core.errors import SkinKDError
from core.recipe import Recipe, recipe_to_toml, set_values
from core.recipe.changes import FieldChange, recipe_changes
from core.runs.annotations import unwritable
from core.runs.folder import LONGEST_NAME, RunFolder
from core.runs.status import RunState
from core.runs.status_repair import repair_status
from core.runs.teachers import common_digest, find_teacher, find_teachers
from core.user_paths import full_path, is_there


def amend(
    folder: RunFolder, *, data: Path | None = None, teacher: str = "", assignments: Iterable[str] = ()
) -> tuple[FieldChange, ...]:
    """Change a run's recipe as the user asks: the data's new place, the teacher's (a run or its model file), and
    `section.key=value` assignments. Returns what changed; `execute` then goes on under the new recipe.

    What was trained stays on record with the recipe it was trained under. Raises `RecipeChangedError`, and changes
    nothing, when the checkpoint was made under another recipe or teacher in what may not change; `SkinKDError` when
    there is nothing at the new place, the run is finished and more than a place or the hardware would change, or
    someone else works on it.
    """
    asked = list(assignments)
    try:
        with folder.locked():
            repair_status(folder)
            before = folder.recipe()
            after = _with_paths(set_values(before, asked), data, teacher, folder)
            changes = recipe_changes(before, after)
            if changes:
                agreed = {text.partition("=")[0].strip() for text in asked}
                _write(folder, before, after, changes, agreed)
            return changes
    except OSError as error:
        raise unwritable(folder.path, error) from error


def rename_run(folder: Path, name: str) -> None:
    """Give a run another name; its folder, which others may refer to, stays as it is.

    Raises `SkinKDError` for a name that is empty or longer than 120 characters, while someone works on the run, and
    when the folder can not be written.
    """
    name = one_line(name)
    if not 0 < len(name) <= LONGEST_NAME:
        raise SkinKDError(
            "The run can not have this name",
            f"A name has 1 to {LONGEST_NAME} characters; this one has {len(name)}.",
        )
    run = RunFolder(folder)
    try:
        with run.locked():
            repair_status(run)
            run.set_status(name=name)
    except OSError as error:
        raise unwritable(folder, error) from error


def _with_paths(recipe: Recipe, data: Path | None, teacher: str, folder: RunFolder) -> Recipe:
    if data is not None:
        place = full_path(data)
        if not is_there(place):
            raise SkinKDError("The data is not there", f"{place} does not exist. Choose the folder with your images.")
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"path": str(place)})})
    if teacher:
        if not recipe.needs_teacher:
            raise SkinKDError("The run has no teacher", f"{folder.path.name} does not learn from a teacher.")
        found = find_teacher(teacher, folder.path.parent)
        recipe = recipe.model_copy(update={"teacher": recipe.teacher.model_copy(update={"run": str(found.path)})})
    return recipe


def _write(
    folder: RunFolder, before: Recipe, after: Recipe, changes: tuple[FieldChange, ...], agreed: set[str]
) -> None:
    if folder.status().state is RunState.FINISHED:
        more = [change.line for change in changes if change.rule != "free"]
        if more:
            raise SkinKDError(
                "A finished run is not trained on",
                f"{folder.path.name} is finished; of its recipe only the places of data and teacher and the hardware "
                f"may change, not {'; '.join(more)}. Start a new run with that recipe.",
            )
    text = recipe_to_toml(after)
    if not folder.has_checkpoint:
        atomic.write_text(folder.recipe_file, text)  # nothing was trained yet
        return
    from core.training.checkpoint import CheckpointFolder
    from core.training.going_on import continued, recorded_legs
    from core.training.legs import legs_to_text

    checkpoint = CheckpointFolder(folder.checkpoint_folder)
    state = checkpoint.load()
    digest = common_digest(find_teachers(after, folder.path.parent))
    with checkpoint.reporting_damage():
        legs, epoch, batch = recorded_legs(state), int(state["epoch"]), int(state["batch"])
        if legs[-1].recipe is None:  # of an older version: what recipe.toml said so far is all that is known
            continued((replace(legs[-1], recipe=before),), after, digest, epoch, batch, agreed)
        now = continued(legs, after, digest, epoch, batch, agreed)
    atomic.write_text(folder.recipe_file, text)
    if now != legs:
        checkpoint.save({**state, "legs": legs_to_text(now)}, int(state["best_weights"]))
