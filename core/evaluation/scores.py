"""The scores of one evaluation, as frozen results. All are fractions in 0..1 and grow when better."""

from __future__ import annotations

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class ClassScore:
    """One class against the rest. A value is None where it is undefined: without samples (recall, F1), or without
    predictions (precision)."""

    code: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class Scores:
    """Scores over a labelled set of `sum(support)` images.

    `weighted_f1` weighs classes by their counts in this set (paper, section 5.3); `macro_f1` and
    `balanced_accuracy` average the classes that have samples. `confusion[t][p]` counts truth t predicted as p,
    both in the order of `classes`.
    """

    classes: tuple[str, ...]
    accuracy: float
    weighted_f1: float
    macro_f1: float
    balanced_accuracy: float
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def f1_variance(self) -> float | None:
        """The variance of the classes' F1 (the mean squared distance from their mean, of fractions), over those that
        have one: how unevenly a model serves the classes. None with fewer than two."""
        known = [item.f1 for item in self.per_class if item.f1 is not None]
        return statistics.pvariance(known) if len(known) > 1 else None

    def of_class(self, code: str) -> ClassScore | None:
        """The scores of a class; None where it is not among them."""
        return next((item for item in self.per_class if item.code == code), None)

    def largest_confusions(self) -> tuple[tuple[str, str, int], ...]:
        """The cells beside the diagonal that hold images, the largest first: true class, given class, images."""
        pairs = [
            (truth, said, count)
            for truth, line in zip(self.classes, self.confusion, strict=True)
            for said, count in zip(self.classes, line, strict=True)
            if count and truth != said
        ]
        return tuple(sorted(pairs, key=lambda pair: -pair[2]))
