"""What a checkpoint says of the training it belongs to, and whether it belongs to this one."""

from __future__ import annotations

from collections.abc import Collection

from core.errors import SkinKDError
from core.events import Level, Notice
from core.recipe import Recipe
from core.training.batches import FitData
from core.training.checkpoint import Values
from core.training.hardware import Hardware


def identity(data: FitData, recipe: Recipe, hardware: Hardware) -> Values:
    """The facts that go into a checkpoint: which pictures, in which batches, computed on what."""
    return {
        "images": [len(data.train), len(data.validation), recipe.optimisation.batch_size],
        "pictures": data.store.key,
        "device": hardware.device,
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
    if all(recorded[name] == own[name] for name in ("device", "threads", "numerics")):
        return ()
    return (
        Notice(
            f"The run began on {recorded['device']} with {recorded['threads']} threads and precision "
            f"{recorded['numerics']}; on other hardware its numbers can differ in the last digits."
        ),
    )
