"""What the study panel shows, read from a study's files and runs; and its tables. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import SkinKDError
from core.events import CancelToken
from core.quantities import NONE, fraction
from skinkd_gui.results.grid import Cell, Grid, GridColumn, plain

if TYPE_CHECKING:
    from core.reporting.bar_figures import BarRun
    from core.study.results import StudyResults, StudyRow


@dataclass(frozen=True)
class StudyFindings:
    """A study's results with the scores of the runs that stand for each method, for the figures."""

    folder: Path
    results: StudyResults
    best: tuple[BarRun, ...]


def find_study(folder: Path, token: CancelToken) -> StudyFindings:
    """Read a study. Raises `SkinKDError` when it can not be read, `Cancelled`."""
    from core.reporting.bar_figures import BarRun
    from core.reporting.study_figures import best_runs
    from core.runs.evidence import load_evidence
    from core.runs.folder import RunFolder
    from core.study.folder import StudyFolder
    from core.study.results import study_results

    results = study_results(StudyFolder(folder))
    best = []
    for run in best_runs(results):
        token.check()
        try:
            evidence = load_evidence(run.folder)
            best.append(BarRun(run.title, evidence.detailed.scores, evidence.intervals, run.role))
        except SkinKDError:  # without its predictions a run still has its scores
            scores = RunFolder(run.folder).scores()
            best += [] if scores is None else [BarRun(run.title, scores, None, run.role)]
    return StudyFindings(folder, results, tuple(best))


def study_grid(results: StudyResults) -> Grid:
    """A row per configuration: measured (mean and standard deviation over its seeds), published, difference."""
    published = any(row.published_f1 is not None for row in results.rows)
    columns = [
        GridColumn("Configuration", words=True),
        GridColumn("Runs", "How many of its runs are finished", ("Runs", "Runs planned")),
    ]
    for name, field in (("Weighted F1", "Weighted F1"), ("Accuracy", "Accuracy")):
        tip = f"{field} on the test images; mean and standard deviation over the seeds"
        columns.append(GridColumn(name, tip, (name, f"{name} sd")))
        if published:
            columns.append(GridColumn("published", f"{field} in the paper, one run", (f"{name} published",)))
            columns.append(
                GridColumn("difference", "Measured less published, in percentage points", (f"{name} difference",))
            )
    rows = tuple(tuple(_cells(row, published)) for row in results.rows)
    return Grid(f"Study: {results.study.name}", tuple(columns), rows, notes=tuple(_notes(results, published)))


def departures_grid(results: StudyResults) -> Grid:
    """How data and recipe differ from the paper's."""
    columns = (GridColumn("What", words=True), GridColumn("Paper", words=True), GridColumn("Here", words=True))
    rows = tuple((plain(item.what), plain(item.paper), plain(item.here)) for item in results.departures)
    return Grid("Departures from the paper", columns, rows)


def warning_of(results: StudyResults) -> str:
    """What must be seen at a glance: that this is not the paper's study, and why scores may not be comparable."""
    lines = []
    count = len(results.departures)
    if count:
        few = "; ".join(f"{item.what}: {item.here} (paper: {item.paper})" for item in results.departures[:3])
        more = f"; and {count - 3} more, see “Departures”" if count > 3 else ""
        lines.append(
            f"Not a reproduction: data or recipe differ from the paper's in {count} "
            f"{'point' if count == 1 else 'points'}, so the published numbers are no yardstick. {few}{more}."
        )
    return "\n".join([*lines, *results.warnings])


def progress_of(results: StudyResults) -> tuple[int, int]:
    """How many runs of the study are finished, of how many."""
    planned = sum(row.planned for row in results.rows)
    return planned - len(results.missing), planned


def _cells(row: StudyRow, published: bool) -> list[Cell]:
    done = len(row.points)
    cells = [
        plain(row.title),
        Cell(str(done) if done == row.planned else f"{done} of {row.planned}", (done, row.planned)),
    ]
    for mean, deviation, printed, difference in (
        (row.mean_f1, row.sd_f1, row.published_f1, row.f1_difference),
        (row.mean_accuracy, row.sd_accuracy, row.published_accuracy, row.accuracy_difference),
    ):
        measured = NONE if mean is None else fraction(mean)
        spread = "" if deviation is None else f" ± {100 * deviation:.1f}"
        cells.append(Cell(f"{measured}{spread}", (mean, deviation)))
        if published:
            cells.append(Cell(NONE if printed is None else fraction(printed), (printed,)))
            points = NONE if difference is None else f"{100 * difference:+.1f}".replace("-", "\u2212")
            cells.append(Cell(points, (difference,)))
    return cells


def _notes(results: StudyResults, published: bool) -> Sequence[str]:
    notes = []
    if any(row.sd_f1 is not None for row in results.rows):
        notes.append("Mean ± standard deviation over the seeds.")
    if published:
        notes.append("Differences in percentage points: measured less published (paper, Table 2, one run each).")
    return notes
