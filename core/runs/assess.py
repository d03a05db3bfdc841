"""Ask a finished run's model again: for what its verdicts rest on, where it was made without or its calibration data
changed, and for the test images that its recipe withheld."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.data.names import matched
from core.data.types import DataSet, Part, Split
from core.documents import write_json
from core.errors import SkinKDError
from core.evaluation.scores import Scores
from core.events import CancelToken, Emit, ignore
from core.inference.calibrating import PartOutputs
from core.runs.corrections import corrections_of
from core.runs.folder import RunFolder
from core.runs.preparing import PreparedData, decoded, read_checked
from core.runs.results import Results
from core.runs.status import RunState
from core.training.hardware import Hardware, fixed_threads
from core.visible_text import visible_lines

_SAME = 0.05  # in logits: another machine or processor rounds differently, other pictures answer differently


@dataclass(frozen=True)
class AssessedRun:
    """A run that was calibrated: its folder and the "calibration" now in its metrics.json."""

    folder: Path
    calibration: dict[str, Any]


def assess_run(
    folder: RunFolder,
    emit: Emit = ignore,
    token: CancelToken | None = None,
    device: str = "auto",
    positions: int = 1,
) -> AssessedRun:
    """Ask a finished run's model for its calibration, test and some training images, and store temperature and
    reference in its model file and "calibration" in its metrics.json. Weights, predictions and scores stay as they are.

    With `positions` 8 all of it rests on means over the eight flips and turns (`core.inference.test_time`), which
    whoever classifies with the model then takes.

    Raises `SkinKDError` when the run is not finished or being worked on, its data are gone, or its model answers
    otherwise than it did; `Cancelled`.
    """
    token = token or CancelToken()
    with folder.locked():
        check_finished(folder)
        return AssessedRun(folder.path, _assess(folder, emit, token, device, positions))


def score_test_part(
    folder: RunFolder, emit: Emit = ignore, token: CancelToken | None = None, device: str = "auto"
) -> Scores:
    """Ask a finished run's model about the test images that its recipe withheld, and write predictions and scores as a
    run that is tested at once does; metrics.json says when. A run that was tested is left as it is.

    Raises `SkinKDError` as `assess_run`, and where the division has no test images; `Cancelled` (then nothing is
    written, or the same again does it).
    """
    token = token or CancelToken()
    with folder.locked():
        check_finished(folder)
        if folder.withholds_test:
            results, hardware = reopened(folder, emit, token, device)
            with fixed_threads(hardware.threads):
                _check_same(folder, results.data.dataset, results.infer(results.data.split.calibrates, hardware))
                results.add_test(hardware)
        scores = folder.scores()
    if scores is None:
        raise SkinKDError(
            "There are no test images",
            f"The division of {folder.path.name} has none. Train again with a share of test images (data.split).",
        )
    return scores


def check_finished(folder: RunFolder) -> None:
    """Raise `SkinKDError` unless the run is finished."""
    if folder.status().state is not RunState.FINISHED:
        raise SkinKDError(
            "The run is not finished", f"{folder.path.name} is {folder.status().state.value}. Resume it first."
        )


def _assess(folder: RunFolder, emit: Emit, token: CancelToken, device: str, positions: int) -> dict[str, Any]:
    from core.models.files import read_model_info, save_model

    metrics = folder.metrics()
    if metrics is None:
        raise SkinKDError("The run's results are missing", f"{folder.metrics_file} is gone; resume the run first.")
    results, hardware = reopened(folder, emit, token, device)
    results = replace(results, positions=positions)
    calibrates = results.data.split.calibrates
    with fixed_threads(hardware.threads):
        asked = {calibrates: results.infer(calibrates, hardware)}
        _check_same(folder, results.data.dataset, asked[calibrates])
        calibrated, document = results.calibrated(asked | results.tested(hardware), hardware)
    info = read_model_info(folder.model_file)
    info = replace(info, temperature=calibrated.temperature, calibrated_on=calibrated.part.value, positions=positions)
    save_model(folder.model_file, results.model.model, info, statistics=calibrated.statistics)
    write_json(folder.metrics_file, {**metrics, "calibration": document})
    return document


def reopened(folder: RunFolder, emit: Emit, token: CancelToken, device: str) -> tuple[Results, Hardware]:
    """The finished run's model and images, as its training had them, and what to compute on. Raises `SkinKDError` when
    its data are gone or its model can not be read."""
    from core.models.factory import LoadedModel
    from core.models.files import load_model
    from core.recipe.schema import HardwareRecipe
    from core.training.hardware import resolve

    recipe = folder.recipe()
    hardware = resolve(HardwareRecipe.model_validate({"device": device, "precision": "32"}), emit)
    module, info = load_model(folder.model_file, hardware.device)
    dataset = _own_images(folder, read_checked(recipe, emit, token, corrections_of(folder, recipe)))
    split = _recorded_split(folder, dataset)
    store = decoded(dataset, info.preprocessing.image_size, recipe, emit, token)
    model, data = LoadedModel(module, info.preprocessing, ()), PreparedData(dataset, split, store, (), {})
    return Results(folder, recipe, model, data, emit, token, info.positions), hardware


def _own_images(folder: RunFolder, dataset: DataSet) -> DataSet:
    """The data set without images that are not in the run's split."""
    own = [record.name for record in dataset.records]
    known = set(matched((row.image for row in folder.split_rows), own).values())
    return dataset.without({name for name in own if name not in known})


def _recorded_split(folder: RunFolder, dataset: DataSet) -> Split:
    """The division of the run, as indices into the data set. Raises `SkinKDError` when images of the split are gone."""
    places = {record.name: index for index, record in enumerate(dataset.records) if record.path is not None}
    rows = [row for row in folder.split_rows if row.part is not None]
    found = matched((row.image for row in rows), places)
    gone = [row.image for row in rows if row.image not in found]
    if gone:
        raise SkinKDError(
            "The run's images are gone",
            f"{len(gone)} of the {len(rows)} images in split.csv are no longer in {dataset.root}. Bring them back.",
            visible_lines(gone[:1000]),
        )
    of = {part: np.array([places[found[row.image]] for row in rows if row.part is part], np.int64) for part in Part}
    return Split(**{part.value: indices for part, indices in of.items()})


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
