"""Two runs on the same test images: paired differences with intervals, McNemar's test, images won and lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.intervals import Interval

MINIMUM = 30
"""Fewer common images than this are not compared."""


@dataclass(frozen=True)
class LabelledLogits:
    """What a run said of its test images: names (unique), labels (n,), logits (n, 8), lesions ("" when unknown)."""

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A score of both runs and `difference` = other - baseline, None where undefined in either run.

    `score` is "weighted_f1", "accuracy", "balanced_accuracy", "macro_f1" or "f1:" and a class code. `within_noise` is
    False only where the 95 % interval is known and does not hold 0.
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
    by_lesion: bool
    relabelled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def compare(
    baseline: LabelledLogits, other: LabelledLogits, *, minimum: int = MINIMUM, resamples: int = 2000, seed: int = 0
) -> Comparison:
    """Compare two runs on the images that both were tested on."""
    return Comparison(0, len(baseline.names), len(other.names), False, "Not compared yet.", (), None, (), (), False)
