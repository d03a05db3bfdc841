"""Triage: which images a person looks at first, and those above a threshold on the melanoma probability."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from core.evaluation.decisions import Decision
from core.inference.results import Classification
from core.inference.trust import Verdict
from core.quantities import fraction


@dataclass(frozen=True)
class MelanomaThreshold:
    """An operating point in use: refer every image whose melanoma probability is at least `value` (0..1).

    `sensitivity` (0..1] is the share of melanomas that it was to find among the images it was chosen on; None where it
    was given as a number.
    """

    value: float
    sensitivity: float | None = None


def threshold_words(threshold: MelanomaThreshold) -> str:
    """What a threshold in use does, in words."""
    text = f"Flagged from {fraction(threshold.value)} melanoma probability"
    if threshold.sensitivity is None:
        return text
    return f"{text}, chosen to find {fraction(threshold.sensitivity)} of melanomas"


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


_DECIDED = {
    Decision.MALIGNANT: Urgency.SUSPECT,
    Decision.UNCLEAR: Urgency.UNCLEAR,
    Decision.OUT_OF_DISTRIBUTION: Urgency.NOT_ASSESSED,
    Decision.BENIGN: Urgency.REST,
}


def urgency(result: Classification, threshold: MelanomaThreshold | None = None) -> Urgency:
    """How soon a person should look at an image.

    First what reaches the threshold or is said to be malignant, then what is unclear, then what the model can not
    assess, a file that it could not read included, then the rest. Where no decision is given, a serious diagnosis
    (malignant or precancerous) stands for malignant, and one that can not be excluded for unclear.
    """
    assessment, made = result.assessment, result.decision
    if result.code is None or assessment is None or assessment.verdict is Verdict.OUT_OF_DISTRIBUTION:
        return Urgency.NOT_ASSESSED
    group_of = result.classes.group_of
    likeliest_serious = group_of(result.code).serious
    if is_flagged(result, threshold):
        return Urgency.SUSPECT
    if made is not None and made.decision in _DECIDED:
        # Benign beside a serious diagnosis is a contradiction, which a person should see.
        return Urgency.UNCLEAR if made.decision is Decision.BENIGN and likeliest_serious else _DECIDED[made.decision]
    if likeliest_serious:
        return Urgency.SUSPECT
    if any(group_of(code).serious for code in assessment.prediction_set):
        return Urgency.UNCLEAR
    return Urgency.NOT_ASSESSED if assessment.verdict is Verdict.UNKNOWN else Urgency.REST


def triage_key(result: Classification, threshold: MelanomaThreshold | None = None) -> tuple[float, float]:
    """What a triage list is sorted by, the most urgent first: urgency, then the probability of the malignant classes
    together, the highest first."""
    serious = result.malignant
    return float(urgency(result, threshold)), 0.0 if serious is None else -serious
