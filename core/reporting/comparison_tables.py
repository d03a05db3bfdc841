"""The tables of comparisons: one run against a baseline, several runs against one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluation.intervals import OVERALL
from core.quantities import UNDEFINED
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable
from core.reporting.words import score_name, what_is_drawn

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison, Difference
    from core.evaluation.families import FamilyMember

MAY_BE_CHANCE = "may be chance"
"""What a difference is whose interval holds 0."""

_SHOWN = OVERALL[:3]
"""The scores of a table of several runs."""


def meaning(item: Difference | FamilyMember) -> str:
    """What a difference from the baseline means: better, worse, may be chance, undefined."""
    if item.difference is None:
        return UNDEFINED
    if item.within_noise:
        return MAY_BE_CHANCE
    return "better" if item.difference > 0 else "worse"


def differences_table(comparison: Comparison, baseline: str = "Baseline", other: str = "Other") -> ResultsTable:
    """Score differences of two runs on their common test images, with intervals and what they mean; bold is more than
    chance. Without rows, and with the reason as its note, where the two can not be compared."""
    columns = (
        Column("Score", words=True),
        Column(baseline, f"{baseline} (baseline)", ("Baseline",)),
        Column(other, fields=("This run",)),
        Column("Difference", f"In percentage points; more is better for {other}", ("Points", "Low", "High")),
        Column("Meaning", f"{MAY_BE_CHANCE.capitalize()}, where the interval holds 0", words=True),
    )
    rows = tuple(_row(item) for item in comparison.differences)
    bold = frozenset((row, 3) for row, item in enumerate(comparison.differences) if not item.within_noise)
    drawn = what_is_drawn(by_group=comparison.by_group)
    notes = (
        f"On the {comparison.common:,} test images that both runs have. Differences in percentage points with paired "
        f"95 % bootstrap intervals over {drawn}; {MAY_BE_CHANCE}: the interval holds 0. {len(rows)} scores are "
        "compared, each interval by itself; those of single classes describe, they decide nothing.",
        *comparison.notes,
    )
    notes = notes if comparison.comparable else (comparison.why_not,)
    return ResultsTable(f"{other} against {baseline}", columns, rows, notes, bold)


def comparisons_table(baseline: str, comparisons: Sequence[tuple[str, Comparison]]) -> ResultsTable:
    """Several runs (title, comparison) against one baseline, a row each: the main differences and McNemar's test."""
    columns = (
        Column("Run", words=True),
        Column("Common images"),
        *(Column(score_name(name), fields=cells.within(score_name(name))) for name in _SHOWN),
        Column("Won / lost", fields=("Won", "Lost")),
        Column("McNemar"),
    )
    rows = []
    for title, item in comparisons:
        found = {each.score: cells.difference(each.difference, each.interval) for each in item.differences}
        won, lost = len(item.won), len(item.lost)
        rows.append(
            (
                cells.words(title),
                cells.count(item.common),
                *(found.get(name, cells.nothing(3)) for name in _SHOWN),
                Cell(f"{won:,} / {lost:,}", (won, lost)) if item.comparable else cells.nothing(2),
                cells.chance(None if item.mcnemar is None else item.mcnemar.p_value),
            )
        )
    notes = (
        "Differences in percentage points with paired 95 % intervals. Won / lost: images that only this run, or only "
        "the baseline, got right. McNemar: the two-sided p-value of the exact test on those.",
        *([_many(len(comparisons))] if len(comparisons) > 1 else []),
    )
    return ResultsTable(f"Differences from {baseline}", columns, tuple(rows), notes)


def _row(item: Difference) -> tuple[Cell, ...]:
    return (
        cells.words(score_name(item.score), item.score),
        cells.share(item.baseline),
        cells.share(item.other),
        cells.difference(item.difference, item.interval),
        cells.words(meaning(item)),
    )


def _many(runs: int) -> str:
    """What must be said of so many runs that are compared with one, score by score."""
    return (
        f"{runs * len(_SHOWN)} comparisons ({runs} runs, {len(_SHOWN)} scores), each interval by itself: the more "
        "there are, the likelier one does not hold 0 by chance. Those of the family hold for all runs together."
    )
