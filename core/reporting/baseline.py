"""Which run the others are compared with where nobody says so: one rule for window, command line and report."""

from __future__ import annotations

from collections.abc import Sequence

from core.reporting.words import kind_of_run
from core.runs.status import RunState, RunSummary


def choose_baseline(runs: Sequence[RunSummary]) -> RunSummary | None:
    """The run that the others are compared with where none is pinned: the oldest plain student, or the oldest run.

    None when there are not at least two finished, tested runs.
    """
    finished = [run for run in runs if run.status.state is RunState.FINISHED and run.scores is not None]
    tested = sorted(finished, key=lambda run: run.status.created)
    if len(tested) < 2:
        return None
    return next((run for run in tested if kind_of_run(run.recipe) == "Plain student"), tested[0])
