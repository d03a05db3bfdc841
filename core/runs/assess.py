"""Give a finished run what its verdicts rest on, where it was made without or its calibration data changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import atomic
from core.data.names import matched
from core.data.types import Part, calibrating_part
from core.errors import SkinKDError
from core.events import CancelToken, Emit, ignore
from core.runs.folder import RunFolder
from core.runs.preparing import decoded, read_checked
from core.runs.status import RunState

if TYPE_CHECKING:
    from core.data.types import DataSet
    from core.inference.calibrating import PartOutputs

_SAME = 0.05  # in logits: another machine or processor rounds differently, other pictures answer differently


@dataclass(frozen=True)
class AssessedRun:
    """A run that was calibrated: its folder and the "calibration" now in its metrics.json."""

    folder: Path
    calibration: dict[str, Any]


def assess_run(
    folder: RunFolder, emit: Emit = ignore, token: CancelToken | None = None, device: str = "auto"
) -> AssessedRun:
    """Ask a finished run's model for its calibration, test and some training images, and store temperature and the
    calibration statistics in its model file and "calibration" in its metrics.json. Weights, predictions and scores stay
    as they are.

    Raises `SkinKDError` when the run is not finished or being worked on, its data are gone, or its model answers
    otherwise than it did; `Cancelled`.
    """
    token = token or CancelToken()
    with folder.locked():
        if folder.status().state is not RunState.FINISHED:
            raise SkinKDError(
                "The run is not finished", f"{folder.path.name} is {folder.status().state.value}. Resume it first."
            )
        return AssessedRun(folder.path, _assess(folder, emit, token, device))


def _assess(folder: RunFolder, emit: Emit, token: CancelToken, device: str) -> dict[str, Any]:
    from core.inference.calibrating import PHASES, PartOutputs, calibrate, calibration_document, stored_appearance
    from core.models.files import load_model, save_model
    from core.models.forward import forward_outputs
    from core.recipe.schema import HardwareRecipe
    from core.training.hardware import fixed_threads, resolve

    recipe, metrics = folder.recipe(), folder.metrics()
    if metrics is None:
        raise SkinKDError("The run's results are missing", f"{folder.metrics_file} is gone; resume the run first.")
    hardware = resolve(HardwareRecipe.model_validate({"device": device, "precision": "32"}), emit)
    module, info = load_model(folder.model_file, hardware.device)
    dataset = _own_images(folder, read_checked(recipe, emit, token))
    store = decoded(dataset, info.preprocessing.image_size, recipe, emit, token)
    rows = _parts(folder, dataset)

    def ask(part: Part) -> PartOutputs:
        logits, features = forward_outputs(
            module,
            info.preprocessing,
            store,
            rows[part],
            device=hardware.device,
            emit=emit,
            phase=PHASES[part],
            token=token,
        )
        logits = logits.reshape(len(rows[part]), len(info.classes))
        return PartOutputs(part, rows[part], dataset.labels[rows[part]], logits, features)

    with fixed_threads(hardware.threads):
        calibrating, test = ask(calibrating_part(part for part in Part if len(rows[part]))), ask(Part.TEST)
        _check_same(folder, dataset, calibrating)
        calibrated = calibrate(
            module,
            info.preprocessing,
            store,
            rows[Part.TRAIN],
            calibrating,
            info.classes,
            device=hardware.device,
            seed=recipe.optimisation.seed,
            emit=emit,
            token=token,
        )
        looks = partial(stored_appearance, store, token=token)
        document = calibration_document(calibrated, calibrating, test, lambda part: looks(part.indices), info.classes)
    info = replace(info, temperature=calibrated.temperature, calibrated_on=calibrated.part.value)
    save_model(folder.model_file, module, info, statistics=calibrated.statistics)
    changed = {**metrics, "calibration": document}
    atomic.write_text(folder.metrics_file, json.dumps(changed, indent=2, ensure_ascii=False) + "\n")
    return document


def _own_images(folder: RunFolder, dataset: DataSet) -> DataSet:
    """The data set without images that are not in the run's split."""
    own = [record.name for record in dataset.records]
    known = set(matched((row.image for row in folder.split_rows), own).values())
    return dataset.without({name for name in own if name not in known})


def _parts(folder: RunFolder, dataset: DataSet) -> dict[Part, np.ndarray[Any, np.dtype[np.int64]]]:
    """Indices into the data set by part. Raises `SkinKDError` when images of the split are gone."""
    places = {record.name: index for index, record in enumerate(dataset.records) if record.path is not None}
    rows = [row for row in folder.split_rows if row.part is not None]
    found = matched((row.image for row in rows), places)
    gone = [row.image for row in rows if row.image not in found]
    if gone:
        raise SkinKDError(
            "The run's images are gone",
            f"{len(gone)} of the {len(rows)} images in split.csv are no longer in {dataset.root}. Bring them back.",
            "\n".join(gone[:1000]),
        )
    return {part: np.array([places[found[row.image]] for row in rows if row.part is part], np.int64) for part in Part}


def _check_same(folder: RunFolder, dataset: DataSet, calibrating: PartOutputs) -> None:
    """Raise `SkinKDError` unless the model answers on the calibrating images as predictions.csv says."""
    known = folder.predictions().of(calibrating.part).named_as(record.name for record in dataset.records)
    written = dict(zip(known.names, known.logits, strict=True))
    for index, answer in zip(calibrating.indices, calibrating.logits, strict=True):
        name = dataset.records[index].name
        if name not in written or np.abs(written[name] - answer).max() > _SAME * (1 + np.abs(answer).max()):
            raise SkinKDError(
                "The run can not be calibrated",
                f"The model answers otherwise on {name} than predictions.csv says: the image or the model file has "
                "changed since. Restore them, or train again.",
            )
