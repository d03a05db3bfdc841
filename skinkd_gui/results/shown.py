"""What all panels show together: the selected runs, the one in front, the baseline, what is known of them. No Qt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.reporting.facts.record import RunRecord
from core.reporting.scored_runs import ScoredRun, scored_run
from core.runs.status import RunSummary
from skinkd_gui.results.findings import Findings, RunFindings

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison
    from core.evaluation.intervals import ScoreIntervals
    from core.runs.evidence import Evidence

Role = Literal["", "teacher", "baseline"]

READING = "Reading the run..."


@dataclass(frozen=True)
class Shown:
    """`runs` are selected, `current` was touched last; `baseline` may be one of them or another run, `pinned` tells
    that the user chose it. `findings` is None while it is being read."""

    runs: tuple[RunSummary, ...]
    current: RunSummary
    baseline: RunSummary | None = None
    pinned: bool = False
    findings: Findings | None = None

    @property
    def several(self) -> bool:
        """Whether more than one run is selected."""
        return len(self.runs) > 1

    @cached_property
    def together(self) -> tuple[RunSummary, ...]:
        """What figures of several runs show: the baseline first, then the selected runs."""
        if self.baseline is None:
            return self.runs
        first = self.baseline
        return (first, *(run for run in self.runs if run.folder != first.folder))

    @property
    def others(self) -> tuple[RunSummary, ...]:
        """The selected runs that can be compared with the baseline; none without one."""
        return self.together[1:] if self.baseline is not None else ()

    @property
    def front(self) -> RunSummary | None:
        """The run that is compared with the baseline in panels that show one pair; None without a baseline."""
        others = self.others
        return next((run for run in others if run.folder == self.current.folder), others[0] if others else None)

    def is_baseline(self, run: RunSummary) -> bool:
        """Whether the others are compared with this run."""
        return self.baseline is not None and run.folder == self.baseline.folder

    def role(self, run: RunSummary) -> Role:
        """How a run is marked in figures."""
        if self.is_baseline(run):
            return "baseline"
        return "teacher" if run.recipe is not None and run.recipe.task == "teacher" else ""

    def title(self, run: RunSummary) -> str:
        """A run's name: without what all names shown begin with ("Study: "), and with its folder's time where two have
        the same."""
        name = run.status.name
        full = f"{name} ({run.folder.name[:15]})" if self._names[name] > 1 else name
        return full.removeprefix(self._beginning)

    def known(self, run: RunSummary) -> RunFindings | None:
        """What was read of a run; None while it is being read and for runs beyond those looked at closely."""
        return None if self.findings is None else self.findings.of(run.folder)

    def evidence(self, run: RunSummary) -> Evidence | None:
        """A run's test results, where there are any."""
        known = self.known(run)
        return None if known is None else known.evidence

    def scored(self, run: RunSummary) -> ScoredRun:
        """A run for the tables of scores."""
        return scored_run(run, self.evidence(run), self.title(run), baseline=self.is_baseline(run))

    @property
    def scored_together(self) -> tuple[ScoredRun, ...]:
        """The runs of `together` for tables."""
        return tuple(self.scored(run) for run in self.together)

    def intervals(self, run: RunSummary) -> ScoreIntervals | None:
        """The intervals of a run's scores, where they are known."""
        return self.scored(run).intervals

    def details(self, run: RunSummary) -> RunRecord:
        """What a run's folder says; the summary alone while it is being read."""
        known = self.known(run)
        return RunRecord(run) if known is None else known.details

    def comparison(self, run: RunSummary) -> Comparison | None:
        """How a run compares with the baseline."""
        return None if self.findings is None else self.findings.comparison(run.folder)

    def why_not(self, run: RunSummary) -> str:
        """Why there are no test results of a run: it is being read, or what is wrong."""
        known = self.known(run)
        if self.findings is None:
            return READING
        return "Only the first runs of a large selection are looked at closely." if known is None else known.why_not

    @cached_property
    def _beginning(self) -> str:
        """What all names begin with, up to a colon; empty where there is one run."""
        names = list(self._names)
        head, colon, _ = names[0].partition(": ")
        begins = head + colon
        shared = bool(colon) and len(names) > 1 and all(len(name) > len(begins) for name in names)
        return begins if shared and all(name.startswith(begins) for name in names) else ""

    @cached_property
    def _names(self) -> Counter[str]:
        folders: dict[Path, str] = {run.folder: run.status.name for run in self.together}
        return Counter(folders.values())
