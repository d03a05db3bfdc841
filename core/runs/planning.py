"""From one recipe to the runs it takes: a student without a teacher becomes a teacher run and a student run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.events import CancelToken, Notice, Report, ignore
from core.recipe import Recipe, recipe_hash
from core.recipe.schema import CurriculumRecipe, DistillationRecipe, StudentRecipe
from core.runs.folder import RunFolder, absolute_paths, create_run, default_name
from core.runs.listing import list_runs
from core.runs.status import RunState, RunSummary


@dataclass(frozen=True)
class PlannedRun:
    """A run to make. `needs_teacher_of` is the place (from 0) in the plan of the run whose model teaches it, if any."""

    recipe: Recipe
    name: str
    needs_teacher_of: int | None = None


def plan_runs(recipe: Recipe, runs_root: Path) -> tuple[PlannedRun, ...]:
    """The runs that a recipe takes, in order.

    A student that needs a teacher and names none gets one: a finished teacher run in `runs_root` with exactly the
    same settings where there is one, otherwise a teacher run of its own before it.
    """
    if not recipe.needs_teacher or recipe.teacher.run:
        return (PlannedRun(recipe, default_name(recipe)),)
    teacher = teacher_recipe(recipe)
    known = finished_like(teacher, runs_root)
    if known is not None:
        student = with_teacher(recipe, known.folder)
        return (PlannedRun(student, default_name(student)),)
    return PlannedRun(teacher, default_name(teacher)), PlannedRun(recipe, default_name(recipe), needs_teacher_of=0)


def run_names(recipe: Recipe, runs_root: Path) -> tuple[str, ...]:
    """The names of the runs that `plan_runs` makes of a recipe."""
    return tuple(planned.name for planned in plan_runs(recipe, runs_root))


def teacher_recipe(recipe: Recipe) -> Recipe:
    """The recipe of the teacher run that a student's recipe implies: same data, schedule and hardware."""
    return recipe.model_copy(
        update={
            "task": "teacher",
            "teacher": recipe.teacher.model_copy(update={"run": ""}),
            "student": StudentRecipe(),
            "distillation": DistillationRecipe(),
            "curriculum": CurriculumRecipe(),
        }
    )


def with_teacher(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with this finished run as its teacher."""
    return recipe.model_copy(update={"teacher": recipe.teacher.model_copy(update={"run": str(folder)})})


def finished_like(recipe: Recipe, runs_root: Path) -> RunSummary | None:
    """The newest finished run in `runs_root` whose recipe has the same values (hardware aside), if there is one."""
    wanted = recipe_hash(absolute_paths(recipe, runs_root))
    for summary in list_runs(runs_root):
        finished = summary.status.state is RunState.FINISHED and RunFolder(summary.folder).model_file.is_file()
        if finished and summary.recipe is not None and recipe_hash(summary.recipe) == wanted:
            return summary
    return None


def execute_plan(
    plan: tuple[PlannedRun, ...], runs_root: Path, report: Report = ignore, token: CancelToken | None = None
) -> tuple[RunSummary, ...]:
    """Do the planned runs one after the other; an error or a stop ends the plan, what is finished stays.

    Raises what `core.runs.execute.execute` raises.
    """
    from core.runs.execute import execute

    done: list[RunSummary] = []
    for number, planned in enumerate(plan, 1):
        recipe = planned.recipe
        if planned.needs_teacher_of is not None:
            recipe = with_teacher(recipe, done[planned.needs_teacher_of].folder)
        folder = create_run(recipe, runs=runs_root, name=planned.name)
        if len(plan) > 1:
            report(Notice(f"Run {number} of {len(plan)}: {planned.name}"))
        done.append(execute(folder, report, token))
    return tuple(done)
