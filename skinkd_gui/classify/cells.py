"""The columns of the table of images: what stands in each cell, and what it is sorted by. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.data.types import Part
from core.inference.results import Classification
from core.inference.review import NO_REVIEW, Opinion, Review, opinion_of
from core.inference.triage import MelanomaThreshold, is_flagged, triage_key
from core.quantities import NONE, probability
from core.visible_text import visible
from skinkd_gui.classify.kinds import VERDICTS, WAITING, Kind, agreement, decision_text, verdict_kind, verdict_text

(
    IMAGE,
    DECISION,
    VERDICT,
    DIAGNOSIS,
    REVIEW,
    FLAG,
    TRUTH,
    SECOND_DIAGNOSIS,
    AGREEMENT,
    PROBABILITY,
    MALIGNANT,
    SECOND_PROBABILITY,
    SECOND_VERDICT,
) = range(13)
COLUMNS = 13

_CONTENT = (
    ("Image", "The file's name"),
    ("Decision", "Malignant, benign or unclear. Sorted by it, the most urgent images come first"),
    ("Diagnosis sure?", "Whether the diagnosis can be relied on"),
    ("Diagnosis", "The class with the highest probability"),
    ("Your review", "Whether you have reviewed the image, and whether you agree with the model"),
    ("Flag", "Whether the melanoma probability reaches the threshold in use"),
    ("Truth", "The diagnosis that the folder's own labels give"),
    ("Second model", "What the model compared says"),
    ("Agree?", "Whether both models name the same diagnosis"),
    ("Probability", "The model's calibrated probability for its diagnosis"),
    ("Malignant", "The probabilities of the malignant classes together"),
    ("Second: probability", "The calibrated probability of the model compared for its diagnosis"),
    ("Second: trust it?", "Whether the answer of the model compared can be relied on"),
)
TITLES = tuple(title for title, _ in _CONTENT)
TIPS = tuple(tip for _, tip in _CONTENT)
RIGHT_ALIGNED = frozenset({PROBABILITY, MALIGNANT, SECOND_PROBABILITY})
OF_SECOND = (SECOND_VERDICT, SECOND_DIAGNOSIS, SECOND_PROBABILITY, AGREEMENT)
"""The columns that only a second model fills."""

_SECOND_AS = {SECOND_VERDICT: VERDICT, SECOND_DIAGNOSIS: DIAGNOSIS, SECOND_PROBABILITY: PROBABILITY}
_RANK = {kind: rank for rank, kind in enumerate(VERDICTS)}
_FLAGS = {None: "", True: "Flagged", False: "below"}
_OPINIONS = {Opinion.NOT_REVIEWED: 0.0, Opinion.REVIEWED: 1.0, Opinion.AGREED: 2.0, Opinion.OVERRULED: 3.0}
_PARTS = {
    Part.TRAIN: "An image of this name was part of this model's training.",
    Part.VALIDATION: "An image of this name was used to choose this model.",
    Part.CALIBRATION: "An image of this name was used to calibrate this model.",
    Part.TEST: "An image of this name is in the test part of this model's data.",
}


@dataclass(frozen=True, slots=True)
class RowFacts:
    """Everything known of one image."""

    path: Path
    first: Classification | None
    second: Classification | None
    truth: str
    part: Part | None
    truth_name: str = ""
    review: Review = NO_REVIEW
    threshold: MelanomaThreshold | None = None


def cell_text(row: RowFacts, column: int) -> str:
    """What stands in a cell."""
    if column == IMAGE:
        return visible(row.path.name)
    if column == TRUTH:
        return row.truth_name if row.truth else NONE
    if column == DECISION:
        return decision_text(row.first)
    if column == REVIEW:
        return review_text(row.review, row.first)
    if column == FLAG:
        return _FLAGS[is_flagged(row.first, row.threshold)]
    if column == AGREEMENT:
        same = agreement(row.first, row.second)
        return "" if same is None else "yes" if same else "no"
    if column in _SECOND_AS:
        return _result_text(row.second, _SECOND_AS[column])
    return _result_text(row.first, column)


def cell_tip(row: RowFacts, column: int) -> str:
    """What the mouse over a cell tells: everything that may be cut off in it, and more."""
    if column == IMAGE:
        known = _PARTS.get(row.part, "") if row.part else ""
        return f"{visible(str(row.path))}\n{known}".strip()
    if column == REVIEW:
        return f"{cell_text(row, column)}\n{row.review.note}".strip()
    if column == DECISION and row.first is not None and row.first.decision is not None:
        return f"{row.first.decision.title}. {row.first.decision.sentence}"
    if column in (VERDICT, SECOND_VERDICT):
        result = row.first if column == VERDICT else row.second
        if result is not None and result.assessment is not None:
            return result.assessment.sentence
    return cell_text(row, column)


def cell_colour(row: RowFacts, column: int) -> str:
    """The name of a cell's colour among `Colours`, nothing for the usual one."""
    if column in (IMAGE, TRUTH):
        return ""
    if column == REVIEW:
        return "warning" if opinion_of(row.review, row.first) is Opinion.OVERRULED else ""
    if column == FLAG:
        return "error" if is_flagged(row.first, row.threshold) else "muted"
    if column == AGREEMENT:
        return "warning" if agreement(row.first, row.second) is False else "muted"
    result = row.second if column in _SECOND_AS else row.first
    if result is None:
        return "muted"
    if result.error and _SECOND_AS.get(column, column) in (DECISION, VERDICT, DIAGNOSIS):
        return "error"
    # What a model says of an image that it can not know means nothing, however sure it looks.
    unlike = verdict_kind(result) is Kind.OUT_OF_DISTRIBUTION
    return "muted" if unlike and column not in (DECISION, VERDICT, SECOND_VERDICT) else ""


def sort_value(row: RowFacts, column: int) -> tuple[str | float, ...] | None:
    """What a column is sorted by; None for what comes last in any order."""
    if column == IMAGE:
        return (row.path.name.casefold(), str(row.path))
    if column == TRUTH:
        return (row.truth_name,) if row.truth else None
    if column == REVIEW:
        return (_OPINIONS[opinion_of(row.review, row.first)], row.review.name)
    if column == AGREEMENT:
        same = agreement(row.first, row.second)
        return None if same is None else (float(same),)
    if column == FLAG:
        flagged = is_flagged(row.first, row.threshold)
        return None if flagged is None or row.first is None else (float(not flagged), *triage_key(row.first))
    if column == DECISION:  # also those that the model could not assess or read
        return None if row.first is None else triage_key(row.first, row.threshold)
    result = row.second if column in _SECOND_AS else row.first
    column = _SECOND_AS.get(column, column)
    if result is None or result.code is None or result.probability is None:
        return None
    if column == VERDICT:
        return (float(_RANK[verdict_kind(result)]), -result.probability)
    if column == DIAGNOSIS:
        return (result.name, result.probability)
    value = result.probability if column == PROBABILITY else result.malignant
    return None if value is None else (value,)


def _result_text(result: Classification | None, column: int) -> str:
    if column == VERDICT:
        return verdict_text(result)
    if result is None:
        return WAITING if column == DIAGNOSIS else ""
    if column == DIAGNOSIS:
        text = result.name if result.code else result.error
        return f"{text}\n{result.note}" if result.note else text
    return probability(result.probability if column == PROBABILITY else result.malignant)


def review_text(review: Review, result: Classification | None) -> str:
    """How the reader stands to the first model's result, in a cell's few words."""
    opinion = opinion_of(review, result)
    if opinion is Opinion.OVERRULED:
        return f"Overruled: {visible(review.name)}"
    if opinion is Opinion.REVIEWED and review.name:
        return f"Reviewed: {visible(review.name)}"
    if opinion is Opinion.NOT_REVIEWED:
        return "Note" if review.note else ""
    return str(opinion).capitalize()
