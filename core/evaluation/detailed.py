"""All scores of one evaluation, with those that need more than the predicted class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.evaluation.intervals import bootstrap_scores, intervals_to_json
from core.evaluation.metrics import score, scores_to_json
from core.evaluation.roc import area, one_against_rest, roc_curve, sensitivity_at
from core.evaluation.scores import ClassScore, Scores

WANTED_SPECIFICITY = Fraction(9, 10)


@dataclass(frozen=True)
class ClassDetail:
    """One class against the rest; fractions in 0..1, None where undefined.

    `sensitivity` (recall) and F1 need images of the class, `specificity` images of other classes, `auc` (the area
    under the ROC curve of the class's probability) both, and `precision` a prediction.
    """

    code: str
    support: int
    precision: float | None
    sensitivity: float | None
    specificity: float | None
    f1: float | None
    auc: float | None


@dataclass(frozen=True)
class DetailedScores:
    """`scores` with what is known per class; `macro_auc` is the plain mean of the classes that have an AUC.

    `melanoma_sensitivity_at_90_specificity`: the highest share of melanomas found by any threshold on the melanoma
    probability that calls at least 90 % of the other images something else. The threshold is chosen on these very
    images, so the value is a little too good for a threshold fixed beforehand. None too where the classes have no
    melanoma.
    """

    scores: Scores
    per_class: tuple[ClassDetail, ...]
    macro_auc: float | None
    melanoma_sensitivity_at_90_specificity: float | None


def detailed_scores(labels: NDArray[np.int64], logits: NDArray[np.floating[Any]], classes: ClassSet) -> DetailedScores:
    """The scores of logits (n, classes) for labels (n,). Errors as for `score`."""
    scores = score(labels, logits, classes)
    odds = one_against_rest(np.asarray(logits))
    curves = [roc_curve(np.asarray(labels) == k, odds[:, k]) for k in range(len(classes))]
    areas = [area(curve) for curve in curves]
    known = [value for value in areas if value is not None]
    melanoma = classes.melanoma
    return DetailedScores(
        scores,
        tuple(_detail(scores, k, item, areas[k]) for k, item in enumerate(scores.per_class)),
        macro_auc=sum(known) / len(known) if known else None,
        melanoma_sensitivity_at_90_specificity=(
            None if melanoma is None else sensitivity_at(curves[melanoma], WANTED_SPECIFICITY)
        ),
    )


def _detail(scores: Scores, k: int, item: ClassScore, auc: float | None) -> ClassDetail:
    confusion = np.asarray(scores.confusion)
    negatives = int(confusion.sum()) - item.support
    false_alarms = int(confusion[:, k].sum() - confusion[k, k])
    specificity = (negatives - false_alarms) / negatives if negatives else None
    return ClassDetail(item.code, item.support, item.precision, item.recall, specificity, item.f1, auc)


def detailed_to_json(detailed: DetailedScores, classes: ClassSet) -> dict[str, Any]:
    """As `scores_to_json`, which `scores_from_json` reads, with specificity and AUC per class and the rest beside; what
    concerns melanoma only where it is one of `classes`."""
    document = scores_to_json(detailed.scores)
    for item in detailed.per_class:
        document["per_class"][item.code] |= {"specificity": item.specificity, "auc": item.auc}
    document["macro_auc"] = detailed.macro_auc
    if classes.melanoma is not None:
        document["melanoma_sensitivity_at_90_specificity"] = detailed.melanoma_sensitivity_at_90_specificity
    return document


def full_document(
    labels: NDArray[np.int64],
    logits: NDArray[np.floating[Any]],
    classes: ClassSet,
    groups: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Everything known of one evaluation as metrics.json holds it: all scores, and `intervals` (by lesion, `groups`).

    Labels (n,), logits (n, classes), one group per image. Raises as `score` does.
    """
    detailed = detailed_scores(labels, logits, classes)
    intervals = bootstrap_scores(np.asarray(labels), np.asarray(logits).argmax(axis=1), classes, groups)
    return {**detailed_to_json(detailed, classes), "intervals": intervals_to_json(intervals, classes)}
