"""The work of the training queue: what a job does for a waiting run. Heavy imports happen in the job's thread."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.runs.status import RunSummary
from skinkd_gui.training.entries import NotePlan, QueuedRun, note_nowhere
from skinkd_gui.training.progress import PlanMade, PlanNoted
from skinkd_gui.workers.job import Work

if TYPE_CHECKING:
    from core.recipe import Recipe
    from core.runs.planning import Plan

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Conditions:
    """How runs are executed here: where their folders are, how many CPU cores they leave free, and what writes down
    which runs an entry takes."""

    runs_root: Path
    threads_left: int = 0
    note: NotePlan = note_nowhere


@dataclass(frozen=True)
class UnfinishedStudy:
    """A study that is not complete: `done` of `total` runs are finished, `failed` ended by an error."""

    folder: Path
    name: str
    done: int
    failed: int
    total: int


def unfinished_studies(runs_root: Path) -> tuple[UnfinishedStudy, ...]:
    """The studies in a folder of runs that can be gone on with; one that can not be read is logged and left out."""
    from core.study.folder import list_studies

    found = []
    for folder in list_studies(runs_root):
        try:
            name, members = folder.study().name, folder.members()
        except SkinKDError:
            _log.warning("the study in %s can not be read", folder.path, exc_info=True)
            continue
        done, failed = sum(member.finished for member in members), sum(member.failed for member in members)
        if done < len(members):
            found.append(UnfinishedStudy(folder.path, name, done, failed, len(members)))
    return tuple(found)


def work_for(run: QueuedRun, conditions: Conditions) -> Work:
    """The function that executes an entry; it returns the summaries of all runs that the entry stood for."""

    def work(emit: Emit, token: CancelToken) -> tuple[RunSummary, ...]:
        if run.study is not None:
            return _study(run.study, emit, token)
        if run.folder is not None:
            return (_resume(run.folder, emit, token),)
        if run.recipe is None:
            raise ValueError("a queued run needs a recipe, a folder or a study")
        return _train(run, conditions, emit, token)

    return work


def _resume(folder: Path, emit: Emit, token: CancelToken) -> RunSummary:
    from core.runs.execute import execute
    from core.runs.folder import RunFolder

    return execute(RunFolder(folder), emit, token)


def _study(folder: Path, emit: Emit, token: CancelToken) -> tuple[RunSummary, ...]:
    """All runs of a study that are not finished yet, also those that failed before: the user asked for them again.

    Those that fail are told as notices and end none of the others.
    """
    from core.study.execute import run_study
    from core.study.folder import StudyFolder

    outcome = run_study(StudyFolder(folder), emit, token, retry=True)
    return outcome.finished


def _train(run: QueuedRun, conditions: Conditions, emit: Emit, token: CancelToken) -> tuple[RunSummary, ...]:
    """The runs that a recipe takes; those of an entry that was interrupted are decided already, and gone on with."""
    from core.runs.planning import execute_plan

    def note(plan: Plan) -> None:
        conditions.note(run.id, plan)
        emit(PlanNoted(plan))

    plan = run.plan or _planned(run, conditions)
    emit(PlanMade(tuple(item.name for item in plan)))
    return execute_plan(plan, conditions.runs_root, emit, token, note)


def _planned(run: QueuedRun, conditions: Conditions) -> Plan:
    from core.runs.planning import plan_runs

    assert run.recipe is not None
    *before, last = plan_runs(with_threads(run.recipe, conditions.threads_left), conditions.runs_root)
    return (*before, replace(last, name=run.name or last.name))


def with_threads(recipe: Recipe, left: int) -> Recipe:
    """The recipe with `left` cores kept free, unless it asks for a number of threads itself."""
    if not left or recipe.hardware.threads:
        return recipe
    from core.training.hardware import available_cores

    hardware = recipe.hardware.model_copy(update={"threads": max(1, available_cores() - left)})
    return recipe.model_copy(update={"hardware": hardware})
