"""Two runs on the same test images: paired differences with intervals, McNemar's test, images won and lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.data.names import matched
from core.evaluation.intervals import OVERALL, Interval, difference_interval, redrawn_variance
from core.evaluation.metrics import score_arrays
from core.evaluation.resampling import (
    RESAMPLES,
    counted,
    differing_groups,
    drawable,
    joint_groups,
    knows_groups,
    resampled,
    strata,
)
from core.quantities import p_value

MINIMUM = 30
"""Fewer common images than this are not compared."""

_LEVEL = 0.05
_FEW = 20  # by simulation, intervals of differences in F1 hold 80 to 90 % at 10 images, and 93 % from 20 on


@dataclass(frozen=True)
class LabelledLogits:
    """What a run said of its test images: names (unique), labels (n,), logits (n, classes), groups of images that
    belong together ("" where nothing is known), and the classes that labels and logits stand for."""

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]
    groups: tuple[str, ...]
    classes: ClassSet

    def named_as(self, names: Iterable[str]) -> LabelledLogits:
        """The same with the names that `names` have for these images, where they have one: older runs leave out
        folders and suffixes."""
        found = matched(self.names, names)
        return replace(self, names=tuple(found.get(name, name) for name in self.names))


@dataclass(frozen=True)
class Difference:
    """A score of both runs and `difference` = other - baseline, None where undefined in either run.

    `score` is "weighted_f1", "accuracy", "balanced_accuracy", "macro_f1" or "f1:" and a class code. `within_noise` is
    False only where the 95 % interval is known and does not hold 0: verdict and interval are one rule
    (`core.evaluation.intervals.difference_interval`), the same for two runs and for many (`core.evaluation.families`).
    """

    score: str
    baseline: float | None
    other: float | None
    difference: float | None
    interval: Interval | None
    within_noise: bool


@dataclass(frozen=True)
class McNemar:
    """The exact McNemar test: images that only one of the two runs got right, and the two-sided p-value."""

    only_baseline_right: int
    only_other_right: int
    p_value: float


@dataclass(frozen=True)
class Comparison:
    """Two runs on their `common` test images (same name, same label).

    `only_baseline` and `only_other` count the test images of one run alone; `relabelled` names those whose labels
    differ between the runs, which are left out. When not `comparable`, `why_not` says so in a sentence, and there are
    no differences, no test and no images. `won` names the images that only `other` got right, `lost` those that only
    the baseline did. `notes` are sentences that must be read with the numbers.
    """

    common: int
    only_baseline: int
    only_other: int
    comparable: bool
    why_not: str
    differences: tuple[Difference, ...]
    mcnemar: McNemar | None
    won: tuple[str, ...]
    lost: tuple[str, ...]
    by_group: bool
    relabelled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def compare(
    baseline: LabelledLogits,
    other: LabelledLogits,
    *,
    minimum: int = MINIMUM,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two runs on the images that both were tested on, found by name.

    Differences are other - baseline; the resamples of their intervals are the same for both runs (as for
    `bootstrap_scores`), so that what makes an image hard for both cancels out. An interval reaches as far to either
    side as 95 % of the resampled differences lie from their mean (Hall, The Annals of Statistics 16, 1988: symmetric
    bootstrap; `redrawn_variance`), which is that of a family of one (`compare_family`). Images whose labels differ are
    left out. Fewer than `minimum` common images are not compared, and no runs that tell apart different classes. The
    intervals and the test hold for these two trained models: how far another training with another seed would have
    come, they do not know.
    """
    if not baseline.classes.same_classes(other.classes):
        return _incomparable(baseline, other)
    common = _common(baseline, other)
    found = len(common.names) + len(common.relabelled)
    why_not = why_not_compared(len(common.names), minimum)
    empty = Comparison(
        common=len(common.names),
        only_baseline=len(baseline.names) - found,
        only_other=len(other.names) - found,
        comparable=not why_not,
        why_not=why_not,
        differences=(),
        mcnemar=None,
        won=(),
        lost=(),
        by_group=knows_groups(common.groups),
        relabelled=common.relabelled,
    )
    return empty if why_not else _judged(empty, common, resamples, seed)


def _incomparable(baseline: LabelledLogits, other: LabelledLogits) -> Comparison:
    """Of runs whose labels and logits do not mean the same."""
    ours, theirs = (len(run.classes) for run in (baseline, other))
    which = f"{ours} and {theirs}" if ours != theirs else f"the same number ({ours})"
    why = f"The runs tell apart different classes ({which}), so their scores do not measure the same."
    return Comparison(0, len(baseline.names), len(other.names), False, why, (), None, (), (), by_group=False)


def mcnemar(only_baseline_right: int, only_other_right: int) -> McNemar:
    """The exact test: are the images that only one run got right split evenly? Two-sided binomial, 1 without any.

    McNemar, Psychometrika 12 (1947). It takes every image as independent of the others, which several images of one
    lesion or patient are not: then p comes out too small.
    """
    from scipy.special import bdtr

    fewer, both = min(only_baseline_right, only_other_right), only_baseline_right + only_other_right
    chance = min(1.0, 2 * float(bdtr(fewer, both, 0.5))) if both else 1.0
    return McNemar(only_baseline_right, only_other_right, chance)


@dataclass(frozen=True)
class _Common:
    """The images of both runs: labels and predicted classes (n,)."""

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    baseline: NDArray[np.int64]
    other: NDArray[np.int64]
    groups: tuple[str, ...]
    relabelled: tuple[str, ...]
    classes: ClassSet


def _common(baseline: LabelledLogits, other: LabelledLogits) -> _Common:
    places = {name: row for row, name in enumerate(other.names)}
    pairs = [(row, places[name]) for row, name in enumerate(baseline.names) if name in places]
    same = [(one, two) for one, two in pairs if baseline.labels[one] == other.labels[two]]
    ours, theirs = [one for one, _ in same], [two for _, two in same]
    return _Common(
        tuple(baseline.names[row] for row in ours),
        baseline.labels[ours],
        baseline.logits[ours].argmax(axis=1),
        other.logits[theirs].argmax(axis=1),
        joint_groups([[baseline.groups[one] for one in ours], [other.groups[two] for two in theirs]]),
        tuple(baseline.names[one] for one, two in pairs if baseline.labels[one] != other.labels[two]),
        baseline.classes,
    )


def why_not_compared(common: int, minimum: int) -> str:
    """Why runs with so many test images in common are not compared; empty where they are."""
    if common >= minimum:
        return ""
    if not common:
        return "The runs have no test image with the same name and label in common, so they can not be compared."
    return (
        f"The runs have only {common:,} test {'image' if common == 1 else 'images'} with the same name and label in "
        f"common; at least {minimum:,} are needed to compare them."
    )


def _judged(empty: Comparison, common: _Common, resamples: int, seed: int) -> Comparison:
    """The comparison with its numbers."""
    right, also_right = common.baseline == common.labels, common.other == common.labels
    won, lost = np.flatnonzero(also_right & ~right), np.flatnonzero(right & ~also_right)
    differences, test = _differences(common, resamples, seed), mcnemar(len(lost), len(won))
    return replace(
        empty,
        differences=differences,
        mcnemar=test,
        won=tuple(common.names[row] for row in won),
        lost=tuple(common.names[row] for row in lost),
        notes=(*_notes(empty), *_few(common), *_at_the_edge(differences, test)),
    )


def _notes(comparison: Comparison) -> tuple[str, ...]:
    notes = []
    if comparison.only_baseline or comparison.only_other:
        notes.append(
            f"The runs were tested on different images. Only the {comparison.common:,} that both were tested on count "
            f"here; {comparison.only_baseline:,} of the baseline alone and {comparison.only_other:,} of the other run "
            "alone do not."
        )
    if comparison.relabelled:
        notes.append(
            f"{len(comparison.relabelled):,} images have different labels in the two runs and are left out: perhaps "
            "the labels were corrected, or two data sets use the same names."
        )
    return tuple(notes)


def _few(common: _Common) -> tuple[str, ...]:
    """The classes that a few images decide."""
    codes = common.classes.codes
    counts = zip(codes, np.bincount(common.labels, minlength=len(codes)).tolist(), strict=True)
    few = [f"{code} ({count})" for code, count in counts if 0 < count < _FEW]
    if not few:
        return ()
    return (f"Few common images, so the differences in F1 of these classes are rough guesses: {', '.join(few)}.",)


def _at_the_edge(differences: tuple[Difference, ...], test: McNemar) -> tuple[str, ...]:
    """Where the test on the images won and lost tells otherwise than an interval, both are said."""
    chance = test.p_value >= _LEVEL
    for item in differences[:2]:
        if item.interval is None or item.within_noise == chance:
            continue
        if item.score == "accuracy":
            return (
                f"The interval of the difference in accuracy and McNemar's test ({p_value(test.p_value)}) do not "
                "agree: it lies at the edge of the noise. More test images would decide.",
            )
        counts = f"{test.only_other_right:,} images won and {test.only_baseline_right:,} lost"
        return (
            f"The interval of the difference in weighted F1 {'holds 0' if item.within_noise else 'does not hold 0'}, "
            f"while {counts} {'may be' if chance else 'are more than'} chance by McNemar's test "
            f"({p_value(test.p_value)}): F1 also counts to which class the wrong ones went. Say both.",
        )
    return ()


def _differences(common: _Common, resamples: int, seed: int) -> tuple[Difference, ...]:
    pair, number = [common.baseline, common.other], len(common.classes)
    found = strata(common.labels, pair, common.groups, number)
    drawn = score_arrays(resampled(found, runs=2, classes=number, resamples=resamples, seed=seed))
    measured = score_arrays(np.stack([counted(common.labels, run, number) for run in pair]))
    per_class = drawable(found, number)
    apart = common.baseline != common.other
    differing = differing_groups(apart, common.groups)
    overall = [
        _difference(name, getattr(measured, name), getattr(drawn, name), differing if per_class.any() else None, seed)
        for name in OVERALL
    ]
    classes = []
    for k, code in enumerate(common.classes.codes):
        concerned = apart & ((common.baseline == k) | (common.other == k))
        own = differing_groups(concerned, common.groups) if per_class[k] else None
        classes.append(_difference(f"f1:{code}", measured.f1[:, k], drawn.f1[:, :, k], own, seed))
    return (*overall, *classes)


def _difference(
    name: str, measured: NDArray[np.float64], drawn: NDArray[np.float64], differing: int | None, seed: int
) -> Difference:
    """From the scores of both runs: measured (2,) and per resample (resamples, 2). `differing` groups of images are why
    they differ, None where nothing could be drawn."""
    if np.isnan(measured).any():
        return Difference(name, None, None, None, None, within_noise=True)
    first, second = float(measured[0]), float(measured[1])
    interval = None
    if differing is not None:
        differences = drawn[:, 1] - drawn[:, 0]
        apart = np.abs(differences - np.nanmean(differences)) / np.sqrt(
            redrawn_variance(differing, len(drawn), [seed, 0])
        )
        interval = difference_interval(second - first, float(np.nanquantile(apart, 1 - _LEVEL)), differing)
    return Difference(name, first, second, second - first, interval, interval is None or interval.holds_zero)
