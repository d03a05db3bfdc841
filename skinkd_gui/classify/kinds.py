"""What kinds of answers there are, to filter and count the images by. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from core.inference.results import Classification
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
    KindFilter(Kind.REFER, "Uncertain", "The model can not exclude all diagnoses but one: a person should look"),
    KindFilter(Kind.CONFIDENT, "Confident", "All diagnoses but one are excluded at the certainty that was asked for"),
    KindFilter(
        Kind.OUT_OF_DISTRIBUTION, "Not like the known images", "Unlike the images that the model was trained on"
    ),
    KindFilter(Kind.UNKNOWN, "Not assessed", "The model file holds nothing to tell from whether to trust the answer"),
    KindFilter(Kind.MALIGNANT, "Malignant group", "Malignant and precancerous diagnoses"),
    KindFilter(Kind.NOT_CLASSIFIED, "Not classified", "Files that could not be read, with the reason"),
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
