"""Scores of predictions against labels. Every score grows when better; what is undefined is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.errors import SkinKDError
from core.evaluation.scores import ClassScore, Scores


def score(labels: NDArray[np.int64], logits: NDArray[np.floating[Any]], classes: ClassSet) -> Scores:
    """The scores of logits (n, classes) for labels (n,), both in the order of `classes`; ties go to the first class.

    Per class, from true positives TP, false positives FP and false negatives FN:
    precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN), support = TP + FN.
    A class without samples has no recall and no F1; one that is never predicted has no precision.
    `weighted_f1` weighs F1 by support (paper, section 5.3); `macro_f1` and `balanced_accuracy` (the mean recall) are
    plain means over the classes that have samples, as sklearn's `balanced_accuracy_score` does.

    Raises `SkinKDError` without images, or when a logit is not a finite number; ValueError for another shape.
    """
    labels, logits = np.asarray(labels), np.asarray(logits)
    if logits.shape != (len(labels), len(classes)):
        raise ValueError(f"logits of shape ({len(labels)}, {len(classes)}) expected, not {logits.shape}")
    check_logits(labels, logits)
    return scores_from_confusion(confusion_counts(labels, logits.argmax(axis=1), len(classes)), classes)


def check_logits(labels: NDArray[np.int64], logits: NDArray[np.floating[Any]]) -> None:
    """Raise `SkinKDError` for logits (n, classes) and labels (n,) that have no scores: none, or not finite."""
    if not len(labels):
        raise SkinKDError("Nothing to score", "There is no image to compute scores from. Choose a set with images.")
    if not np.isfinite(logits).all():
        bad = int((~np.isfinite(logits)).any(axis=1).sum())
        raise SkinKDError(
            "The model gives no numbers",
            f"For {bad} of {len(labels)} images the model's output is not a finite number, so there is no score. "
            "Train it again with a lower learning rate or with 32-bit precision.",
        )


def confusion_counts(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): row = truth, column = prediction, from labels and predicted classes (n,)."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def scores_from_confusion(confusion: NDArray[np.int64], classes: ClassSet) -> Scores:
    """The scores of a confusion matrix (classes, classes), rows = truth, with at least one image; as for `score`."""
    support = confusion.sum(axis=1)
    found = score_arrays(np.stack([confusion.diagonal(), support, confusion.sum(axis=0)]))
    return Scores(
        classes=classes.codes,
        **{name: float(getattr(found, name)) for name in _MEANS},
        per_class=tuple(
            ClassScore(
                code, _defined(found.precision[k]), _defined(found.recall[k]), _defined(found.f1[k]), int(support[k])
            )
            for k, code in enumerate(classes.codes)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


@dataclass(frozen=True)
class ScoreArrays:
    """Scores of many counts (..., 3, classes), NaN where undefined; `precision`, `recall`, `f1` are (..., classes)."""

    accuracy: NDArray[np.float64]
    weighted_f1: NDArray[np.float64]
    macro_f1: NDArray[np.float64]
    balanced_accuracy: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


def score_arrays(counts: NDArray[np.number[Any]]) -> ScoreArrays:
    """The scores, as for `score`, of counts (..., 3, classes) of images by class: right, labelled so, predicted so."""
    right, support, predicted = (counts[..., kind, :] for kind in range(3))
    seen, blank = support > 0, np.full(right.shape, np.nan)
    f1 = np.divide(2 * right, support + predicted, out=blank.copy(), where=seen)
    recall = np.divide(right, support, out=blank.copy(), where=seen)
    images, classes = support.sum(axis=-1), seen.sum(axis=-1)
    return ScoreArrays(
        accuracy=right.sum(axis=-1) / images,
        weighted_f1=np.where(seen, f1 * support, 0).sum(axis=-1) / images,
        macro_f1=np.where(seen, f1, 0).sum(axis=-1) / classes,
        balanced_accuracy=np.where(seen, recall, 0).sum(axis=-1) / classes,
        precision=np.divide(right, predicted, out=blank, where=predicted > 0),
        recall=recall,
        f1=f1,
    )


def scores_to_json(scores: Scores) -> dict[str, Any]:
    """The scores with the names of the JSON output: fractions, `per_class` by code, None where undefined."""
    return {
        "accuracy": scores.accuracy,
        "weighted_f1": scores.weighted_f1,
        "macro_f1": scores.macro_f1,
        "balanced_accuracy": scores.balanced_accuracy,
        "per_class": {
            item.code: {"precision": item.precision, "recall": item.recall, "f1": item.f1, "support": item.support}
            for item in scores.per_class
        },
        "classes": list(scores.classes),
        "confusion": [list(row) for row in scores.confusion],
    }


def scores_from_json(values: Mapping[str, Any]) -> Scores:
    """What `scores_to_json` wrote. Raises KeyError, TypeError or ValueError, naming the value, for anything else."""
    codes = values["classes"]
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes) or len(set(codes)) < len(codes):
        raise ValueError("classes are not a list of different codes")
    rows = values["per_class"]
    if list(rows) != codes:
        raise ValueError(f"per_class must hold {', '.join(codes[:20])}, in this order")
    return Scores(
        classes=tuple(codes),
        **{name: _fraction(values[name], name) for name in _MEANS},
        per_class=tuple(_class_score(code, row) for code, row in rows.items()),
        confusion=_confusion(values["confusion"], len(codes)),
    )


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


_MEANS = ("accuracy", "weighted_f1", "macro_f1", "balanced_accuracy")


def _class_score(code: str, row: Mapping[str, Any]) -> ClassScore:
    found = {
        name: None if row[name] is None else _fraction(row[name], f"{name} of {code}")
        for name in ("precision", "recall", "f1")
    }
    return ClassScore(code, **found, support=_count(row["support"], f"support of {code}"))


def _confusion(rows: Any, classes: int) -> tuple[tuple[int, ...], ...]:
    if not isinstance(rows, list) or [len(row) for row in rows] != [classes] * classes:
        raise ValueError(f"confusion is not a table of {classes} rows of {classes} counts")
    return tuple(tuple(_count(count, "confusion") for count in row) for row in rows)


def _count(value: Any, name: str) -> int:
    if type(value) is not int or not 0 <= value <= 10**9:
        raise ValueError(f"{name}: expected a count from 0 up; it is {str(value)[:40]}")
    return value


def _fraction(value: Any, name: str) -> float:
    # Sums of fractions may come out a little above 1; NaN is in no range.
    if type(value) not in (int, float) or not -1e-9 <= value <= 1 + 1e-9:
        raise ValueError(f"{name}: expected a fraction from 0 to 1; it is {str(value)[:40]}")
    return float(value)
