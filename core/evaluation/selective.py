"""The diagnosis given, or not: a threshold on its confidence below which it is withheld, and what that costs.

Selective classification (Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", 2017) with the
threshold chosen by Learn then Test, fixed-sequence testing (Angelopoulos, Bates, Candès, Jordan, Lei, 2021, sections 2
and 3): thresholds are tested from the highest on, each by the exact binomial p-value of "of the diagnoses above it more
than so many are wrong", until one is not rejected. The last rejected one is taken: with probability `level` over draws
of the calibration lesions, at most the share `most_wrong` of the diagnoses given on new lesions is wrong.

There is a threshold for each group that a diagnosis belongs to (malignant, benign, none), never for a rare class: no
few images bear one out. The thresholds are the calibration lesions' own confidences. Of the lesions above a given one,
the wrong ones are binomial; and the first threshold that is not good enough is passed with a chance of 1 - `level` at
most where diagnoses of less confidence are not more often right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.evaluation.class_groups import GROUP_NAMES, group_of_classes
from core.evaluation.decisions import Decision, GroupDecisions, LesionOutputs, RightOf
from core.evaluation.exact_bounds import chance_of_at_most, trials_without_error

MOST_WRONG = 0.10
"""The share of wrong ones among the diagnoses given that is promised not to be passed."""

_TIE = 1e-6  # as in `prediction_sets`: batches of another size round so much
_FIRST = 0.1  # of the lesions are above the first threshold tested: with fewer one chance error would end the sequence


@dataclass(frozen=True)
class SelectiveThreshold:
    """Diagnoses of at least `confidence` (0..1) are given; None: no threshold bears the promise out, none is given.

    Chosen on `lesions`, of which `given` were above it and `wrong` of these wrong.
    """

    confidence: float | None
    lesions: int
    given: int = 0
    wrong: int = 0

    def gives(self, confidences: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the confidences (n,) are enough."""
        least = math.inf if self.confidence is None else self.confidence - _TIE
        return np.asarray(confidences, np.float64) >= least


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The share of wrong ones among the diagnoses given against the share of lesions that get one: both (n,), in 0..1,
    from the surest lesion alone to all of them; lesions of equal confidence come together."""

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]


def selective_threshold(
    confidences: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    level: float,
    most_wrong: float = MOST_WRONG,
) -> SelectiveThreshold:
    """The threshold for diagnoses of confidences (n,) in 0..1, of which some are `wrong` (n,), at a level and a share
    in 0..1 (both out)."""
    order, given = _ranked(confidences)
    errors = np.cumsum(np.asarray(wrong, np.bool_)[order], dtype=np.int64)
    first = max(trials_without_error(most_wrong, level), math.ceil(_FIRST * len(order)))
    tested = given[given >= first]
    rejected = chance_of_at_most(errors[tested - 1], tested, most_wrong) <= 1 - level
    passed = int(np.logical_and.accumulate(rejected).sum())
    if not passed:
        return SelectiveThreshold(None, len(order))
    count = int(tested[passed - 1])
    return SelectiveThreshold(
        float(confidences[order[count - 1]]), len(order), given=count, wrong=int(errors[count - 1])
    )


def risk_coverage(confidences: NDArray[np.float64], wrong: NDArray[np.bool_]) -> RiskCoverage:
    """The curve of diagnoses of confidences (n,), of which some are `wrong` (n,); empty without any."""
    order, given = _ranked(confidences)
    errors = np.cumsum(np.asarray(wrong, np.bool_)[order], dtype=np.int64)
    return RiskCoverage(given / max(len(order), 1), errors[given - 1] / np.maximum(given, 1))


class GivenDiagnoses:
    """Which diagnoses are given at a `level` of 0..1 (both out): thresholds from calibration lesions, by the group of
    the likeliest class, and how often the diagnoses above them are right on test lesions. With `decisions` a diagnosis
    is given only where the decision is its group's: no nevus is named where benign can not be said. That takes the less
    sure ones away, so the promise stays."""

    def __init__(
        self,
        classes: ClassSet,
        calibration: LesionOutputs,
        tested: LesionOutputs,
        level: float,
        decisions: GroupDecisions | None = None,
    ) -> None:
        self.level = level
        self._groups, self._tested, self._decisions = group_of_classes(classes), tested, decisions
        self.thresholds = {
            group: selective_threshold(*_diagnosed(calibration, self._groups, group), level)
            for group in np.unique(self._groups).tolist()
        }

    def gives(
        self, probabilities: NDArray[np.float64], made: Sequence[Decision | None] | None = None
    ) -> NDArray[np.bool_]:
        """Whether the likeliest class is said, for rows of calibrated probabilities (n, classes): (n,). `made`: what
        the `decisions` say of these rows, where that is known already."""
        likeliest = self._groups[probabilities.argmax(axis=1)]
        given = np.zeros(len(probabilities), np.bool_)
        for group, threshold in self.thresholds.items():
            given |= (likeliest == group) & threshold.gives(probabilities.max(axis=1))
        if self._decisions is not None and self._decisions.has_groups:
            made = self._decisions.decide(probabilities) if made is None else made
            given &= np.array(
                [item is None or item.value == GROUP_NAMES[g] for item, g in zip(made, likeliest, strict=True)],
                np.bool_,
            )
        return given

    def tally(self, code: int) -> RightOf:
        """How many of the test lesions' diagnoses given in the group of class number `code` were right."""
        return self.tallies[int(self._groups[code])]

    @cached_property
    def tallies(self) -> dict[int, RightOf]:
        """The same by group."""
        likeliest, found = self._groups[self._tested.probabilities.argmax(axis=1)], {}
        given, wrong = self.gives(self._tested.probabilities), _wrong(self._tested)
        for group in self.thresholds:
            own = given & (likeliest == group)
            found[group] = RightOf(right=int((own & ~wrong).sum()), given=int(own.sum()))
        return found

    @property
    def curve(self) -> RiskCoverage:
        """Wrong diagnoses against the share of test lesions that get one, of all groups together."""
        return risk_coverage(self._tested.probabilities.max(axis=1, initial=0), _wrong(self._tested))


def _diagnosed(
    lesions: LesionOutputs, groups: NDArray[np.int64], group: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence and whether wrong of the lesions whose likeliest class is of a group."""
    rows = groups[lesions.probabilities.argmax(axis=1)] == group
    return lesions.probabilities.max(axis=1, initial=0)[rows], _wrong(lesions)[rows]


def _wrong(lesions: LesionOutputs) -> NDArray[np.bool_]:
    wrong: NDArray[np.bool_] = lesions.probabilities.argmax(axis=1) != lesions.labels
    return wrong


def _ranked(confidences: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices from the surest on, and how many of them are at or above each different confidence (m,)."""
    order = np.argsort(-np.asarray(confidences, np.float64), kind="stable")
    ranked = np.asarray(confidences, np.float64)[order]
    ends = np.append(ranked[:-1] - ranked[1:] > _TIE, True)[: len(ranked)]
    return order, np.flatnonzero(ends) + 1
