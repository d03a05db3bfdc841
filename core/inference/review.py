"""What the reader says of an image beside what the model says: reviewed or not, the reader's diagnosis, a note.

A review belongs to the image, not to what a model said of it: whether the reader agrees is told anew for each model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.evaluation.intervals import Interval
from core.evaluation.operating_point import wilson
from core.inference.results import Classification


class Opinion(StrEnum):
    """How the reader stands to what the model says; the value is what tables and JSON say."""

    NOT_REVIEWED = ""
    REVIEWED = "reviewed"
    AGREED = "agreed"
    OVERRULED = "overruled"


@dataclass(frozen=True)
class Review:
    """The reader's word on one image.

    `code` and `name` are the reader's diagnosis, a class of the class set in which it was chosen; both "" without one.
    `time` is UTC in ISO 8601, of the last change of mark or diagnosis; "" while the image was not reviewed.
    """

    reviewed: bool = False
    code: str = ""
    name: str = ""
    note: str = ""
    time: str = ""

    def __bool__(self) -> bool:
        return self.reviewed or bool(self.note)


NO_REVIEW = Review()


def opinion_of(review: Review, result: Classification | None) -> Opinion:
    """How the reader stands to a model's result. Without a result, or where the model does not tell the reader's
    diagnosis apart, the image is reviewed and no more."""
    if not review.reviewed:
        return Opinion.NOT_REVIEWED
    if not review.code or result is None or result.code is None:
        return Opinion.REVIEWED
    known = result.classes.find(review.code)
    if known is None or known.name != review.name:
        return Opinion.REVIEWED
    return Opinion.AGREED if result.code == review.code else Opinion.OVERRULED


@dataclass(frozen=True)
class ReviewedSoFar:
    """A model against the reader over the images reviewed so far.

    `compared` of the `reviewed` images have a diagnosis of the reader's that the model tells apart, and a result; in
    `agreed` of them it is the model's. `serious` of them are malignant or precancerous by the reader; of these the
    model's diagnosis is of neither group in `missed`.
    """

    reviewed: int
    compared: int
    agreed: int
    serious: int
    missed: int

    @property
    def agreement(self) -> float | None:
        """The share agreed on (0..1); None where nothing can be compared."""
        return self.agreed / self.compared if self.compared else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95 % interval of the share agreed on."""
        return wilson(self.agreed, self.compared) if self.compared else None


def reviewed_so_far(pairs: Iterable[tuple[Review, Classification | None]]) -> ReviewedSoFar:
    """Count the reviews of images with what the model says of each."""
    reviewed = compared = agreed = serious = missed = 0
    for review, result in pairs:
        opinion = opinion_of(review, result)
        reviewed += review.reviewed
        if result is None or result.code is None or opinion not in (Opinion.AGREED, Opinion.OVERRULED):
            continue
        compared += 1
        agreed += opinion is Opinion.AGREED
        if result.classes.group_of(review.code).serious:
            serious += 1
            missed += not result.classes.group_of(result.code).serious
    return ReviewedSoFar(reviewed, compared, agreed, serious, missed)
