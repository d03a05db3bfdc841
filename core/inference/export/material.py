"""The images of an export: training images for the scales of 8 bits, test images for the check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.data.choices import NO_CHOICES, Choices
from core.data.types import DataSet, Part
from core.errors import SkinKDError
from core.events import CancelToken, Emit

if TYPE_CHECKING:
    from core.data.store import ImageStore
    from core.models.info import ModelInfo

LABELLED = "labelled"
"""The part of a data set that no run has divided: all of it."""


@dataclass(frozen=True, eq=False)
class Material:
    """Decoded images of the model's size: `check` are those of `part` to check on; `train` and `calibration` (what
    the original was calibrated on) may be empty. All are int64 indices into `store`, and `lesions` (images of the
    store,) numbers the lesions. `terms` are the licence terms of the data."""

    store: ImageStore
    train: NDArray[np.int64]
    calibration: NDArray[np.int64]
    check: NDArray[np.int64]
    lesions: NDArray[np.int64]
    part: str
    terms: str
    notes: tuple[str, ...]


def find_material(source: Path, data: Path | None, info: ModelInfo, emit: Emit, token: CancelToken) -> Material:
    """The images that belong to a model: those of its run, in its own division, or all of `data` for a lone file.

    `info` says how large the model sees them and which labels it knows.
    `data` says where a run's images lie now. Raises `SkinKDError` when they are not at hand or not the run's, and
    `Cancelled`.
    """
    from core.data.checking import check_images, excluded_names
    from core.data.groups import group_numbers
    from core.data.reading import read_dataset
    from core.data.store import open_store

    run = run_of(source)
    folder, choices = _locate(run, data)
    dataset = check_images(read_dataset(folder, info.classes, choices), emit=emit, token=token)
    names = excluded_names(dataset.problems) | {record.name for record in dataset.records if record.path is None}
    dataset = dataset.without(names)
    parts = _parts(run, dataset)
    if not len(parts[2]):
        raise SkinKDError("Nothing to check the export on", f"{folder} has no usable image with a label.")
    store = open_store(dataset, info.preprocessing.image_size, emit=emit, token=token)
    failed = [dataset.records[index].name for index in store.failed]
    if failed:
        raise SkinKDError(
            "Images changed while they were read",
            f"{len(failed)} could be opened at first and not later: {', '.join(failed[:5])}. Try again.",
        )
    train, calibration, check, part = parts
    notes = (
        () if run else ("It is not known whether the model was trained on these images: the scores may be too high.",)
    )
    lesions = group_numbers(dataset, "lesion")
    return Material(store, train, calibration, check, lesions, part, dataset.terms, notes)


def run_of(source: Path) -> Path | None:
    """The run folder that a model belongs to, None for a file of its own."""
    folder = source if source.is_dir() else source.parent
    inside = source.is_dir() or source.name == "model.safetensors"
    return folder if inside and (folder / "recipe.toml").is_file() and (folder / "split.csv").is_file() else None


def _locate(run: Path | None, data: Path | None) -> tuple[Path, Choices]:
    """The folder of the images, and how it is read. Raises `SkinKDError` when they are not there."""
    from core.recipe.files import read_recipe

    choices = NO_CHOICES
    if run is not None:
        section = read_recipe(run / "recipe.toml").data
        data, choices = data or Path(section.path), section.choices
    if data is None:
        raise SkinKDError(
            "The export can not be checked",
            "A model file does not say where labelled images are. Name some with --data, or export the run. With "
            "--without-test the file is written without its scores being checked.",
        )
    if not data.exists():
        raise SkinKDError(
            "The export can not be checked",
            f"The images are not at {data} any more. Say where they are with --data. With --without-test the file is "
            "written without its scores being checked.",
        )
    return data, choices


def _parts(run: Path | None, dataset: DataSet) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], str]:
    """Training and calibrating images, those to check on, and which these are: never test images that are withheld
    until a model is chosen."""
    from core.data.splitting import read_split
    from core.recipe.files import read_recipe

    nothing = np.zeros(0, np.int64)
    if run is None:
        return nothing, nothing, np.arange(len(dataset.records), dtype=np.int64), LABELLED
    split = read_split(run / "split.csv", dataset)
    withheld = read_recipe(run / "recipe.toml").data.test == "withheld"
    if len(split.test) and not withheld:
        return split.train, split.of(split.calibrates), split.test, Part.TEST.value
    return split.train, split.of(split.calibrates), split.validation, Part.VALIDATION.value
