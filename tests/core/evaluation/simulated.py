"""Test sets drawn from a population whose true scores are known: to count how often intervals hold them.

A model sees the classes through normal values, one a class, higher for the true one; `sharpness` says how much. Its
logits are the exact posterior times `sureness`: 1 is calibrated, more is too sure. A second model sees the same images
with some noise of its own. Images come in groups (lesions) that share half of their values, so that they are easy or
hard together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from core.classes import CLASS_SETS
from core.evaluation.calibration import reliability
from core.evaluation.comparison import LabelledLogits, compare
from core.evaluation.detailed import detailed_intervals, detailed_scores
from core.evaluation.intervals import OVERALL, Interval

CLASSES = CLASS_SETS["isic2019"]

_MANY = 40_000


@dataclass(frozen=True)
class Population:
    """`supports` are images a class in a test set, in groups of `together`."""

    supports: tuple[int, ...]
    sharpness: float = 2.0
    sureness: float = 1.5
    together: int = 1

    def drawn(self, rng: np.random.Generator, supports: Sequence[int] = ()) -> tuple[LabelledLogits, LabelledLogits]:
        """A test set with these supports, as the two models see it."""
        supports = tuple(supports) or self.supports
        groups = [max(1, support // self.together) for support in supports]
        labels = np.repeat(np.arange(len(supports)), [count * self.together for count in groups])
        group = np.repeat(np.arange(sum(groups)), self.together)
        shared = rng.standard_normal((sum(groups), len(CLASSES)))[group]
        own = rng.standard_normal((len(labels), len(CLASSES)))
        values = own if self.together == 1 else np.sqrt(0.5) * (shared + own)
        values[np.arange(len(labels)), labels] += self.sharpness
        other = np.sqrt(0.5) * (values + rng.standard_normal(values.shape))
        prior = np.full(len(CLASSES), -20.0)
        prior[: len(supports)] = np.log(np.asarray(self.supports) / sum(self.supports))
        first, second = (
            LabelledLogits(
                tuple(map(str, range(len(labels)))),
                labels.astype(np.int64),
                (self.sureness * (self.sharpness * seen + prior)).astype(np.float32),
                tuple(map(str, group.tolist())),
                CLASSES,
            )
            for seen in (values, other)
        )
        return first, second


@cache
def truth(population: Population) -> dict[str, float]:
    """The scores of the first model, and how much lower the second's are, on very many images of the same shares of
    classes."""
    factor = _MANY // sum(population.supports) + 1
    many, other = population.drawn(np.random.default_rng(0), [support * factor for support in population.supports])
    values = _scores(many) | {"error": reliability(many.labels, many.logits).expected_error}
    return values | {f"difference {name}": value - values[name] for name, value in _scores(other).items()}


def _scores(run: LabelledLogits) -> dict[str, float]:
    found = detailed_scores(run.labels, run.logits, CLASSES)
    values = {name: getattr(found.scores, name) for name in OVERALL} | {"macro_auc": found.macro_auc}
    for item in found.per_class:
        values |= {f"f1:{item.code}": item.f1, f"auc:{item.code}": item.auc}
    return {name: float(value) for name, value in values.items() if value is not None}


def intervals(first: LabelledLogits, second: LabelledLogits, resamples: int) -> dict[str, Interval | None]:
    """Those of the program, by the names of `truth`."""
    found = detailed_intervals(first.labels, first.logits, CLASSES, first.groups, resamples=resamples)
    named: dict[str, Interval | None] = {name: getattr(found, name) for name in (*OVERALL, "macro_auc")}
    named["error"] = reliability(first.labels, first.logits, groups=first.groups).interval
    named |= {f"f1:{code}": each for code, each in zip(CLASSES.codes, found.per_class_f1, strict=True)}
    named |= {f"auc:{code}": each for code, each in zip(CLASSES.codes, found.per_class_auc, strict=True)}
    differences = compare(first, second, resamples=resamples).differences
    return named | {f"difference {item.score}": item.interval for item in differences}


def coverage(population: Population, trials: int, resamples: int = 300) -> dict[str, float]:
    """In which share of test sets the interval holds the truth, by name."""
    drawn = (population.drawn(np.random.default_rng([1, trial])) for trial in range(trials))
    found = [intervals(first, second, resamples) for first, second in drawn]
    wanted = {name: value for name, value in truth(population).items() if found[0].get(name) is not None}
    return {name: float(np.mean([_holds(each[name], value) for each in found])) for name, value in wanted.items()}


def _holds(interval: Interval | None, value: float) -> bool:
    return interval is not None and interval.low <= value <= interval.high
