"""What the panels know of the selected runs beyond their summaries. Knows no Qt.

Read in a job, and kept: going back to a run costs nothing until its folder has changed.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.promises import upright_temperature
from core.events import CancelToken, Emit, Phase, Progress
from core.inference.export import history
from core.reporting.baseline import choose_baseline
from core.reporting.checklists import FilledChecklist, checklists, fill
from core.reporting.facts.record import RunRecord, read_record, whole_record
from core.runs import external, robustness, skin_angles, statement
from core.runs.folder import RunFolder
from core.runs.status import RunState, RunSummary
from skinkd_gui.results.details import UNTESTED

if TYPE_CHECKING:
    from core.evaluation.calibration import Reliability
    from core.evaluation.comparison import Comparison
    from core.evaluation.families import Family
    from core.evaluation.subgroups import Subgroup
    from core.runs.evidence import Evidence
    from core.runs.tables import SplitRow

K = TypeVar("K")
V = TypeVar("V")

MOST_RUNS = 30
"""So many runs are looked at closely at once; the scores of all stand in the table."""

_MEASURED = (robustness.FILE_NAME, external.FOLDER, history.FOLDER, skin_angles.FILE_NAME)
"""What may be added to a finished run."""

_MOST_RUNS = 60
_MOST_SPLITS = 4
_MOST_PAIRS = 400
_MOST_FAMILIES = 20


@dataclass(frozen=True)
class CalibrationFindings:
    """How sure a run is of its test images, as it is and with `temperature`, which was fitted on `fitted_on`
    images of `part`; `after` is None where there are none."""

    before: Reliability
    after: Reliability | None
    temperature: float
    fitted_on: int
    part: Part = Part.VALIDATION


@dataclass(frozen=True)
class RunFindings:
    """One run: what its folder says. `evidence` is None while there is none; then `why_not` says why."""

    details: RunRecord
    why_not: str = ""
    calibration: CalibrationFindings | None = None
    subgroups: tuple[Subgroup, ...] = ()
    checklists: tuple[FilledChecklist, ...] = ()

    @property
    def evidence(self) -> Evidence | None:
        """The run's test."""
        return self.details.evidence

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.details.summary.folder

    @property
    def temperature(self) -> float:
        """What the logits are divided by before they become probabilities."""
        return 1.0 if self.calibration is None else self.calibration.temperature


@dataclass(frozen=True)
class Findings:
    """The runs looked at closely: those asked for, in their order, and the baseline where it is another run.

    `comparisons` pairs the folder of each run with how it compares with the baseline; `family` is all of them at once,
    where there are several.
    """

    runs: tuple[RunFindings, ...]
    baseline: RunSummary | None = None
    comparisons: tuple[tuple[Path, Comparison], ...] = ()
    family: Family | None = None

    def of(self, folder: Path) -> RunFindings | None:
        """What is known of the run in a folder."""
        return next((run for run in self.runs if run.folder == folder), None)

    def comparison(self, folder: Path) -> Comparison | None:
        """How the run in a folder compares with the baseline; None for the baseline itself and without one."""
        return next((found for path, found in self.comparisons if path == folder), None)


class FindingsStore:
    """Finds, and keeps what it found. One reading at a time uses it."""

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[object, ...], RunFindings] = OrderedDict()
        self._pairs: OrderedDict[tuple[object, ...], Comparison] = OrderedDict()
        self._families: OrderedDict[tuple[object, ...], Family | None] = OrderedDict()
        self._splits: deque[tuple[SplitRow, ...]] = deque(maxlen=_MOST_SPLITS)

    def find(self, runs: Sequence[RunSummary], pinned: Path | None, emit: Emit, token: CancelToken) -> Findings:
        """What can be known of the runs and of the run in the folder `pinned`; reports progress in runs."""
        baseline = _baseline(runs, pinned)
        wanted = list(runs[:MOST_RUNS])
        if baseline is not None and all(run.folder != baseline.folder for run in wanted):
            wanted.insert(0, baseline)
        found = []
        for number, summary in enumerate(wanted):
            token.check()
            emit(Progress(Phase.READING, number, len(wanted)))
            found.append(self._run(summary, token))
        others = [run for run in found if baseline is not None and run.folder != baseline.folder]
        first = next((run for run in found if baseline is not None and run.folder == baseline.folder), None)
        pairs = []
        for run in others:
            token.check()
            comparison = None if first is None else self._pair(first, run)
            if comparison is not None:
                pairs.append((run.folder, comparison))
        return Findings(tuple(found), baseline, tuple(pairs), self._family(first, others))

    def _run(self, summary: RunSummary, token: CancelToken) -> RunFindings:
        key = _stamp(summary)
        kept = self._runs.get(key)
        if kept is None:
            kept = self._sharing_split(_analyse(read_record(summary)))
        elif kept.details.summary != summary:  # another name or other tags; the files are the same
            kept = replace(kept, details=replace(kept.details, summary=summary))
        _keep(self._runs, key, kept, _MOST_RUNS)
        return kept

    def _sharing_split(self, run: RunFindings) -> RunFindings:
        """Runs of one data set have the same division: 25,000 rows are kept once, not once a run."""
        rows, evidence = run.details.rows, run.evidence
        known = next((kept for kept in self._splits if kept == rows), None)
        if known is None:
            self._splits.append(rows)
            known = rows
        shared = None if evidence is None else replace(evidence, split=known)
        return replace(run, details=replace(run.details, rows=known, evidence=shared))

    def _pair(self, baseline: RunFindings, other: RunFindings) -> Comparison | None:
        from core.runs.evidence import compare_runs

        if baseline.evidence is None or other.evidence is None:
            return None
        key = (*_stamp(baseline.details.summary), *_stamp(other.details.summary))
        found = self._pairs.get(key)
        if found is None:
            found = compare_runs(baseline.evidence, other.evidence)
        _keep(self._pairs, key, found, _MOST_PAIRS)
        return found

    def _family(self, baseline: RunFindings | None, others: Sequence[RunFindings]) -> Family | None:
        from core.runs.evidence import compare_as_family

        known = [run for run in others if run.evidence is not None]
        if baseline is None or baseline.evidence is None:
            return None
        key = tuple(_stamp(run.details.summary) for run in (baseline, *known))
        if key not in self._families:
            evidences = [run.evidence for run in known if run.evidence is not None]
            _keep(self._families, key, compare_as_family(baseline.evidence, evidences), _MOST_FAMILIES)
        return self._families[key]


def _baseline(runs: Sequence[RunSummary], pinned: Path | None) -> RunSummary | None:
    if pinned is not None:
        among = next((run for run in runs if run.folder == pinned), None)
        if among is not None:
            return among
        if (pinned / "status.json").is_file():
            from core.runs.listing import summarise

            return summarise(RunFolder(pinned))
    return choose_baseline(runs)


def _analyse(details: RunRecord) -> RunFindings:
    from core.evaluation.subgroups import subgroup_scores
    from core.runs.evidence import load_evidence

    summary = details.summary
    if summary.status.state is RunState.FAILED:
        return RunFindings(details, why_not=f"The run failed. {summary.status.message}".strip())
    if summary.status.state is not RunState.FINISHED:
        return RunFindings(details, why_not=UNTESTED)
    try:
        evidence = load_evidence(summary.folder)
        calibration = _calibration(summary.folder, evidence)
    except SkinKDError as error:
        return RunFindings(details, why_not=f"{error.title}. {error.summary}")
    rows = evidence.predictions
    subgroups = subgroup_scores(
        rows.labels, rows.logits.argmax(axis=1), evidence.classes, evidence.people, evidence.groups
    )
    record = whole_record(details, evidence)
    filled = tuple(fill(checklist, record) for checklist in checklists().values())
    return RunFindings(record, "", calibration, subgroups, filled)


def _calibration(folder: Path, evidence: Evidence) -> CalibrationFindings:
    from core.evaluation.calibration import fit_temperature, reliability

    rows = evidence.predictions
    before = reliability(rows.labels, rows.logits, groups=evidence.groups)
    calibrating = RunFolder(folder).predictions().calibrating
    if not calibrating.names:
        return CalibrationFindings(before, None, 1.0, 0)
    temperature = stored_temperature(folder)
    if temperature is None:
        temperature = fit_temperature(calibrating.labels, calibrating.logits)
    after = reliability(rows.labels, rows.logits, temperature, groups=evidence.groups)
    return CalibrationFindings(before, after, temperature, len(calibrating.names), calibrating.parts[0])


def stored_temperature(folder: Path) -> float | None:
    """What the run itself fitted when it ended; None for runs that are older than that."""
    stored = (RunFolder(folder).metrics() or {}).get("calibration")
    return upright_temperature(stored) if isinstance(stored, dict) else None


def _stamp(summary: RunSummary) -> tuple[object, ...]:
    """Changes when the files that everything is computed from do."""
    folder = RunFolder(summary.folder)
    files = (
        folder.metrics_file,
        folder.predictions_file,
        folder.split_file,
        folder.history_file,
        folder.model_file,
        folder.recipe_file,
        *(folder.path / name for name in (*_MEASURED, statement.FILE_NAME)),
    )
    return (summary.folder, summary.status.state, *(file.stat().st_mtime_ns if file.exists() else 0 for file in files))


def _keep(cache: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > most:
        cache.popitem(last=False)
