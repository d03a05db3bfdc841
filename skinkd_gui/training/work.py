"""The work of the training queue: what a job does for a waiting run. Heavy imports happen in the job's thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.events import CancelToken, Report
from core.recipe import Recipe
from core.runs.status import RunSummary
from skinkd_gui.training.progress import PlanMade
from skinkd_gui.workers.job import Work


@dataclass(frozen=True)
class QueuedRun:
    """One entry of the queue: a new run by its recipe, or an unfinished one by its folder (and the recipe in it)."""

    name: str
    recipe: Recipe | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class Conditions:
    """How runs are executed here: where, with how many CPU cores left free, and awake or not."""

    runs_root: Path
    threads_left: int = 0
    keep_awake: bool = True


def work_for(run: QueuedRun, conditions: Conditions) -> Work:
    """The function that executes an entry; it returns the summaries of all runs that the entry stood for."""

    def work(report: Report, token: CancelToken) -> tuple[RunSummary, ...]:
        with _awake(conditions.keep_awake):
            if run.folder is not None:
                return (_resume(run.folder, report, token),)
            if run.recipe is None:
                raise ValueError("a queued run needs a recipe or a folder")
            return _train(run.recipe, run.name, conditions, report, token)

    return work


def _resume(folder: Path, report: Report, token: CancelToken) -> RunSummary:
    from core.runs.execute import execute
    from core.runs.folder import RunFolder

    return execute(RunFolder(folder), report, token)


def _train(
    recipe: Recipe, name: str, conditions: Conditions, report: Report, token: CancelToken
) -> tuple[RunSummary, ...]:
    from core.runs.planning import execute_plan, plan_runs

    plan = plan_runs(with_threads(recipe, conditions.threads_left), conditions.runs_root, name)
    report(PlanMade(tuple(item.name for item in plan)))
    return execute_plan(plan, conditions.runs_root, report, token)


def with_threads(recipe: Recipe, left: int) -> Recipe:
    """The recipe with `left` cores kept free, unless it asks for a number of threads itself."""
    if not left or recipe.hardware.threads:
        return recipe
    from core.training.hardware import available_cores

    hardware = recipe.hardware.model_copy(update={"threads": max(1, available_cores() - left)})
    return recipe.model_copy(update={"hardware": hardware})


@contextmanager
def _awake(wanted: bool) -> Iterator[None]:
    """Keep the computer from sleeping (the screen may); does nothing where the system offers no way."""
    if not wanted:
        yield
        return
    from wakepy import keep

    with keep.running(on_fail="pass"):
        yield
