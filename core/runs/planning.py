"""From one recipe to the runs it takes: a student without a teacher becomes a teacher run and a student run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.events import CancelToken, Emit, Notice, ignore
from core.recipe import Recipe, recipe_hash
from core.recipe.learning import CurriculumRecipe, DistillationRecipe
from core.recipe.schema import StudentRecipe, TeacherRecipe
from core.runs.folder import RunFolder, absolute_paths, complete_run, create_run, default_name
from core.runs.listing import list_runs
from core.runs.recorded import throughout
from core.runs.status import RunState, RunSummary


@dataclass(frozen=True)
class PlannedRun:
    """A run to make. `needs_teacher_of` is the place (from 0) in the plan of the run whose model teaches it, if any.
    `folder`: where it is, or is about to be made; None before."""

    recipe: Recipe
    name: str
    needs_teacher_of: int | None = None
    folder: Path | None = None

    @property
    def made(self) -> bool:
        """Whether its recipe lies in its own folder."""
        return self.folder is not None and RunFolder(self.folder).recipe_file.is_file()


Plan = tuple[PlannedRun, ...]


def plan_runs(recipe: Recipe, runs_root: Path) -> Plan:
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


_OF_A_TRAINED_TEACHER = {"architecture", "probe", "weights", "freeze", "drop_rate", "drop_path_rate"}
"""The fields of the section teacher that decide how one is trained; the others say how it is asked."""


def teacher_recipe(recipe: Recipe) -> Recipe:
    """The recipe of the teacher run that a student's recipe implies: same data, schedule and hardware."""
    return recipe.model_copy(
        update={
            "task": "teacher",
            "teacher": TeacherRecipe(**recipe.teacher.model_dump(include=_OF_A_TRAINED_TEACHER)),
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
        same = finished and summary.recipe is not None and recipe_hash(summary.recipe) == wanted
        if same and throughout(RunFolder(summary.folder)):
            return summary
    return None


def _note_nowhere(plan: Plan) -> None:
    """A plan that nobody has to go on with."""


def execute_plan(
    plan: Plan,
    runs_root: Path,
    emit: Emit = ignore,
    token: CancelToken | None = None,
    note: Callable[[Plan], None] = _note_nowhere,
) -> tuple[RunSummary, ...]:
    """Do the planned runs one after the other; an error or a stop ends the plan, what is finished stays.

    `note` is told the plan before each run's folder is made. Who writes it down can call this again with the last plan
    noted, after whatever interruption: its runs are gone on with, none is made or done twice, and a student learns from
    the teacher of its plan. Raises what `core.runs.execute.execute` raises, and what `note` raises.
    """
    from core.runs.execute import execute

    done: list[RunSummary] = []
    for number in range(len(plan)):
        planned = plan[number]
        recipe = planned.recipe
        if planned.needs_teacher_of is not None:
            recipe = with_teacher(recipe, done[planned.needs_teacher_of].folder)
        if planned.folder is None:

            def announce(folder: Path, number: int = number) -> None:
                nonlocal plan
                plan = (*plan[:number], replace(plan[number], folder=folder), *plan[number + 1 :])
                note(plan)

            run = create_run(recipe, runs=runs_root, name=planned.name, announce=announce)
        else:
            run = complete_run(RunFolder(planned.folder), recipe, planned.name)
        if len(plan) > 1:
            emit(Notice(f"Run {number + 1} of {len(plan)}: {planned.name}"))
        done.append(execute(run, emit, token))
    return tuple(done)
