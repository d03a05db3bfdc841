"""What kinds of answers there are, to filter and count the images by. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from core.evaluation.decisions import Decision
from core.inference.decisions import NOT_DECIDED
from core.inference.results import Classification
from core.inference.review import Opinion, Review, opinion_of
from core.inference.trust import Verdict

WAITING = "Waiting"
NOT_CLASSIFIED = "Not classified"


class Which(IntEnum):
    """The model that classifies, or the one it is compared with."""

    FIRST = 0
    SECOND = 1


class Kind(IntFlag):
    """The kinds that an image belongs to, each once and several together; none while it waits."""

    REFER = 1
    CONFIDENT = 2
    OUT_OF_DISTRIBUTION = 4
    UNKNOWN = 8
    NOT_CLASSIFIED = 16
    MALIGNANT = 32
    NOTED = 64
    AGREE = 128
    DISAGREE = 256
    RIGHT = 512
    WRONG = 1024
    TRAINED_ON = 2048
    FLAGGED = 4096
    TO_REVIEW = 8192
    REVIEWED = 16384
    AGREED = 32768
    OVERRULED = 65536
    READER_NOTE = 131072
    SAID_MALIGNANT = 262144
    SAID_UNCLEAR = 524288
    SAID_BENIGN = 1048576


VERDICTS = (Kind.CONFIDENT, Kind.REFER, Kind.OUT_OF_DISTRIBUTION, Kind.UNKNOWN, Kind.NOT_CLASSIFIED)
"""Every image with an answer belongs to exactly one of these."""

_OF_VERDICT = {
    Verdict.CONFIDENT: Kind.CONFIDENT,
    Verdict.UNCERTAIN: Kind.REFER,
    Verdict.OUT_OF_DISTRIBUTION: Kind.OUT_OF_DISTRIBUTION,
    Verdict.UNKNOWN: Kind.UNKNOWN,
}

_SHORT = {
    Kind.CONFIDENT: "Confident",
    Kind.REFER: "Uncertain",
    Kind.OUT_OF_DISTRIBUTION: "Unlike known images",
    Kind.UNKNOWN: "Not assessed",
    Kind.NOT_CLASSIFIED: NOT_CLASSIFIED,
}

_COUNTED = {
    Kind.SAID_MALIGNANT: "malignant",
    Kind.SAID_UNCLEAR: "unclear",
    Kind.SAID_BENIGN: "benign",
    Kind.CONFIDENT: "confident",
    Kind.REFER: "uncertain",
    Kind.OUT_OF_DISTRIBUTION: "unlike the images the model knows",
    Kind.UNKNOWN: "not assessed",
    Kind.NOT_CLASSIFIED: "not classified",
}


@dataclass(frozen=True)
class KindFilter:
    """An entry of the filter; `kind` None shows all. `tip` explains it."""

    kind: Kind | None
    text: str
    tip: str


FILTERS = (
    KindFilter(None, "All images", "Every image in the list"),
    KindFilter(Kind.SAID_MALIGNANT, "Malignant", "The model says malignant or precancerous"),
    KindFilter(Kind.SAID_UNCLEAR, "Unclear", "The model can exclude neither malignant nor benign"),
    KindFilter(Kind.SAID_BENIGN, "Benign", "The model says benign"),
    KindFilter(Kind.REFER, "Uncertain", "The model can not exclude all diagnoses but one: a person should look"),
    KindFilter(Kind.CONFIDENT, "Confident", "All diagnoses but one are excluded at the certainty that was asked for"),
    KindFilter(
        Kind.OUT_OF_DISTRIBUTION, "Not like the known images", "Unlike the images that the model was trained on"
    ),
    KindFilter(Kind.UNKNOWN, "Not assessed", "The model file holds nothing to tell from whether to trust the answer"),
    KindFilter(Kind.MALIGNANT, "Malignant diagnosis", "Malignant and precancerous diagnoses"),
    KindFilter(Kind.NOT_CLASSIFIED, "Not classified", "Files that could not be read, with the reason"),
    KindFilter(Kind.FLAGGED, "At or above your threshold", "The melanoma probability reaches the threshold in use"),
    KindFilter(Kind.TO_REVIEW, "To be reviewed", "You have not marked them as reviewed yet"),
    KindFilter(Kind.REVIEWED, "Reviewed", "You have marked them as reviewed"),
    KindFilter(Kind.AGREED, "Agreed", "Your diagnosis is the model's"),
    KindFilter(Kind.OVERRULED, "Overruled", "Your diagnosis is another than the model's"),
    KindFilter(Kind.READER_NOTE, "With your note", "You have written a note on them"),
    KindFilter(Kind.DISAGREE, "Disagreements", "The two models name different diagnoses"),
    KindFilter(Kind.WRONG, "Wrong answers", "The diagnosis is not the one that the folder's labels give"),
    KindFilter(
        Kind.NOTED, "With a note", "Files of which something must be known, such as that only one page was used"
    ),
    KindFilter(Kind.TRAINED_ON, "Images of the training", "The model has seen images of these names in its training"),
)


def verdict_kind(result: Classification) -> Kind:
    """Which of `VERDICTS` a result is."""
    if result.code is None:
        return Kind.NOT_CLASSIFIED
    return Kind.UNKNOWN if result.assessment is None else _OF_VERDICT[result.assessment.verdict]


def verdict_text(result: Classification | None) -> str:
    """The verdict in a cell's few words."""
    return WAITING if result is None else _SHORT[verdict_kind(result)]


def decision_text(result: Classification | None) -> str:
    """The decision in a cell's few words, or that there is none; what the verdict says where the image can not be
    assessed."""
    kind = None if result is None else mark_kind(result)
    made = None if result is None else result.decision
    if made is not None and kind in DECISIONS.values():
        return made.title
    return NOT_DECIDED if kind is Kind.UNKNOWN else verdict_text(result)


def mark_kind(result: Classification) -> Kind:
    """The kind whose mark stands before the decision: `UNKNOWN` where none is given on an image that is like others."""
    made, verdict = result.decision, verdict_kind(result)
    if verdict in (Kind.NOT_CLASSIFIED, Kind.OUT_OF_DISTRIBUTION):
        return verdict
    decided = None if made is None or made.decision is None else DECISIONS.get(made.decision)
    return Kind.UNKNOWN if decided is None else decided


def counted(kind: Kind, count: int) -> str:
    """A number of images of one of `VERDICTS`: '12 uncertain'."""
    return f"{count:,} {_COUNTED[kind]}"


def agreement(first: Classification | None, second: Classification | None) -> bool | None:
    """Whether two models name the same diagnosis; None where one of them has none."""
    if first is None or second is None or first.code is None or second.code is None:
        return None
    return first.code == second.code


def kinds_of(
    first: Classification | None, second: Classification | None, truth: str = "", *, trained_on: bool = False
) -> Kind:
    """All kinds that an image belongs to. Verdict, malignant group and truth go by the first model."""
    kinds = Kind.TRAINED_ON if trained_on else Kind(0)
    if first is None:
        return kinds
    kinds |= verdict_kind(first)
    if first.decision is not None and first.decision.decision in DECISIONS:
        kinds |= DECISIONS[first.decision.decision]
    if first.note:
        kinds |= Kind.NOTED
    if first.code is not None and first.classes.group_of(first.code).serious:
        kinds |= Kind.MALIGNANT
    same = agreement(first, second)
    if same is not None:
        kinds |= Kind.AGREE if same else Kind.DISAGREE
    if truth and first.code is not None:
        kinds |= Kind.RIGHT if first.code == truth else Kind.WRONG
    return kinds


DECISIONS = {
    Decision.MALIGNANT: Kind.SAID_MALIGNANT,
    Decision.UNCLEAR: Kind.SAID_UNCLEAR,
    Decision.BENIGN: Kind.SAID_BENIGN,
}
"""An image belongs to one of these at most: those that are out of distribution are another kind."""

_OF_OPINION = {
    Opinion.NOT_REVIEWED: Kind.TO_REVIEW,
    Opinion.REVIEWED: Kind.REVIEWED,
    Opinion.AGREED: Kind.REVIEWED | Kind.AGREED,
    Opinion.OVERRULED: Kind.REVIEWED | Kind.OVERRULED,
}


def review_kinds(first: Classification | None, review: Review, flagged: bool | None) -> Kind:
    """The kinds that an image belongs to by the reader's review and by the threshold in use."""
    kinds = _OF_OPINION[opinion_of(review, first)]
    if review.note:
        kinds |= Kind.READER_NOTE
    return kinds | Kind.FLAGGED if flagged else kinds
