"""Several configurations against one baseline: simultaneous intervals, so that a winner by chance is not called better.

With twenty students of equal quality, at least one of twenty ordinary 95 % intervals excludes 0 in more than half of
all studies. Here the family (every configuration against the baseline, on one score chosen before) errs as a whole in
at most 5 %, and a verdict is nothing but its interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.evaluation.comparison import MINIMUM, LabelledLogits, McNemar, mcnemar, why_not_compared
from core.evaluation.intervals import Interval, difference_interval, redrawn_variance
from core.evaluation.metrics import score_arrays
from core.evaluation.resampling import (
    RESAMPLES,
    counted,
    differing_groups,
    joint_groups,
    knows_groups,
    resampled,
    strata,
)

PRIMARY_SCORES = ("weighted_f1", "balanced_accuracy")
"""The scores on which a family may be compared; which one is declared before the test part is looked at."""

FEWEST_SEEDS = 5
"""With fewer trainings of a configuration the spread between trainings is hardly known: a statement is descriptive."""

_LEVEL = 0.95
_SEED_STAGE = 1


@dataclass(frozen=True)
class Trained:
    """A configuration and what each of its trainings (one per seed, at least one) said of the test images."""

    key: str
    runs: tuple[LabelledLogits, ...]


@dataclass(frozen=True)
class FamilyMember:
    """A configuration against the baseline. Scores are means over seeds, fractions 0..1; `difference` is other -
    baseline.

    `interval` is simultaneous over the family, None where nothing could be resampled. `test` is McNemar's exact test
    and `holm_p` its p-value after Holm's correction over the family, both None where a side has several trainings.
    """

    key: str
    score: float
    difference: float
    interval: Interval | None
    seeds: int
    test: McNemar | None
    holm_p: float | None

    @property
    def within_noise(self) -> bool:
        """Whether the difference may be chance: the interval holds 0, or there is none."""
        return self.interval is None or self.interval.holds_zero


@dataclass(frozen=True)
class Family:
    """Every configuration of a study against its baseline on `score`, on the `images` that all of them were tested on.

    `critical` is the number of standard errors on either side of a difference; `chance_gain` the score (fraction) that
    the best of as many equally good configurations is expected to seem better than it is, by these test images alone.
    """

    score: str
    baseline: str
    baseline_score: float
    images: int
    by_group: bool
    members: tuple[FamilyMember, ...]
    critical: float
    chance_gain: float

    @property
    def comparisons(self) -> int:
        """How many comparisons with the baseline were made."""
        return len(self.members)

    @cached_property
    def descriptive(self) -> bool:
        """Whether too few trainings were made to speak of configurations rather than of these trained models."""
        return any(member.seeds < FEWEST_SEEDS for member in self.members)


def compare_family(
    baseline: Trained,
    others: Sequence[Trained],
    *,
    score: str = PRIMARY_SCORES[0],
    minimum: int = MINIMUM,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Family:
    """Compare configurations with a baseline on the images that every run was tested on, with the same label.

    Test images and trainings are crossed: each resample draws groups of images (classes kept, as `bootstrap_scores`)
    jointly for all runs, and the mean over a configuration's seeds is compared; the spread between seeds enters as the
    variance of that mean. Intervals are difference +- c standard errors, c the 95 % point of the largest absolute
    deviation in standard errors over the family (max-t bootstrap; Romano and Wolf, Econometrica 73, 2005), where the
    deviations of seeds are drawn from a normal distribution and their estimated spread from its chi-squared one: few
    seeds widen c as Student's t would. Raises ValueError for a score that is none of `PRIMARY_SCORES`, no `others`,
    different classes or fewer than `minimum` images in common, whose resamples are too much alike.
    """
    if score not in PRIMARY_SCORES or not others:
        raise ValueError(f"expected one of {', '.join(PRIMARY_SCORES)} and at least one other, not {score!r}")
    sides = (baseline, *others)
    common = _common([run for side in sides for run in side.runs], minimum)
    measured, deviations = _scores(common, score, resamples, seed)
    blocks = np.split(np.arange(len(measured)), np.cumsum([len(side.runs) for side in sides])[:-1])
    means = np.array([measured[block].mean() for block in blocks])
    images = np.stack([deviations[:, block].mean(axis=1) for block in blocks], axis=1)
    seeds = [_SeedSpread.of(measured[block], deviations[:, block]) for block in blocks]
    differing = [_differing(common, blocks[0], block) for block in blocks[1:]]
    of_images = [redrawn_variance(count, resamples, [seed, place]) for place, count in enumerate(differing)]
    errors, critical, drawn = _max_t(
        images, np.stack(of_images, axis=1), seeds, np.random.default_rng([seed, _SEED_STAGE])
    )
    tests = [_test(common, baseline, side, block) for side, block in zip(others, blocks[1:], strict=True)]
    holm = _holm([None if test is None else test.p_value for test in tests])
    differences = means[1:] - means[0]
    members = tuple(
        FamilyMember(
            side.key,
            float(means[place + 1]),
            float(differences[place]),
            difference_interval(float(differences[place]), float(critical * errors[place]), differing[place]),
            min(len(side.runs), len(baseline.runs)) if len(baseline.runs) > 1 else len(side.runs),
            tests[place],
            holm[place],
        )
        for place, side in enumerate(others)
    )
    gain = float(drawn[:, 1:].max(axis=1).mean()) if len(others) > 1 else 0.0
    return Family(
        score, baseline.key, float(means[0]), len(common.labels), knows_groups(common.groups), members, critical, gain
    )


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values (n,) corrected for n tests, in their order (Holm, Scandinavian Journal of Statistics 6, 1979)."""
    values = np.asarray(p_values, float)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepped, 1.0)
    return tuple(corrected.tolist())


@dataclass(frozen=True)
class _Common:
    """The images of all runs: labels (n,), predicted classes (runs, n), groups of images ("" where unknown)."""

    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    groups: tuple[str, ...]
    classes: int


def _common(runs: Sequence[LabelledLogits], minimum: int) -> _Common:
    first = runs[0]
    if not all(first.classes.same_classes(run.classes) for run in runs):
        raise ValueError("Runs that tell apart different classes can not be compared.")
    rows = [{name: row for row, name in enumerate(run.names)} for run in runs]
    names = [
        name
        for name in first.names
        if all(name in row for row in rows)
        and len({int(run.labels[row[name]]) for run, row in zip(runs, rows, strict=True)}) == 1
    ]
    if why_not := why_not_compared(len(names), minimum):
        raise ValueError(why_not)
    chosen = [[row[name] for name in names] for row in rows]
    predicted = [run.logits[places].argmax(axis=1) for run, places in zip(runs, chosen, strict=True)]
    groups = joint_groups([[run.groups[row] for row in places] for run, places in zip(runs, chosen, strict=True)])
    return _Common(first.labels[chosen[0]], np.stack(predicted), groups, len(first.classes))


def _scores(common: _Common, score: str, resamples: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The score of every run (runs,), and how far each resample's lies from their mean (resamples, runs)."""
    predicted = list(common.predicted)
    kinds = strata(common.labels, predicted, common.groups, common.classes)
    counts = resampled(kinds, runs=len(predicted), classes=common.classes, resamples=resamples, seed=seed)
    drawn: NDArray[np.float64] = getattr(score_arrays(counts), score)
    whole = np.stack([counted(common.labels, run, common.classes) for run in predicted])
    measured: NDArray[np.float64] = getattr(score_arrays(whole), score)
    return measured, drawn - drawn.mean(axis=0)


@dataclass(frozen=True)
class _SeedSpread:
    """How much a configuration's trainings differ: `total` variance of their scores on these images, of which `images`
    would be seen between equally good trainings, too, because each errs on other images (the resamples have that part
    already). Both 0 with one training, whose spread nobody knows: the statement then holds for that trained model."""

    total: float
    images: float
    trainings: int

    @staticmethod
    def of(scores: NDArray[np.float64], deviations: NDArray[np.float64]) -> _SeedSpread:
        number = len(scores)
        if number < 2:
            return _SeedSpread(0.0, 0.0, number)
        apart = deviations - deviations.mean(axis=1, keepdims=True)
        return _SeedSpread(float(scores.var(ddof=1)), float(apart.var(axis=0).sum() / (number - 1)), number)

    def of_mean(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """The variance that trainings add to a mean of them, for such totals."""
        return np.maximum(total - self.images, 0.0) / self.trainings

    def estimated_anew(self, resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """`total` (resamples,) as other trainings would have estimated it, were it true."""
        freedom = self.trainings - 1
        if not self.total:
            return np.zeros(resamples)
        return self.total * rng.chisquare(freedom, resamples) / freedom


def _max_t(
    images: NDArray[np.float64],
    redrawn: NDArray[np.float64],
    seeds: Sequence[_SeedSpread],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Standard errors of the differences (others,), their critical value, and deviations of all means (resamples,
    configurations), the baseline first; `redrawn` (resamples, others) are estimates of the images' variance, relative
    to it."""
    resamples = len(images)
    variance = np.array([spread.of_mean(np.array(spread.total)) for spread in seeds])
    estimated = np.stack([spread.of_mean(spread.estimated_anew(resamples, rng)) for spread in seeds], axis=1)
    drawn = images + rng.standard_normal(images.shape) * np.sqrt(variance)
    of_images = (images[:, 1:] - images[:, :1]).var(axis=0)
    errors = np.sqrt(of_images + variance[1:] + variance[0])
    studentized = np.sqrt(of_images * redrawn + estimated[:, 1:] + estimated[:, :1])
    deviation = np.abs(drawn[:, 1:] - drawn[:, :1])
    # Runs that are equal on every image differ by nothing, for certain.
    largest = np.divide(deviation, studentized, out=np.zeros_like(deviation), where=studentized > 0).max(axis=1)
    return errors, float(np.quantile(largest, _LEVEL)), drawn


def _differing(common: _Common, baseline: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """On how many groups of images any training of one side differs from any of the other, by the rows of both."""
    apart = (common.predicted[baseline][:, None] != common.predicted[other][None]).any(axis=(0, 1))
    return differing_groups(apart, common.groups)


def _test(common: _Common, baseline: Trained, side: Trained, block: NDArray[np.int64]) -> McNemar | None:
    if len(baseline.runs) > 1 or len(side.runs) > 1:
        return None
    ours, theirs = (common.predicted[row] == common.labels for row in (0, int(block[0])))
    return mcnemar(int((ours & ~theirs).sum()), int((theirs & ~ours).sum()))


def _holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's correction of those that there are."""
    corrected = iter(holm([p for p in p_values if p is not None]))
    return [None if p is None else next(corrected) for p in p_values]
