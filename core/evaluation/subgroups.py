"""Scores by age band, sex, site and skin tone: for whom a model works less well."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.data.skin_tone import TONE_BANDS
from core.evaluation.intervals import Interval, bootstrap_scores
from core.evaluation.metrics import confusion_counts, scores_from_confusion
from core.evaluation.resampling import RESAMPLES

Kind = Literal["age", "sex", "site", "skin", "tone"]

SMALL_SUPPORT = 20
"""Scores of fewer images than this are marked as rough guesses."""

NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Person:
    """What is known of the person in an image: `age` in years, `skin_type` after Fitzpatrick (1 to 6); `tone` is a
    group of `core.data.skin_tone`, estimated from the image."""

    age: float | None = None
    sex: str | None = None
    site: str | None = None
    skin_type: int | None = None
    tone: str | None = None


@dataclass(frozen=True)
class Subgroup:
    """The scores of the images of one group; `interval` is of `weighted_f1`, `small` marks few images."""

    kind: Kind
    name: str
    images: int
    accuracy: float | None
    weighted_f1: float | None
    balanced_accuracy: float | None
    interval: Interval | None
    small: bool


def subgroup_scores(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    classes: ClassSet,
    people: Sequence[Person],
    groups: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Subgroup, ...]:
    """The scores of predicted classes (n,) by age band, sex, site, skin type and estimated skin tone; images without
    the fact are a group at the end.

    A kind of which nothing at all is known is left out. Ages and skin types ascend, tones go from light to dark, sexes
    and sites begin with the largest.
    Groups differ in which diseases they have, not only in how well the model does on them: weighted F1 and accuracy
    depend on both. Scores are over the classes that a group has.

    Raises ValueError unless there is one person per image.
    """
    if len(people) != len(labels):
        raise ValueError(f"{len(labels)} persons expected, one per image, not {len(people)}")
    found: list[Subgroup] = []
    for kind, names in _KINDS:
        members: dict[str, list[int]] = {}
        for row, person in enumerate(people):
            members.setdefault(names(person), []).append(row)
        if set(members) <= {NOT_KNOWN}:
            continue
        for name in _ordered(kind, members):
            rows = np.asarray(members[name])
            own = None if groups is None else [groups[row] for row in rows]
            found.append(_subgroup(kind, name, labels[rows], predicted[rows], classes, own, resamples, seed))
    return tuple(found)


def age_band(age: float | None) -> str:
    """The band of an age in years."""
    if age is None or math.isnan(age):
        return NOT_KNOWN
    return next(name for below, name in _AGE_BANDS if age < below)


def group_name(person: Person, kind: str) -> str:
    """The group of `kind` that a person belongs to, as in `Subgroup.name`. Raises KeyError for another kind."""
    return {str(known): names for known, names in _KINDS}[kind](person)


def _subgroup(
    kind: Kind,
    name: str,
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    classes: ClassSet,
    groups: Sequence[str] | None,
    resamples: int,
    seed: int,
) -> Subgroup:
    scores = scores_from_confusion(confusion_counts(labels, predicted, len(classes)), classes)
    intervals = bootstrap_scores(labels, predicted, classes, groups, resamples=resamples, seed=seed)
    return Subgroup(
        kind,
        name,
        len(labels),
        scores.accuracy,
        scores.weighted_f1,
        scores.balanced_accuracy,
        intervals.weighted_f1,
        small=len(labels) < SMALL_SUPPORT,
    )


def _ordered(kind: Kind, members: dict[str, list[int]]) -> list[str]:
    known = [name for name in members if name != NOT_KNOWN]
    order = _ORDERS.get(kind)
    if order:
        known.sort(key=order.index)
    else:
        known.sort(key=lambda name: (-len(members[name]), name))
    return known + [NOT_KNOWN] * (NOT_KNOWN in members)


def _worded(text: str | None) -> str:
    """Words in one spelling: "Anterior Torso " and "anterior torso" are one site."""
    return " ".join((text or "").lower().split()) or NOT_KNOWN


_AGE_BANDS = (
    (30.0, "under 30"),
    (45.0, "30 to 44"),
    (60.0, "45 to 59"),
    (75.0, "60 to 74"),
    (math.inf, "75 and over"),
)

_SKIN_TYPES = ("I", "II", "III", "IV", "V", "VI")

_KINDS: tuple[tuple[Kind, Callable[[Person], str]], ...] = (
    ("age", lambda person: age_band(person.age)),
    ("sex", lambda person: _worded(person.sex)),
    ("site", lambda person: _worded(person.site)),
    ("skin", lambda person: NOT_KNOWN if person.skin_type is None else _SKIN_TYPES[person.skin_type - 1]),
    ("tone", lambda person: person.tone or NOT_KNOWN),
)

_ORDERS: dict[Kind, tuple[str, ...]] = {
    "age": tuple(name for _, name in _AGE_BANDS),
    "skin": _SKIN_TYPES,
    "tone": TONE_BANDS,
}
