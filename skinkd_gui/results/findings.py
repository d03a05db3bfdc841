"""What the panels know of the selected runs beyond their summaries. Knows no Qt.

Read in a job, and kept: going back to a run costs nothing until its folder has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.events import CancelToken, Phase, Progress, Report
from core.runs.status import RunSummary
from skinkd_gui.results.details import RunDetails, load_details


@dataclass(frozen=True)
class RunFindings:
    """One run: what its folder says."""

    details: RunDetails

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.details.summary.folder


@dataclass(frozen=True)
class Findings:
    """The runs asked for, in their order; `baseline` is the run that the others are compared with, if any."""

    runs: tuple[RunFindings, ...]
    baseline: RunFindings | None = None

    def of(self, folder: Path) -> RunFindings | None:
        """What is known of the run in a folder."""
        every = (*self.runs, self.baseline) if self.baseline else self.runs
        return next((run for run in every if run is not None and run.folder == folder), None)


class FindingsStore:
    """Finds, and keeps what it found."""

    def find(self, runs: Sequence[RunSummary], baseline: Path | None, report: Report, token: CancelToken) -> Findings:
        """What can be known of the runs and of the run in the folder `baseline`; reports progress in runs."""
        found = []
        for number, summary in enumerate(runs):
            report(Progress(Phase.READING, number, len(runs)))
            found.append(RunFindings(load_details([summary], token)[0]))
        return Findings(tuple(found))
