"""What every part of the bench gives: ratios of two figures that were measured in turns within one run."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Measure = Callable[[], float]


@dataclass(frozen=True)
class Ratio:
    """`measured` / `reference`, two rates or two times in `unit`; a third kind is a time against the time allowed.

    `goal` is the ratio to reach: at least so much where `higher_is_better` (rates), at most so much otherwise (times).
    Without a goal the line is told for comparison only. `note` says in a few words how it was measured or reckoned.
    """

    name: str
    measured: float
    reference: float
    unit: str
    goal: float | None = None
    higher_is_better: bool = True
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times the reference; not a number where the reference is 0."""
        return self.measured / self.reference if self.reference else float("nan")

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        if self.goal is None:
            return None
        return self.ratio >= self.goal if self.higher_is_better else self.ratio <= self.goal

    @property
    def expected(self) -> str:
        """The goal in words."""
        return "" if self.goal is None else f"{'at least' if self.higher_is_better else 'at most'} {self.goal:g}"


@dataclass(frozen=True)
class Settings:
    """What every part of the bench is given.

    `folder` is an empty one of its own, removed afterwards; `turns` is how often compared things take their turn;
    `quick` asks for the smallest measurement that still means something.
    """

    folder: Path
    turns: int = 3
    quick: bool = False


def rounds(count: int, *measures: Measure) -> list[tuple[float, ...]]:
    """What each measure said in each of `count` rounds; within a round they take turns."""
    return [tuple(measure() for measure in measures) for _ in range(count)]


def turns(count: int, *measures: Measure, best: Callable[..., float] = max) -> tuple[float, ...]:
    """The best of each measure's turns: other programs only ever make a turn slower.

    Rates have the largest as best; pass `best=min` for times.
    """
    return tuple(best(values) for values in zip(*rounds(count, *measures), strict=True))


def middle(found: list[tuple[float, ...]], measured: int, reference: int) -> tuple[float, float]:
    """The round whose ratio of two columns is the median: steadier than the best where the machine's pace wanders."""
    ordered = sorted(found, key=lambda values: values[measured] / values[reference])
    values = ordered[statistics.median_low(range(len(ordered)))]
    return values[measured], values[reference]


def say(text: str) -> None:
    """A line for the person who watches."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
