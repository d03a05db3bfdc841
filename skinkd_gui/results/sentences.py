"""What a comparison of two runs says, in plain sentences. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.quantities import p_value, signed
from core.reporting.words import bounds_of

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison, Difference

HEADLINE = "weighted_f1"


def headline_sentence(other: str, baseline: str, comparison: Comparison) -> str:
    """Which run has the better weighted F1, and whether that may be chance."""
    if not comparison.comparable:
        return f"{other} can not be compared with {baseline}. {comparison.why_not}"
    found = next((item for item in comparison.differences if item.score == HEADLINE), None)
    if found is None or found.difference is None:
        return f"{other} and {baseline}: the difference in weighted F1 is undefined."
    return f"{other} {_by_how_much(found)} {baseline} in weighted F1; {_how_sure(found)}"


def mcnemar_sentence(other: str, baseline: str, comparison: Comparison) -> str:
    """What McNemar's test says of the images that only one of the two runs got right."""
    test = comparison.mcnemar
    if test is None:
        return ""
    if not test.only_baseline_right and not test.only_other_right:
        return f"Both runs are right and wrong on the same {comparison.common:,} images."
    return (
        f"Of the {comparison.common:,} images that both were tested on, {test.only_other_right:,} are right only with "
        f"{other} and {test.only_baseline_right:,} only with {baseline} (exact McNemar test, {p_value(test.p_value)})."
    )


def class_sentence(differences: Sequence[Difference]) -> str:
    """For which classes F1 differs by more than chance explains."""
    classes = [item for item in differences if item.score.startswith("f1:")]
    sure = [item for item in classes if not item.within_noise and item.difference is not None]
    if not classes:
        return ""
    if not sure:
        return f"None of the {len(classes)} classes alone differs by more than chance explains."
    words = [f"{item.score[3:]} {signed(item.difference or 0.0)}" for item in sure]
    return (
        f"F1 of single classes whose interval, by itself, does not hold 0, in points: {', '.join(words)}. With "
        f"{len(classes)} classes compared, one such difference by chance alone is no rarity: they describe."
    )


def _by_how_much(item: Difference) -> str:
    amount = f"{100 * abs(item.difference or 0.0):.1f} points"
    if amount == "0.0 points":
        if item.within_noise:
            return "is as good as"
        amount = "less than 0.1 points"
    better = "better" if (item.difference or 0.0) > 0 else "worse"
    return f"is {amount} {better} than"


def _how_sure(item: Difference) -> str:
    if item.interval is None:
        return "there are too few images for an interval."
    bounds = f"the 95 % interval, {bounds_of(item.interval)},"
    if item.within_noise:
        return f"{bounds} holds 0: this may be chance."
    return f"{bounds} does not hold 0: more than the choice of test images explains."
