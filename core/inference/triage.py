"""Triage: which images a person looks at first, and those above a threshold on the melanoma probability."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from core.inference.results import Classification
from core.inference.trust import Verdict


@dataclass(frozen=True)
class MelanomaThreshold:
    """An operating point in use: refer every image whose melanoma probability is at least `value` (0..1).

    `sensitivity` (0..1] is the share of melanomas that it was to find among the images it was chosen on; None where it
    was given as a number.
    """

    value: float
    sensitivity: float | None = None


class Urgency(IntEnum):
    """Who is seen first; smaller is more urgent."""

    SUSPECT = 0
    UNCLEAR = 1
    NOT_ASSESSED = 2
    REST = 3


def is_flagged(result: Classification | None, threshold: MelanomaThreshold | None) -> bool | None:
    """Whether an image reaches the threshold. None without a threshold, a result or a class of melanomas, and for an
    image that is out of distribution: its probabilities mean nothing."""
    if threshold is None or result is None or result.probabilities is None or result.classes.melanoma is None:
        return None
    if result.assessment is not None and result.assessment.verdict is Verdict.OUT_OF_DISTRIBUTION:
        return None
    return result.probabilities[result.classes.melanoma] >= threshold.value


def urgency(result: Classification, threshold: MelanomaThreshold | None = None) -> Urgency:
    """How soon a person should look at an image.

    First what reaches the threshold or has a serious diagnosis (malignant or precancerous), then what can not be told
    from one, then what the model can not assess, a file that it could not read included, then the rest.
    """
    assessment = result.assessment
    if result.code is None or assessment is None or assessment.verdict is Verdict.OUT_OF_DISTRIBUTION:
        return Urgency.NOT_ASSESSED
    group_of = result.classes.group_of
    if is_flagged(result, threshold) or group_of(result.code).serious:
        return Urgency.SUSPECT
    if any(group_of(code).serious for code in assessment.prediction_set):
        return Urgency.UNCLEAR
    return Urgency.NOT_ASSESSED if assessment.verdict is Verdict.UNKNOWN else Urgency.REST


def triage_key(result: Classification, threshold: MelanomaThreshold | None = None) -> tuple[float, float]:
    """What a triage list is sorted by, the most urgent first: urgency, then the probability of the malignant classes
    together, the highest first."""
    serious = result.malignant
    return float(urgency(result, threshold)), 0.0 if serious is None else -serious
