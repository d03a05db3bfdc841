"""After training: the temperature, the calibration statistics that verdicts rest on, and how both do on the test
images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.data.types import Part
from core.evaluation.calibration import Reliability, fit_temperature, reliability
from core.evaluation.decisions import one_for_each_lesion
from core.evaluation.intervals import interval_to_json
from core.evaluation.prediction_sets import PredictionSets, coverage, coverage_to_json, images_needed
from core.evaluation.promises import promise_note
from core.events import CancelToken, Emit, Phase
from core.inference.from_statistics import certified_decisions, decisions_document, sets_of
from core.inference.out_of_distribution import (
    MINIMUM,
    Descriptors,
    appearance_of,
    fit_statistics,
    out_of_distribution_scores,
)
from core.inference.trust import DEFAULT_LEVEL
from core.models.calibration_statistics import CalibrationStatistics
from core.models.info import Preprocessing

if TYPE_CHECKING:
    from torch import nn

    from core.data.store import ImageStore

MOST_KNOWN = 2_000
"""So many training images, of all classes alike, stand for all."""

PHASES = {Part.VALIDATION: Phase.VALIDATING, Part.CALIBRATION: Phase.CALIBRATING, Part.TEST: Phase.TESTING}
"""The parts whose answers a run writes down, in the order of predictions.csv, and what asking for them is called."""

MOST_LOGITS = 2_500_000
"""So many numbers of calibrating images are kept: more than 300,000 images of eight classes."""

_CHUNK = 64


@dataclass(frozen=True, eq=False)
class PartOutputs:
    """Answers on a part of the data, the images `indices` of a store: labels (n,), logits (n, classes), features (n, d)
    or None."""

    part: Part
    indices: NDArray[np.int64]
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]
    features: NDArray[np.float32] | None

    def at(self, rows: NDArray[np.int64]) -> PartOutputs:
        """Of the images at `rows` (m,) alone."""
        features = None if self.features is None else self.features[rows]
        return replace(
            self, indices=self.indices[rows], labels=self.labels[rows], logits=self.logits[rows], features=features
        )


@dataclass(frozen=True, eq=False)
class Calibrated:
    """`temperature` for the logits and the calibration statistics for the file, both from images of `part`, and what
    the user must know of them."""

    part: Part

    temperature: float
    statistics: CalibrationStatistics
    notes: tuple[str, ...]


def calibrate(
    module: nn.Module,
    preprocessing: Preprocessing,
    store: ImageStore,
    train: NDArray[np.int64],
    calibrating: PartOutputs,
    test: PartOutputs,
    lesions: NDArray[np.int64],
    classes: ClassSet,
    *,
    device: str,
    seed: int,
    positions: int = 1,
    emit: Emit,
    token: CancelToken,
) -> Calibrated:
    """Fit the temperature on the `calibrating` answers and fit the statistics, asking the network for the features of
    at most `MOST_KNOWN` of the training images, rows `train` (n,) of the store, as means over so many `positions` as
    the answers are (`forward_outputs`). Of more than `MOST_LOGITS` numbers a
    sample is taken, with all classes alike. For decisions one picture of each lesion counts, of the `test` answers too;
    `lesions` (images of the store,) numbers the lesion of every image.

    Reports `Progress(CALIBRATING)`; raises `Cancelled`.
    """
    from core.models.forward import forward_outputs

    temperature, notes = fitted_temperature(calibrating)
    rows = np.arange(len(calibrating.labels))
    calibrating = calibrating.at(balanced_sample(calibrating.labels, rows, MOST_LOGITS // len(classes), seed))
    known = balanced_sample(store.labels[train], train, MOST_KNOWN, seed)
    _, features = forward_outputs(
        module,
        preprocessing,
        store,
        known,
        device=device,
        positions=positions,
        emit=emit,
        phase=Phase.CALIBRATING,
        token=token,
    )
    statistics = fit_statistics(
        calibrating.logits,
        calibrating.labels,
        Descriptors(calibrating.features, stored_appearance(store, calibrating.indices, token)),
        Descriptors(features, stored_appearance(store, known, token)),
    )
    statistics = with_lesions(statistics, calibrating, test, lesions, seed)
    if not np.isfinite(statistics.threshold):
        notes.append(
            f"There are {len(calibrating.labels)} {calibrating.part.value} and {len(known)} training images; it takes "
            f"{MINIMUM} of each to tell whether a picture is like those the model knows, so it gives no verdicts."
            + _more_images(calibrating.part)
        )
    if calibrating.part is not Part.CALIBRATION:
        notes.append(promise_note(calibrating.part))
    rare = _rare_classes(statistics, calibrating.part, classes)
    return Calibrated(calibrating.part, temperature, statistics, (*notes, *rare))


def with_lesions(
    statistics: CalibrationStatistics,
    calibrating: PartOutputs,
    test: PartOutputs,
    lesions: NDArray[np.int64],
    seed: int,
) -> CalibrationStatistics:
    """The statistics of the `calibrating` answers with what decisions rest on: one picture of each calibration lesion,
    and of each lesion of the `test` answers. `lesions` (n,) numbers the lesions of the n images of the store."""
    rows = one_for_each_lesion(lesions[calibrating.indices], calibrating.labels, seed)
    tested = test.at(one_for_each_lesion(lesions[test.indices], test.labels, seed))
    most = MOST_LOGITS // statistics.validation_logits.shape[1]
    return replace(
        statistics,
        lesions=rows.astype(np.int32),
        tested_logits=np.asarray(tested.logits[:most], np.float32),
        tested_labels=np.asarray(tested.labels[:most], np.uint8),
    )


def balanced_sample(labels: NDArray[np.int64], indices: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """At most `most` of `indices` (n,), alike many of each class of `labels` (n,) as far as they go, sorted."""
    order = np.random.default_rng(seed).permutation(len(indices))
    # The k-th image of its class comes before the k+1-th of any other.
    turn = np.zeros(len(indices), np.int64)
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        turn[rows] = np.arange(len(rows))
    chosen = order[np.argsort(turn[order], kind="stable")][:most]
    return np.sort(indices[chosen])


def stored_appearance(store: ImageStore, indices: NDArray[np.int64], token: CancelToken) -> NDArray[np.float32]:
    """`appearance_of` the images `indices` (n,) of a store, (n, d), some at a time. Raises `Cancelled`."""
    parts = [appearance_of(store.gather(indices[:0]))]
    for start in range(0, len(indices), _CHUNK):
        token.check()
        parts.append(appearance_of(store.gather(indices[start : start + _CHUNK])))
    return np.concatenate(parts)


def calibration_document(
    calibrated: Calibrated,
    calibrating: PartOutputs,
    test: PartOutputs,
    appearance: Callable[[PartOutputs], NDArray[np.float32]],
    groups: Sequence[str],
    classes: ClassSet,
) -> dict[str, Any]:
    """The "calibration" of metrics.json: temperature, expected calibration error before and after, coverage of the
    prediction sets and the share of images taken for unlike; on the test images, which nothing was fitted on, or on the
    calibrating images where there are none. `appearance` gives `appearance_of` them, (n, d); `groups` names for every
    image of the data set what belongs together. None stands for what is undefined.
    """
    statistics, temperature = calibrated.statistics, calibrated.temperature
    on = test if len(test.labels) else calibrating
    ood = (
        out_of_distribution_scores(statistics, Descriptors(on.features, appearance(on)))
        if np.isfinite(statistics.threshold)
        else None
    )
    sets, decided = sets_of(statistics, temperature, classes), certified_decisions(statistics, temperature, classes)
    measured = bool(len(on.labels))
    told = partial(reliability, on.labels, on.logits, groups=[groups[index] for index in on.indices.tolist()])
    before, after = (told(), told(temperature)) if measured else (None, None)
    return {
        "temperature": temperature,
        "part": on.part.value,
        "images": len(on.labels),
        "fitted_on": len(calibrating.labels),
        "fitted_part": calibrating.part.value,
        **_errors("ece_before", before),
        **_errors("ece_after", after),
        "prediction_sets": (
            coverage_to_json(coverage(sets, on.labels, on.logits, DEFAULT_LEVEL, classes)) if measured else None
        ),
        "decisions": None if decided is None else decisions_document(decided),
        "novelty_threshold": None if ood is None else statistics.threshold,
        "unlike": None if ood is None else float((ood > statistics.threshold).mean()),
        "reference_bytes": statistics.size_in_bytes,
        "notes": list(calibrated.notes),
    }


def _errors(name: str, measured: Reliability | None) -> dict[str, Any]:
    """An expected calibration error and its interval."""
    interval = None if measured is None else interval_to_json(measured.interval)
    return {name: None if measured is None else measured.expected_error, f"{name}_interval": interval}


def fitted_temperature(calibrating: PartOutputs) -> tuple[float, list[str]]:
    """The temperature of outputs that the model did not learn from; 1 where they tell none, and why."""
    count, part = len(calibrating.labels), calibrating.part.value
    if count < MINIMUM:
        return 1.0, [
            f"The probabilities are not calibrated: it takes {MINIMUM} {part} images, there are {count}."
            + _more_images(calibrating.part)
        ]
    if (calibrating.logits.argmax(axis=1) == calibrating.labels).all():
        # The likelihood grows without end as T falls to 0: that would make the model sure of everything.
        return 1.0, [f"The probabilities are not calibrated: the model is right on every {part} image."]
    return fit_temperature(calibrating.labels, calibrating.logits), []


def _more_images(part: Part) -> str:
    """What to do about too few images."""
    if part is Part.CALIBRATION:
        return " Add images, or set data.calibration to 0: then the validation images calibrate as well."
    return " Add images."


def _rare_classes(statistics: CalibrationStatistics, part: Part, classes: ClassSet) -> list[str]:
    sets, notes = sets_of(statistics, 1.0, classes), []
    always = sets.never_excluded(DEFAULT_LEVEL)
    by_group = [code for code in sets.rare if code not in always]
    needed, level = images_needed(DEFAULT_LEVEL), f"{100 * DEFAULT_LEVEL:.0f} %"
    if by_group:
        notes.append(
            f"{_counted(by_group, sets, classes)} can be excluded with their group alone: with fewer than {needed} "
            f"{part.value} images not by themselves."
        )
    if always:
        notes.append(
            f"Prediction sets at {level} always hold {_counted(always, sets, classes)}: with fewer than {needed} "
            f"{part.value} images a class can not be excluded."
        )
    return notes


def _counted(codes: Sequence[int], sets: PredictionSets, classes: ClassSet) -> str:
    return ", ".join(f"{classes.codes[code]} ({sets.images[code]})" for code in codes)
