"""Calibrate a model on labelled images of one's own clinic, and measure it on images that it was not calibrated on.

Temperature, prediction sets and the threshold of the out-of-distribution score are fitted on the clinic's images; the
network and what it knows of its training images stay. A class with too few of the clinic's images to be excluded at
all keeps the model's own calibration images besides: sets are calibrated class by class, so the others' promises do not
rest on them. For the measure the lesions are divided in halves, by class, with
all images of a patient (and near-copies) on one side; each half is measured with what the other made (two-fold
cross-fitting), so no image is measured with a calibration that it took part in. What is stored is made from both.

The thresholds of malignant and benign are stored with the lesions that certify them, so they are made from one half
alone, and the other certifies and measures them, one picture a lesion. (The temperature, one number, is of both.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.data.checking import check_images, excluded_names
from core.data.choices import NO_CHOICES, Choices
from core.data.groups import group_numbers
from core.data.reading import read_dataset
from core.data.types import DataSet, GroupBy
from core.digests import file_digest
from core.errors import SkinKDError
from core.evaluation.calibration import fit_temperature
from core.evaluation.decisions import (
    GroupDecisions,
)
from core.evaluation.prediction_sets import images_needed
from core.events import CancelToken, Emit, Phase, ignore
from core.inference.classifier import Classifier
from core.inference.decisions import certificate_sentence
from core.inference.from_statistics import lesions_of
from core.inference.local_calibration import LocalCalibration, new_local
from core.inference.local_measuring import (
    ClinicOutputs,
    FittedCalibration,
    halves,
    lesion_rows,
    measured,
    measured_decisions,
)
from core.inference.local_pictures import PictureDescriptors, decoded_batches, described
from core.inference.out_of_distribution import (
    RESPECTS,
    Descriptors,
    out_of_distribution_scores,
    threshold_of,
)
from core.inference.trust import DEFAULT_LEVEL
from core.models.calibration_statistics import CalibrationStatistics

FEWEST_LESIONS = 100
"""With fewer lesions a clinic's own calibration would be worse than the model's."""

_FARTHER = 1.5
_TIED: tuple[GroupBy, GroupBy] = ("patient", "lesion")


def calibrate_locally(
    source: Path,
    data: Path,
    *,
    choices: Choices = NO_CHOICES,
    device: str = "auto",
    remarks: Callable[[DataSet], tuple[str, ...]] = lambda _: (),
    emit: Emit = ignore,
    token: CancelToken | None = None,
) -> LocalCalibration:
    """The calibration of the model of a run folder or model file on the labelled images of `data`; writes nothing.
    `remarks` are what else must be noted of the images that are used.

    Raises `SkinKDError` for fewer than `FEWEST_LESIONS` lesions, lesions that can not be divided in halves because too
    many are of one patient, and a model that was never calibrated; `Cancelled`.
    """
    token = token or CancelToken()
    classifier = Classifier.load(source, device, emit, token, local=False)
    base = _checked(classifier)
    dataset = check_images(read_dataset(data, classifier.info.classes, choices), emit=emit, token=token)
    left_out = excluded_names(dataset.problems) | {record.name for record in dataset.records if record.path is None}
    usable = dataset.without(left_out)
    _count_lesions(usable, len(left_out))
    outputs, usable = _infer(classifier, base, usable, emit, token)
    lesions = _count_lesions(usable, len(dataset.records) - len(usable.records))
    half = halves(outputs.labels, outputs.groups)
    own = FittedCalibration(classifier.info.temperature, base)
    stored = _with_lesions(_fit(base, outputs, np.arange(len(outputs.labels)), own), outputs, half)
    fitted = [_fit(base, outputs, np.flatnonzero(half != side), own) for side in (0, 1)]
    classes = classifier.info.classes
    codes = classes.codes
    return new_local(
        model=file_digest(classifier.source),
        data=data_digest(usable),
        images=len(outputs.labels),
        lesions=lesions,
        positions=classifier.info.positions,
        temperature=stored.temperature,
        own_temperature=own.temperature,
        statistics=stored.statistics,
        before=replace(
            measured([own, own], outputs, half, classes),
            decisions=measured_decisions(own, stored, outputs, half, classes),
        ),
        after=replace(
            measured(fitted, outputs, half, classes),
            decisions=measured_decisions(stored, stored, outputs, half, classes),
        ),
        counts=usable.counts,
        appearance=outputs.pictures.appearance,
        features=outputs.pictures.features,
        notes=(
            *remarks(usable),
            *_certified(stored, classes),
            *_notes(outputs.labels, stored.statistics, base, codes, len(left_out)),
        ),
    )


def data_digest(dataset: DataSet) -> str:
    """SHA-256, in hex, of the contents of a data set's images with their labels: the same wherever they lie and
    whatever they are called. Raises OSError."""
    codes = dataset.classes.codes
    lines = sorted(f"{file_digest(record.path)} {codes[record.label]}" for record in dataset.records if record.path)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _checked(classifier: Classifier) -> CalibrationStatistics:
    """The model's own statistics. Raises `SkinKDError` where nothing can be told from them."""
    statistics = classifier.decision_rule.statistics
    if statistics is None or statistics.measure not in RESPECTS or not np.isfinite(statistics.threshold):
        raise _without_verdicts(classifier.source)
    return statistics


def _without_verdicts(file: Path) -> SkinKDError:
    return SkinKDError(
        "The model gives no verdicts",
        f"{file.name} does not hold, or does not show, what tells whether a picture is like its training images, or "
        "not in a form that this version knows. If you have the run, 'skinkd-cli calibrate RUN' adds it.",
    )


def _count_lesions(usable: DataSet, left_out: int) -> int:
    """How many lesions there are. Raises `SkinKDError` for too few."""
    lesions = len(np.unique(group_numbers(usable, "lesion")))
    if lesions >= FEWEST_LESIONS:
        return lesions
    gone = f" {left_out:,} more images can not be used ('skinkd-cli inspect' names them)." if left_out else ""
    raise SkinKDError(
        "There are too few lesions to calibrate on",
        f"It takes {FEWEST_LESIONS} lesions with a label; {usable.root} has {lesions:,} ({len(usable.records):,} "
        f"images).{gone} Add labelled lesions. The model keeps its own calibration.",
    )


def _infer(
    classifier: Classifier, base: CalibrationStatistics, usable: DataSet, emit: Emit, token: CancelToken
) -> tuple[ClinicOutputs, DataSet]:
    """Everything that the network and the score say of the images; an image without usable numbers is left out."""
    paths = [record.path for record in usable.records if record.path is not None]
    size = classifier.info.preprocessing.image_size
    usable_rows, logits, scores, pictures = [], [], [], []
    for rows, pixels in decoded_batches(paths, size, Phase.CALIBRATING, emit, token):
        answers, features = classifier.outputs(pixels)
        good = np.asarray(np.isfinite(answers).all(axis=1))
        if features is not None:
            good &= np.asarray(np.isfinite(features).all(axis=1))
        elif len(base.feature_directions):
            raise _without_verdicts(classifier.source)
        if not good.any():
            continue
        part = described([pixels[good]], base.measure)
        usable_rows += [row for row, finite in zip(rows, good.tolist(), strict=True) if finite]
        logits.append(answers[good])
        scores.append(
            out_of_distribution_scores(base, Descriptors(None if features is None else features[good], part.appearance))
        )
        pictures.append(part)
    if not pictures:
        raise _without_verdicts(classifier.source)
    names = {usable.records[row].name for row in usable_rows}
    groups, lesions = (group_numbers(usable, by)[usable_rows] for by in _TIED)
    left = usable.without({record.name for record in usable.records if record.name not in names})
    joined = PictureDescriptors(
        np.concatenate([part.appearance for part in pictures]),
        {title: np.concatenate([part.features[title] for part in pictures]) for title in pictures[0].features},
    )
    return ClinicOutputs(left.labels, lesions, groups, np.concatenate(logits), np.concatenate(scores), joined), left


def _fit(
    base: CalibrationStatistics, outputs: ClinicOutputs, rows: NDArray[np.int64], own: FittedCalibration
) -> FittedCalibration:
    """What the images at `rows` make of the model's own calibration."""
    labels, logits, scores = outputs.labels[rows], outputs.logits[rows], outputs.scores[rows]
    # The likelihood of a model that is right on every image grows without end as T falls to 0.
    right = bool((logits.argmax(axis=1) == labels).all())
    temperature = own.temperature if right else fit_temperature(labels, logits)
    added = np.isin(base.validation_labels, rare_classes(labels, logits.shape[1]))
    statistics = replace(
        base,
        validation_logits=np.concatenate([logits, base.validation_logits[added]]),
        validation_labels=np.concatenate([labels.astype(np.uint8), base.validation_labels[added]]),
        validation_scores=np.concatenate([scores, base.validation_scores[added]]),
        threshold=threshold_of(scores),
        lesions=None,
        tested_logits=None,
        tested_labels=None,
    )
    return FittedCalibration(temperature, statistics)


def _with_lesions(fitted: FittedCalibration, outputs: ClinicOutputs, half: NDArray[np.int64]) -> FittedCalibration:
    """With what decisions rest on: lesions of half 0, and those of half 1 to certify them."""
    tested = lesion_rows(outputs, half, 1)
    statistics = replace(
        fitted.statistics,
        lesions=lesion_rows(outputs, half, 0).astype(np.int32),
        tested_logits=outputs.logits[tested],
        tested_labels=outputs.labels[tested].astype(np.uint8),
    )
    return FittedCalibration(fitted.temperature, statistics)


def rare_classes(labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """The classes, of so many, with too few of the images of these labels (n,) to be excluded at the level."""
    return np.flatnonzero(np.bincount(labels, minlength=classes) < images_needed(DEFAULT_LEVEL))


def _certified(stored: FittedCalibration, classes: ClassSet) -> tuple[str, ...]:
    """What the certifying lesions say of both decisions."""
    decisions = GroupDecisions(classes, *lesions_of(stored.statistics, stored.temperature))
    if not decisions.has_groups:
        return ()
    return tuple(certificate_sentence(each, classes) for each in decisions.certificates.values())


def _notes(
    labels: NDArray[np.int64],
    statistics: CalibrationStatistics,
    base: CalibrationStatistics,
    codes: Sequence[str],
    left_out: int,
) -> tuple[str, ...]:
    notes = []
    needed, level = images_needed(DEFAULT_LEVEL), f"{100 * DEFAULT_LEVEL:.0f} %"
    own, counts = (np.bincount(each, minlength=len(codes)) for each in (labels, statistics.validation_labels))
    rare = rare_classes(labels, len(codes)).tolist()
    borrowed = [f"{codes[code]} ({own[code]})" for code in rare if counts[code] >= needed]
    never = [f"{codes[code]} ({counts[code]})" for code in rare if counts[code] < needed]
    if borrowed:
        notes.append(
            f"You have fewer than {needed} images of {', '.join(borrowed)}: whether these can be excluded at {level} "
            "rests on the model's own calibration images besides, and is not promised for your clinic."
        )
    if never:
        notes.append(
            f"There are fewer than {needed} calibration images of {', '.join(never)}: at {level} these stay in a set, "
            "or go, with their group."
        )
    if statistics.threshold > _FARTHER * base.threshold:
        notes.append(
            "Your pictures are farther from the training images than the model's own: the threshold for unlike "
            f"pictures is {statistics.threshold / base.threshold:.1f} times what it was, so pictures of no lesion are "
            "found less often. Look for such pictures among your data."
        )
    if left_out:
        notes.append(f"{left_out:,} images could not be used and are left out ('skinkd-cli inspect' names them).")
    return tuple(notes)
