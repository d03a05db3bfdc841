"""Malignant, benign or unclear: one decision a lesion, its thresholds from calibration lesions, its errors from test
lesions.

The classes are taken together by their group (`class_groups`); a group's score is the sum of its classes'
calibrated probabilities. The thresholds are those of class-conditional conformal prediction (`prediction_sets`) with
the two groups as the classes: benign is said where the malignant group is excluded at a level of its own, malignant
where the benign group is excluded at `MALIGNANT_LEVEL`. So of malignant lesions at least the former share is not called
benign, of benign ones at least the latter not called malignant, as the mean over draws of calibration and new lesions.
What they do on test lesions, which chose nothing, is counted with an exact bound (`exact_bounds`), and a decision that
the count does not bear out is withheld.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.evaluation.class_groups import BENIGN, MALIGNANT, NO_GROUP, group_of_classes, group_scores
from core.evaluation.decision_levels import BENIGN_LEVEL, MALIGNANT_LEVEL
from core.evaluation.exact_bounds import trials_without_error, upper_bound
from core.evaluation.prediction_sets import PredictionSets, images_needed, sets_at

_EXCUSE = 2.0  # an upper bound above so many times the promised share of errors withholds a decision


class Decision(StrEnum):
    """What is said of a lesion first; the value is what tables and JSON say."""

    MALIGNANT = "malignant"
    BENIGN = "benign"
    UNCLEAR = "unclear"
    OUT_OF_DISTRIBUTION = "out_of_distribution"


class Withheld(StrEnum):
    """Why a decision is not given."""

    NO_GROUPS = "no_groups"
    CLASS_WITHOUT_GROUP = "class_without_group"
    NOT_CALIBRATED = "not_calibrated"
    FEW_CALIBRATED = "few_calibrated"
    FEW_TESTED = "few_tested"
    ERRORS = "errors"


@dataclass(frozen=True)
class RightOf:
    """How many of the decisions `given` on test lesions were `right`."""

    right: int
    given: int


@dataclass(frozen=True)
class Certificate:
    """What the test lesions say of one decision (benign or malignant) at its `level` (0..1).

    It errs on lesions of the other group: `errors` of `lesions` were called so wrongly, in truth at most the share
    `bound` of them (exact, 95 %). `tally` counts the decisions given. `calibrated_on` are the other group's calibration
    lesions.
    """

    decision: Decision
    level: float
    calibrated_on: int
    errors: int
    lesions: int
    tally: RightOf

    @property
    def promised(self) -> float:
        """The share of the other group's lesions on which it may err: 1 - level."""
        return 1 - self.level

    @property
    def share(self) -> float | None:
        """The share of errors counted; None without lesions."""
        return self.errors / self.lesions if self.lesions else None

    @property
    def bound(self) -> float:
        """The upper 95 % bound of the true share of errors; 1 without lesions."""
        return upper_bound(self.errors, self.lesions)

    @property
    def needed(self) -> int:
        """So many test lesions of the other group without an error bear the promise out: 59 at 95 %."""
        return trials_without_error(self.promised)

    @property
    def needed_to_calibrate(self) -> int:
        """With fewer calibration lesions of the other group nothing can be told from it: 19 at 95 %."""
        return images_needed(self.level)

    @property
    def withheld(self) -> Withheld | None:
        """Why the decision is not given, None where it is: lesions too few to calibrate or to test on, or errors whose
        bound is above twice the promised share."""
        if self.calibrated_on < self.needed_to_calibrate:
            return Withheld.FEW_CALIBRATED
        if self.lesions < self.needed:
            return Withheld.FEW_TESTED
        return Withheld.ERRORS if self.bound > _EXCUSE * self.promised else None

    @property
    def misses_too_much(self) -> bool:
        """Whether it is withheld for errors, and those counted are above the promised share themselves."""
        return self.withheld is Withheld.ERRORS and self.errors > self.promised * self.lesions


@dataclass(frozen=True, eq=False)
class LesionOutputs:
    """One picture for each of n lesions: class numbers (n,) and calibrated probabilities float64 (n, classes)."""

    labels: NDArray[np.integer[Any]]
    probabilities: NDArray[np.float64]


class GroupDecisions:
    """Thresholds from calibration lesions, certified on test lesions, at a level for `benign` of 0..1 (both out)."""

    def __init__(
        self, classes: ClassSet, calibration: LesionOutputs, tested: LesionOutputs, benign_level: float = BENIGN_LEVEL
    ) -> None:
        self.groups = group_of_classes(classes)
        self.benign_level = benign_level
        self._calibrated = self.groups[calibration.labels]
        scores = group_scores(calibration.probabilities, self.groups)
        known = self._calibrated != NO_GROUP
        self._sets = PredictionSets(self._calibrated[known], _logarithms(scores[known]))
        self._tested = tested

    @property
    def has_groups(self) -> bool:
        """Whether there are malignant and benign classes to decide between."""
        return {BENIGN, MALIGNANT} <= set(self.groups.tolist())

    def decide(self, probabilities: NDArray[np.float64]) -> tuple[Decision | None, ...]:
        """The decision by the thresholds alone for each row of calibrated probabilities (n, classes): malignant, benign
        or unclear, whether withheld or not; None where the likeliest class has no group.

        Where both groups are excluded, either decision would keep both promises: malignant is said.
        """
        p_values = self._sets.p_values(_logarithms(group_scores(probabilities, self.groups)))
        levels = (BENIGN, MALIGNANT_LEVEL), (MALIGNANT, self.benign_level)
        excluded = ~np.stack([sets_at(p_values, level)[:, group] for group, level in levels], axis=1)
        likeliest = self.groups[probabilities.argmax(axis=1)]
        return tuple(
            None if group == NO_GROUP else _decision(benign, malignant)
            for group, (benign, malignant) in zip(likeliest.tolist(), excluded.tolist(), strict=True)
        )

    @property
    def labels(self) -> NDArray[np.integer[Any]]:
        """The class numbers (n,) of the test lesions."""
        return self._tested.labels

    @cached_property
    def tested(self) -> tuple[Decision | None, ...]:
        """The decisions on the test lesions."""
        return self.decide(self._tested.probabilities)

    @cached_property
    def certificates(self) -> dict[Decision, Certificate]:
        """What the test lesions say of the decisions benign and malignant."""
        return {
            Decision.BENIGN: self._certificate(Decision.BENIGN, BENIGN, MALIGNANT, self.benign_level),
            Decision.MALIGNANT: self._certificate(Decision.MALIGNANT, MALIGNANT, BENIGN, MALIGNANT_LEVEL),
        }

    def _certificate(self, decision: Decision, own: int, other: int, level: float) -> Certificate:
        truth = self.groups[self._tested.labels]
        given = np.array([made is decision for made in self.tested], np.bool_)
        return Certificate(
            decision,
            level,
            calibrated_on=int((self._calibrated == other).sum()),
            errors=int((given & (truth == other)).sum()),
            lesions=int((truth == other).sum()),
            tally=RightOf(int((given & (truth == own)).sum()), int((given & (truth != NO_GROUP)).sum())),
        )


def one_for_each_lesion(
    lesions: NDArray[np.int64], labels: NDArray[np.integer[Any]], seed: int = 0
) -> NDArray[np.int64]:
    """Rows (l,), sorted: of the pictures of each lesion (n,) one drawn at random, so that lesions count, not pictures.

    Promises made from them hold for a picture of a new lesion, which all pictures do not give (Dunn, Wasserman, Ramdas,
    "Distribution-Free Prediction Sets for Two-Layer Hierarchical Models", 2023, subsampling). Pictures of one lesion
    with different labels (n,) are different lesions here.
    """
    order = np.random.default_rng(seed).permutation(len(lesions))
    pairs = np.stack([lesions, np.asarray(labels, np.int64)], axis=1)[order]
    _, first = np.unique(pairs, axis=0, return_index=True)
    return np.sort(order[first])


def _decision(benign_excluded: bool, malignant_excluded: bool) -> Decision:
    if benign_excluded:
        return Decision.MALIGNANT
    return Decision.BENIGN if malignant_excluded else Decision.UNCLEAR


def _logarithms(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits whose softmax are the scores (n, groups); one that underflowed stays finite."""
    logits: NDArray[np.float64] = np.log(np.maximum(scores, np.finfo(np.float64).tiny))
    return logits
