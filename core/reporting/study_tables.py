"""The tables of studies: measured beside published, and what departs from the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable, of_texts
from core.study.departures import READINGS
from core.study.paper import FINE_ALPHAS
from core.study.published import fine_sweep_table, published_table

if TYPE_CHECKING:
    from core.study.results import StudyResults, StudyRow


def study_table(results: StudyResults) -> ResultsTable:
    """A row per configuration: measured scores over its seeds, beside the published ones where there are any."""
    published = any(row.published_f1 is not None or row.published_accuracy is not None for row in results.rows)
    columns = [
        Column("Configuration", words=True),
        Column("Parameters", "The size of the model (M: millions of learned numbers)"),
        Column("Runs", "How many of its runs are finished", ("Runs", "Runs planned")),
    ]
    for name in ("Weighted F1", "Accuracy"):
        tip = f"{name} on the test images; mean and standard deviation over the seeds"
        columns.append(Column(name, tip, (name, f"{name} sd")))
        if published:
            columns.append(Column("published", f"{name} in the paper, one run", (f"{name} published",)))
            columns.append(Column("difference", "Measured less published, in points", (f"{name} difference",)))
    rows = tuple(tuple(_cells(row, published)) for row in results.rows)
    notes = tuple(_notes(results, published))
    return ResultsTable(f"Study: {results.study.name}", tuple(columns), rows, notes)


def departures_table(results: StudyResults) -> ResultsTable:
    """How data and recipe differ from the paper's; below, how what it leaves open is read."""
    rows = [(item.what, item.paper, item.here) for item in results.departures] or [("Nothing departs", "", "")]
    notes = [item.sentence for item in READINGS]
    return of_texts("Departures from the paper", ("What", "Paper", "Here"), rows, words=3, notes=notes)


def _cells(row: StudyRow, published: bool) -> list[Cell]:
    done = len(row.points)
    runs = str(done) if done == row.planned else f"{done} of {row.planned}"
    found = [cells.words(row.title), cells.parameters(row.parameters), Cell(runs, (done, row.planned))]
    for mean, deviation, printed, difference in (
        (row.mean_f1, row.sd_f1, row.published_f1, row.f1_difference),
        (row.mean_accuracy, row.sd_accuracy, row.published_accuracy, row.accuracy_difference),
    ):
        found.append(cells.spread(mean, deviation))
        if published:
            found.append(cells.nothing() if printed is None else cells.share(printed))
            found.append(cells.change(difference))
    return found


def _notes(results: StudyResults, published: bool) -> list[str]:
    count = "" if results.test_images is None else f"{results.test_images:,} "
    notes = [f"Scores of the {count}test images."]
    if len(results.study.seeds) > 1:
        notes.append(
            "Mean ± standard deviation over the seeds: students of one teacher and one split, not other test images."
        )
    else:
        notes.append("One run each: a difference between two rows may be chance. Several seeds show the spread.")
    if published:
        notes.append("Differences in percentage points: measured less published, one run each.")
        notes.append(f"Paper: {published_table().source}.")
        finer = {f"kl-{alpha:g}" for alpha in FINE_ALPHAS}
        notes += [fine_sweep_table().note] if any(row.key in finer for row in results.rows) else []
    return notes
