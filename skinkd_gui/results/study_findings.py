"""What the study panel shows, read from a study's files and runs; and its tables. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import SkinKDError
from core.events import CancelToken
from core.runs.status import RunState
from skinkd_gui.results.cases import RunPredictions
from skinkd_gui.results.findings import stored_temperature

if TYPE_CHECKING:
    from core.evaluation.inherited import Inheritance
    from core.reporting.bar_figures import BarRun
    from core.reporting.study_figures import BestRun
    from core.runs.evidence import Evidence
    from core.study.families import StudyFamily
    from core.study.results import StudyResults


@dataclass(frozen=True)
class SharedErrors:
    """A student beside its teacher: their predictions and the errors that they share; `plain` is the student without a
    teacher (title, its errors beside the same teacher's), None where there is none."""

    title: str
    inherited: Inheritance
    student: RunPredictions
    teacher: RunPredictions
    plain: tuple[str, Inheritance] | None


@dataclass(frozen=True)
class StudyFindings:
    """A study's results with the scores of the runs that stand for each method, for the figures, and how these were
    chosen. `at_work`: some program, here or on another computer, works on it; `running`: so many of its runs are being
    made; `stopping`: it was asked to stop."""

    folder: Path
    results: StudyResults
    best: tuple[BarRun, ...]
    family: StudyFamily
    how_chosen: str = ""
    shared: tuple[SharedErrors, ...] = field(default=(), compare=False)  # of the results' runs; holds arrays
    at_work: bool = False
    running: int = 0
    stopping: bool = False


def find_study(folder: Path, token: CancelToken) -> StudyFindings:
    """Read a study. Raises `SkinKDError` when it can not be read, `Cancelled`."""
    from core.reporting.bar_figures import BarRun
    from core.reporting.study_figures import best_runs, how_chosen
    from core.runs.evidence import load_evidence
    from core.runs.folder import RunFolder
    from core.study.families import study_family
    from core.study.folder import StudyFolder
    from core.study.results import study_results
    from core.study.stopping import stop_asked

    study = StudyFolder(folder)
    results = study_results(study)
    best, read = [], []
    for run in best_runs(results):
        token.check()
        try:
            evidence = load_evidence(run.folder)
            best.append(BarRun(run.title, evidence.detailed.scores, evidence.intervals, run.role))
            read.append((run, evidence))
        except SkinKDError:  # without its predictions a run still has its scores
            scores = RunFolder(run.folder).scores()
            best += [] if scores is None else [BarRun(run.title, scores, None, run.role)]
    token.check()
    running = sum(member.state in (RunState.RUNNING, RunState.PAUSED) for member in study.members())
    family, chosen, shared = study_family(results), how_chosen(results), _shared_errors(read)
    at_work = study.is_locked
    return StudyFindings(
        folder, results, tuple(best), family, chosen, shared, at_work, running, at_work and stop_asked(study)
    )


def _shared_errors(read: Sequence[tuple[BestRun, Evidence]]) -> tuple[SharedErrors, ...]:
    """The best students beside the study's teacher, the first of the runs."""
    from core.evaluation.inherited import inheritance
    from core.runs.evidence import labelled

    teacher = next(((run, evidence) for run, evidence in read if run.row.is_teacher), None)
    if teacher is None:
        return ()
    theirs, answers = labelled(teacher[1]), _predictions(*teacher)
    beside = [(run, evidence, inheritance(theirs, labelled(evidence))) for run, evidence in read]
    plain = next(((run.title, found) for run, _, found in beside if run.row.is_plain and found is not None), None)
    return tuple(
        SharedErrors(run.title, found, _predictions(run, evidence), answers, plain)
        for run, evidence, found in beside
        if found is not None and not run.row.is_teacher and not run.row.is_plain
    )


def _predictions(run: BestRun, evidence: Evidence) -> RunPredictions:
    temperature = stored_temperature(run.folder) or 1.0
    return RunPredictions(run.title, run.folder, evidence.predictions, evidence.classes, temperature)


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
