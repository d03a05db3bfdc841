"""How a calibration on images of one's own clinic does on lesions that it was not made from: halves, and the measure of
each with what the other made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.errors import SkinKDError
from core.evaluation.calibration import reliability
from core.evaluation.class_groups import BENIGN, MALIGNANT, NO_GROUP
from core.evaluation.decisions import Decision, GroupDecisions, one_for_each_lesion
from core.evaluation.prediction_sets import sets_at
from core.evaluation.proportions import Proportion, proportion
from core.evaluation.selective import GivenDiagnoses
from core.inference.from_statistics import lesions_of, sets_of
from core.inference.local_calibration import DecisionMeasure, LocalMeasure
from core.inference.local_pictures import PictureDescriptors
from core.inference.out_of_distribution import MINIMUM
from core.inference.trust import DEFAULT_LEVEL
from core.models.calibration_statistics import CalibrationStatistics

_FEWEST_IN_HALF = 0.3


@dataclass(frozen=True, eq=False)
class ClinicOutputs:
    """Of the n usable images: labels, lesions and groups (patients, near-copies) (n,), logits (n, classes),
    out-of-distribution scores (n,), and what the pictures look like."""

    labels: NDArray[np.int64]
    lesions: NDArray[np.int64]
    groups: NDArray[np.int64]
    logits: NDArray[np.float32]
    scores: NDArray[np.float32]
    pictures: PictureDescriptors


@dataclass(frozen=True, eq=False)
class FittedCalibration:
    """A temperature and the statistics that go with it."""

    temperature: float
    statistics: CalibrationStatistics


def halves(labels: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The half, 0 or 1, of each image (n,): whole groups (n,), every class of `labels` (n,) as evenly as they allow.

    The same images give the same halves. Raises `SkinKDError` where one half would have too few images.
    """
    found = np.zeros(len(labels), np.int64)
    counts = np.zeros((2, int(labels.max(initial=0)) + 1))
    names, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(0).permutation(len(names))
    for index in sorted(order, key=lambda each: -sizes[each]):
        rows = np.flatnonzero(groups == names[index])
        added = np.bincount(labels[rows], minlength=counts.shape[1])
        # To the side that has fewer images of its classes; where they are equal, to the smaller one.
        lacking = [(float((counts[side] * added).sum()), float(counts[side].sum())) for side in (0, 1)]
        side = 0 if lacking[0] <= lacking[1] else 1
        found[rows] = side
        counts[side] += added
    smaller = int(np.bincount(found, minlength=2).min())
    if smaller < max(MINIMUM, _FEWEST_IN_HALF * len(labels)):
        raise SkinKDError(
            "The lesions can not be divided in halves",
            f"One half calibrates and the other measures, with the images of a patient on one side; of {len(labels):,} "
            f"images only {smaller:,} are not tied to the others by patient, lesion or near-copy. Add images of other "
            "patients.",
        )
    return found


def lesion_rows(outputs: ClinicOutputs, half: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """One picture of each lesion on one side of `half` (n,), as rows (l,) of the outputs."""
    rows = np.flatnonzero(half == side)
    return rows[one_for_each_lesion(outputs.lesions[rows], outputs.labels[rows])]


def measured_decisions(
    fitted: FittedCalibration,
    stored: FittedCalibration,
    outputs: ClinicOutputs,
    half: NDArray[np.int64],
    classes: ClassSet,
) -> DecisionMeasure | None:
    """The thresholds of `fitted` on the lesions that certify those of `stored`, on side 1 of `half` (n,); None where
    there are none."""
    if fitted.statistics.lesions is None:
        return None
    calibration, _ = lesions_of(fitted.statistics, fitted.temperature)
    _, tested = lesions_of(stored.statistics, fitted.temperature)
    decisions = GroupDecisions(classes, calibration, tested)
    if not decisions.has_groups:
        return None
    given = GivenDiagnoses(classes, calibration, tested, DEFAULT_LEVEL, decisions).gives(tested.probabilities)
    wrong = tested.probabilities.argmax(axis=1) != tested.labels
    truth, made = decisions.groups[tested.labels], np.array([each or "" for each in decisions.tested])
    groups = [str(outputs.groups[row]) for row in lesion_rows(outputs, half, 1)]
    benign, malignant = made == Decision.BENIGN, made == Decision.MALIGNANT
    return DecisionMeasure(
        malignant_called_benign=_of(benign, truth == MALIGNANT, groups),
        benign_called_malignant=_of(malignant, truth == BENIGN, groups),
        decided=_of(benign | malignant, truth != NO_GROUP, groups),
        diagnosed=proportion(given, groups),
        wrong=_of(wrong, given, groups),
    )


def measured(
    fitted: Sequence[FittedCalibration], outputs: ClinicOutputs, half: NDArray[np.int64], classes: ClassSet
) -> LocalMeasure:
    """Each side (0 and 1) of `half` (n,) with what was `fitted` for it; nothing of decisions."""
    labels, groups = outputs.labels, [str(group) for group in outputs.groups.tolist()]
    scaled, holds = np.zeros(outputs.logits.shape), np.zeros(outputs.logits.shape, bool)
    unlike = np.zeros(len(labels), bool)
    for side, with_it in enumerate(fitted):
        rows, statistics = half == side, with_it.statistics
        sets = sets_of(statistics, with_it.temperature, classes)
        scaled[rows] = outputs.logits[rows] / with_it.temperature
        holds[rows] = sets_at(sets.p_values(outputs.logits[rows]), DEFAULT_LEVEL)
        unlike[rows] = outputs.scores[rows] > statistics.threshold
    told = reliability(labels, scaled, groups=groups)
    covered, single = holds[np.arange(len(labels)), labels], (holds.sum(axis=1) == 1) & ~unlike
    least = min(np.unique(labels).tolist(), key=lambda code: float(covered[labels == code].mean()))
    return LocalMeasure(
        level=DEFAULT_LEVEL,
        error=told.expected_error,
        error_interval=told.interval,
        covered=proportion(covered, groups),
        least=classes.codes[least],
        least_covered=_of(covered, labels == least, groups),
        mean_size=float(holds.sum(axis=1).mean()),
        single=proportion(single, groups),
        single_right=_of(covered, single, groups),
        out_of_distribution=proportion(unlike, groups),
    )


def _of(flags: NDArray[np.bool_], among: NDArray[np.bool_], groups: Sequence[str]) -> Proportion:
    return proportion(flags[among], [group for group, inside in zip(groups, among, strict=True) if inside])
