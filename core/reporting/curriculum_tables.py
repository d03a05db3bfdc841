"""What a curriculum does to the classes: what its first batches hold, and how unevenly its students serve them.

The paper suspects that sorting by the teacher's confidence begins with few of the classes, and sees a higher variance
of the classes' F1 with it (section 5.5.1).
"""

from __future__ import annotations

from collections.abc import Sequence

from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable
from core.runs.first_epoch import FirstEpoch
from core.study.results import StudyResults, StudyRow

_BEGINNING = 0.1
_VARIANCE = "variance of the classes' F1 (squared points), the mean over the runs"


def first_batches_table(runs: Sequence[tuple[str, FirstEpoch]]) -> ResultsTable:
    """For each run (title, its first epoch): which classes the first tenth of its batches, and the whole epoch held."""
    if not runs:
        return ResultsTable("")
    codes = runs[0][1].codes
    columns = (
        Column("Run", words=True),
        Column("Batches", words=True),
        *(Column(code) for code in codes),
        Column("Largest class", "The share of the class with the most images"),
    )
    rows: list[tuple[Cell, ...]] = []
    for title, first in runs:
        if first.codes != codes:
            continue
        for words, end in (("first tenth", _BEGINNING), ("whole epoch", 1.0)):
            shares = first.fractions(0.0, end)
            rows.append((cells.words(title), cells.words(words), *map(cells.share, shares), cells.share(max(shares))))
    note = "Shares of the images in the first epoch's batches, repeats included, in the order in which they were shown."
    return ResultsTable("Classes in the first batches", columns, tuple(rows), (note,))


def curriculum_table(results: StudyResults) -> ResultsTable:
    """Each configuration without and with the curriculum: weighted F1, and the variance of the classes' F1. No rows in
    a study without such pairs."""
    rows = tuple(
        (
            cells.words(ordered.title, ordered.key),
            cells.share(without.mean_f1),
            cells.share(ordered.mean_f1),
            cells.change(_difference(without.mean_f1, ordered.mean_f1)),
            _variance(without.f1_variance),
            _variance(ordered.f1_variance),
            _variance(_difference(without.f1_variance, ordered.f1_variance), signed=True),
        )
        for without, ordered in _pairs(results.without_controls)
        if without.points and ordered.points
    )
    columns = (
        Column("Configuration", words=True),
        Column("F1 without", "Weighted F1 without the curriculum"),
        Column("F1 with", "Weighted F1 with the curriculum"),
        Column("difference", "With less without, in points", ("F1 difference",)),
        Column("Variance without", f"Without the curriculum: {_VARIANCE}"),
        Column("Variance with", f"With the curriculum: {_VARIANCE}"),
        Column("difference", "With less without", ("Variance difference",)),
    )
    higher = sum(row[6].values[0] is not None and float(row[6].values[0]) > 0 for row in rows)
    notes = (
        "Variance of the classes' F1 on the test images, in squared percentage points (for programs: of fractions): "
        "how unevenly a model serves the classes.",
        f"Higher with the curriculum in {higher} of {len(rows)} pairs. The paper found it higher.",
    )
    return ResultsTable("With and without curriculum", columns, rows, notes if rows else ())


def _pairs(rows: Sequence[StudyRow]) -> list[tuple[StudyRow, StudyRow]]:
    """Rows that differ by the curriculum alone, as far as method, alpha and test fold say."""
    plain = {(row.method, row.alpha, row.fold): row for row in rows if not row.curriculum and not row.is_teacher}
    keyed = [((row.method, row.alpha, row.fold), row) for row in rows if row.curriculum]
    return [(plain[key], row) for key, row in keyed if key in plain]


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _variance(value: float | None, *, signed: bool = False) -> Cell:
    if value is None:
        return cells.nothing()
    text = format(1e4 * value, "+.0f" if signed else ".0f")
    return Cell(text.replace("-", "−"), (value,))
