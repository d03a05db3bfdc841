"""Scores by age band, sex and site: for whom a model works less well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.evaluation.intervals import Interval

SMALL_SUPPORT = 20
"""Scores of fewer images than this are marked as rough guesses."""

NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Person:
    """What is known of the person in an image; `age` in years."""

    age: float | None = None
    sex: str | None = None
    site: str | None = None


@dataclass(frozen=True)
class Subgroup:
    """The scores of the images of one group; `interval` is of `weighted_f1`, `small` marks few images."""

    kind: Literal["age", "sex", "site"]
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
    people: Sequence[Person],
    groups: Sequence[str] | None = None,
) -> tuple[Subgroup, ...]:
    """The scores by age band, sex and site."""
    return ()
