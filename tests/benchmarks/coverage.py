"""How often intervals hold the truth, and how often equal configurations are called better, by simulation.

    python -m tests.benchmarks.coverage [--trials 2000] [--studies 1000] [--resamples 500]

Test sets of supports 10 to 300, images alone and in groups of two and three, models that are calibrated and too sure
(`tests.core.evaluation.simulated`); null studies of eleven and twenty-one equal configurations, with 1 and 5 seeds
(`tests.core.evaluation.test_families`). Intervals should hold the truth in 93 to 97 % for supports of 50 and more; of
null studies at most 5 % should find a difference.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from core.evaluation.families import compare_family
from core.evaluation.intervals import OVERALL
from tests.core.evaluation.simulated import CLASSES, Population, coverage
from tests.core.evaluation.test_families import a_study

POPULATIONS = (
    Population((10, 20, 30, 50, 154), 1.5),
    Population((10, 20, 30, 50, 154), 2.5),
    Population((55, 154, 300), 1.5),
    Population((55, 154, 300), 2.5, sureness=1.0),
    Population((120, 160, 400), 1.5, together=2),
    Population((165, 300, 450), 2.0, together=3),
)
STUDIES = ((10, 1, "weighted_f1"), (20, 1, "weighted_f1"), (20, 1, "balanced_accuracy"), (10, 5, "weighted_f1"))
"""Configurations beside the baseline, seeds, score."""


def main() -> None:
    """Simulate, print tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=500)
    asked = parser.parse_args()
    say(f"Coverage of 95 % intervals in {asked.trials:,} test sets each, per cent:")
    for population in POPULATIONS:
        found = coverage(population, asked.trials, asked.resamples)
        codes = CLASSES.codes[: len(population.supports)]
        say(f"\n{population}")
        say("  " + ", ".join(f"{name} {100 * found[name]:.1f}" for name in (*OVERALL, "macro_auc", "error")))
        for prefix in ("f1:", "auc:", "difference f1:"):
            told = zip(population.supports, codes, strict=True)
            say(f"  {prefix} " + ", ".join(f"{support}: {100 * found[prefix + code]:.1f}" for support, code in told))
        say("  difference " + ", ".join(f"{name} {100 * found[f'difference {name}']:.1f}" for name in OVERALL))
    say(f"\nNull studies that find a difference, of {asked.studies:,} each:")
    for others, seeds, score in STUDIES:
        share = false_alarms(others, seeds, score, asked.studies, asked.resamples)
        error = 100 * np.sqrt(share * (1 - share) / asked.studies)
        say(f"  {others} configurations, {seeds} seeds, {score}: {100 * share:.1f} % (standard error {error:.1f})")


def false_alarms(others: int, seeds: int, score: str, studies: int, resamples: int) -> float:
    """The share of studies without a difference in which one is found."""
    rng, alarms = np.random.default_rng([others, seeds]), 0
    for number in range(studies):
        base, *rest = a_study(rng, others + 1, seeds)
        family = compare_family(base, rest, score=score, resamples=resamples, seed=number)
        alarms += any(not member.within_noise for member in family.members)
    return alarms / studies


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
