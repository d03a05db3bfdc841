"""Whether a training may go on from a checkpoint: under its recipe, with its data, on its hardware; and what is
recorded when it does."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.documents import shown
from core.errors import SkinKDError
from core.events import Level, Notice
from core.recipe import Recipe
from core.recipe.changes import FieldChange, recipe_changes
from core.training.batches import FitData
from core.training.checkpoint import Values
from core.training.hardware import Hardware
from core.training.legs import Leg, beginning_of, changes_text, legs_from_text
from core.training.optimisation import learning_rate
from core.training.plan import EpochPlan
from core.visible_text import visible_lines

_NAMED = 6  # fields in a message; all stand in its details


class RecipeChangedError(SkinKDError):
    """The recipe or the teacher is not that of the checkpoint, in something that may not change, or not unasked."""


def recorded_legs(state: Values) -> tuple[Leg, ...]:
    """The recipes that a checkpoint was made under; of versions that recorded none, one leg that says so."""
    return legs_from_text(state["legs"]) if "legs" in state else (Leg(1, 0, None),)


def continued(
    legs: Sequence[Leg], recipe: Recipe, teacher: str, epoch: int, batch: int, agreed: Collection[str] = ()
) -> tuple[Leg, ...]:
    """The legs when the training goes on from step `batch` of `epoch` under `recipe` and `teacher` (SHA-256 of its
    file, or ""): one more where anything differs.

    Raises `RecipeChangedError`, which names every field that may not change, and every one that may when the user asks
    for it and is not in `agreed` (dotted keys).
    """
    if legs[-1].recipe == recipe and teacher in ("", legs[-1].teacher):
        return tuple(legs)
    # Nothing was trained yet under a leg that begins here.
    done = tuple(leg for leg in legs if (leg.epoch, leg.batch) < (epoch, batch)) or tuple(legs[:1])
    last = done[-1]
    if last.teacher and teacher and last.teacher != teacher:
        raise _other_teacher(recipe, last.teacher, teacher)
    if last.recipe is not None:
        changes = recipe_changes(last.recipe, recipe)
        refused = [change for change in changes if change.rule == "fixed" or (change.rule == "up" and not change.grew)]
        if refused:
            raise _refused(refused)
        unasked = [
            change
            for change in changes
            if change.key not in agreed and _needs_asking(change, last.recipe, recipe, epoch)
        ]
        if unasked:
            raise _unasked(unasked)
        if not changes:
            return done
    return (*done, Leg.under(recipe, teacher or last.teacher, epoch, batch))


def told(before: Sequence[Leg], now: Sequence[Leg]) -> tuple[Notice, ...]:
    """What to say when a training goes on with one leg more."""
    if tuple(before) == tuple(now) or len(now) < 2:
        return ()
    last, new = now[-2:]
    if last.recipe is None:
        return (
            Notice(
                "The checkpoint is of an earlier version of SkinKD, which did not record the recipe: whether "
                f"its epochs were trained under recipe.toml as it is now is not known. From {beginning_of(new)} on it "
                "is recorded.",
                Level.WARNING,
            ),
        )
    return (Notice(f"From {beginning_of(new)} on the recipe is another: {changes_text(last, new)}."),)


def _needs_asking(change: FieldChange, before: Recipe, after: Recipe, epoch: int) -> bool:
    """Whether the change alters the learning rate of an epoch to come, which only happens on request."""
    if change.rule != "up":
        return change.rule == "on_request"
    old = before.optimisation
    new = old.model_copy(update={"epochs": after.optimisation.epochs})
    coming = range(min(epoch, old.epochs), old.epochs + 1)
    # Epochs of one step each: whether the rate changes does not depend on how many there are.
    plan, longer = (EpochPlan((2,) * settings.epochs, 2) for settings in (old, new))
    return any(learning_rate(old, plan, number, 0) != learning_rate(new, longer, number, 0) for number in coming)


def _was(changes: Sequence[FieldChange]) -> str:
    lines = [f"{item.key} is {_short(item.after)} and was {_short(item.before)}" for item in changes[:_NAMED]]
    more = f"; and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
    return "; ".join(lines) + more


def _short(text: str) -> str:
    return text if len(text) <= 60 else shown(text)


def _refused(changes: Sequence[FieldChange]) -> RecipeChangedError:
    ups = [change.key for change in changes if change.rule == "up"]
    hint = f" ({', '.join(ups)} may only go up.)" if ups else ""
    return RecipeChangedError(
        "The recipe has changed",
        f"Since this run's training began, recipe.toml was changed: {_was(changes)}.{hint} Going on would mix two "
        "experiments. Put the old values back, or start a new run with this recipe.",
        visible_lines(change.line for change in changes),
    )


def _unasked(changes: Sequence[FieldChange]) -> RecipeChangedError:
    said = " ".join(f"--set {change.key}={change.after}" for change in changes)
    return RecipeChangedError(
        "The learning rate would change",
        f"Since this run's training began, recipe.toml was changed: {_was(changes)}. With it the learning rate of the "
        f"epochs to come is another. If that is what you want, say so: skinkd-cli resume RUN {said} (in the window: "
        "Resume with changes). Otherwise put the old values back.",
        visible_lines(change.line for change in changes),
    )


def _other_teacher(recipe: Recipe, expected: str, actual: str) -> RecipeChangedError:
    return RecipeChangedError(
        "The teacher is another one",
        f"The model of teacher.run ({recipe.teacher.run}) is not the one that this run learned from so far: its "
        f"SHA-256 begins with {actual[:12]}, that of the run's teacher with {expected[:12]}. Name the teacher that "
        "has it: skinkd-cli resume RUN --teacher RUN_OR_FILE (in the window: Resume with changes). Or start a new run.",
        f"expected {expected}\nfound {actual}",
    )


def identity(data: FitData, recipe: Recipe, hardware: Hardware) -> Values:
    """The facts that go into a checkpoint: which pictures, in which batches, computed on what."""
    return {
        "images": [len(data.train), len(data.validation), recipe.optimisation.batch_size],
        "pictures": data.store.key,
        "device": hardware.device,
        "devices": hardware.devices * hardware.nodes,
        "threads": hardware.threads,
        "numerics": hardware.precision,
    }


def check_belongs(recorded: Values, own: Values, earlier: Collection[str] = ()) -> tuple[Notice, ...]:
    """Raise `SkinKDError` when a checkpoint with the identity `recorded` is of other data than `own`.

    `earlier` are the keys that the same files had under older versions' decoders; what to say is returned when the
    checkpoint has one of those.
    """
    if recorded["images"] != own["images"]:
        (train, validation, batch), (own_train, own_validation, own_batch) = recorded["images"], own["images"]
        raise SkinKDError(
            "The checkpoint belongs to other data",
            f"It was written with {train} training and {validation} validation images in batches of {batch}; now there "
            f"are {own_train} and {own_validation} in batches of {own_batch}. Restore the data and the recipe, or "
            "start a new run.",
        )
    # Checkpoints of the very first version do not name their pictures.
    pictures = recorded.get("pictures", own["pictures"])
    if pictures in earlier:
        return (
            Notice(
                "The run began with an older version of SkinKD, which decoded the same image files to slightly other "
                "pixels; its numbers can differ from those of a run that one version made.",
                Level.WARNING,
            ),
        )
    if pictures != own["pictures"]:
        raise SkinKDError(
            "The pictures have changed",
            "Since this run began, the content of image files has changed though their names and labels have not. Put "
            "the files back as they were; where they were moved, choose the folder: skinkd-cli resume RUN --data "
            "FOLDER (in the window: Resume with changes). Or start a new run.",
        )
    return ()


def other_hardware(recorded: Values, own: Values) -> tuple[Notice, ...]:
    """What to say when a training goes on on other hardware than where the checkpoint was made; nothing otherwise."""
    before = {"devices": 1, **recorded}  # which earlier versions did not record
    if all(before[name] == own[name] for name in ("device", "devices", "threads", "numerics")):
        return ()
    count = "" if before["devices"] == 1 else f"{before['devices']} processes on "
    return (
        Notice(
            f"The run was on {count}{before['device']} so far, with {before['threads']} threads and precision "
            f"{before['numerics']}; on other hardware its numbers can differ in the last digits."
        ),
    )
