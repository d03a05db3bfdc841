"""`train`, `resume`, `runs` and `demo`."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import JsonOption, RunsOption, many, print_json, print_text, say
from core.cli.documents import result_lines, run_document, runs_lines
from core.cli.interrupt import Interrupted, stoppable
from core.cli.progress import shown_progress
from core.cli.recipe_commands import SetOption
from core.errors import Cancelled, FieldProblem, RecipeError, SkinKDError
from core.events import CancelToken, Emit, Event, RunStarted
from core.paths import cache_root, runs_root
from core.recipe import Preset, Recipe, preset, read_recipe, set_values
from core.settings import SettingsSection
from core.user_paths import full_path, is_file, is_folder, is_there

if TYPE_CHECKING:
    from core.runs.planning import PlannedRun
    from core.runs.status import RunSummary


RecipeArgument = Annotated[
    str, typer.Argument(metavar="RECIPE", help=f"A recipe file, or a preset: {', '.join(Preset)}.")
]
ResumeSetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value from here on, where it may: learning rate, epochs, patience, hardware. Repeatable.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("train")(train)
    app.command("resume")(resume)
    app.command("runs")(list_all)
    app.command("demo")(demo)


def train(
    recipe: RecipeArgument,
    assignments: SetOption = None,
    data: Annotated[Path | None, typer.Option("--data", help="Data folder; goes before the recipe's.")] = None,
    runs: RunsOption = None,
    name: Annotated[str, typer.Option("--name", help="Name of the run.")] = "",
    devices: Annotated[
        int | None, typer.Option("--devices", min=1, help="So many GPUs (on a CPU: processes) make the run together.")
    ] = None,
    nodes: Annotated[
        int | None, typer.Option("--nodes", min=1, help="So many computers do; torchrun starts this on each of them.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train one model: a teacher, a student, or a distilled student (with its teacher first, when none is named)."""
    from core.runs.following import joined

    root = runs or runs_root()
    several = {"hardware.devices": devices, "hardware.nodes": nodes}
    values = [*(assignments or []), *(f"{key}={count}" for key, count in several.items() if count is not None)]
    chosen = prepared(set_values(recipe_of(recipe), values), data, root)
    with joined(chosen.hardware) as leads:
        if leads:
            _train(chosen, root, name, as_json)


def _train(chosen: Recipe, root: Path, name: str, as_json: bool) -> None:
    from core.runs.planning import plan_runs

    plan = plan_runs(chosen, root)
    if name:
        plan = (*plan[:-1], dataclasses.replace(plan[-1], name=name))
    if len(plan) > 1:
        say("The recipe learns from a teacher and names none: the teacher is trained first, then the student.")
    elif chosen.needs_teacher and not chosen.teacher.run:
        say(f"The recipe names no teacher; it learns from the finished run {plan[0].recipe.teacher.run}.")
    _carry_out(plan, root, as_json, then="After that, the same command again trains the student.")


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or its name in the runs folder.")],
    assignments: ResumeSetOption = None,
    data: Annotated[Path | None, typer.Option("--data", help="Where the run's images are now.")] = None,
    teacher: Annotated[
        str,
        typer.Option(
            "--teacher", metavar="RUN_OR_FILE", help="Where the run's teacher is now: a run or its model file."
        ),
    ] = "",
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run that was stopped, interrupted or failed, from its last checkpoint.

    It goes on under the recipe it began with. More epochs, another patience or hardware are fine; another learning rate
    needs --set. All of them are recorded, epoch by epoch.
    """
    from core.runs.amending import amend
    from core.runs.execute import execute
    from core.runs.folder import RunFolder

    folder = RunFolder(find_run(run, runs or runs_root()))

    if data is not None or teacher or assignments:
        for change in amend(folder, data=data, teacher=teacher, assignments=assignments or []):
            say(f"Changed: {change.line}")
    with stoppable_runs(_resume) as (emit, token):
        summary = execute(folder, emit, token)
    _show((summary,), as_json)


def list_all(runs: RunsOption = None, as_json: JsonOption = False) -> None:
    """List the runs, newest first, with the scores of their final test."""
    from core.runs.listing import list_runs

    if runs is not None and not is_folder(runs):
        raise SkinKDError("There is no such folder", f"{runs} does not exist, or is no folder. Check --runs.")
    root = runs or runs_root()
    found = list_runs(root)
    if as_json:
        print_json({"root": str(root), "runs": [run_document(summary) for summary in found]})
        return
    if found:
        print_text(*runs_lines(found))
        for summary in found:
            if summary.status.message:
                say(f"{summary.folder.name}: {summary.status.message}")
    else:
        say(f"No runs in {root}. Train one with: skinkd-cli train RECIPE --data DATA")


def demo(
    runs: RunsOption = None,
    data: Annotated[Path | None, typer.Option("--data", help="Another data set than the sample set.")] = None,
    assignments: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """The whole job on the built-in sample set: teacher, plain student, KL, DIST, and KL with curriculum."""
    from core.demo.plan import SAMPLE_IMAGES, demo_plan, write_demo_images

    folder = data
    if folder is None:
        with stoppable() as token, shown_progress() as emit:
            folder = write_demo_images(cache_root() / "sample-set", SAMPLE_IMAGES, emit, token)
    _carry_out(demo_plan(full_path(folder), assignments or []), runs or runs_root(), as_json)


def find_run(text: str, root: Path, what: str = "run") -> Path:
    """The run folder a user means by a path, a folder's name in `root`, or a run's name. Raises `SkinKDError`."""
    from core.runs.listing import list_runs

    for folder in (Path(text), root / text):
        if is_folder(folder):
            return full_path(folder)
    named = [summary.folder for summary in list_runs(root) if summary.status.name == text]
    if len(named) == 1:
        return named[0].resolve()
    if named:
        folders = ", ".join(sorted(folder.name for folder in named))
        raise SkinKDError("Several runs have this name", f"{text} is the name of {folders}. Give the folder's name.")
    names = sorted(folder.name for folder in root.iterdir() if folder.is_dir()) if root.is_dir() else []
    near = [name for name in names if text in name] or difflib.get_close_matches(text, names, n=3, cutoff=0.4)
    hint = f" Did you mean {' or '.join(near[:3])}?" if near else ""
    raise SkinKDError(f"There is no such {what}", f"{text} is no {what}, nor the name of a run in {root}.{hint}")


def recipe_of(text: str) -> Recipe:
    """The recipe a user means by a file or by a preset's name."""
    if text in list(Preset) and not Path(text).exists():
        return preset(Preset(text))
    return read_recipe(Path(text))


def prepared(recipe: Recipe, data: Path | None, root: Path) -> Recipe:
    """The recipe with its data folder and its teacher as absolute paths. Raises `RecipeError` without a data folder,
    `SkinKDError` where it is not there."""
    if data is None and not recipe.data.path:
        raise RecipeError((FieldProblem("data.path", "no data folder is named; give one with --data DATA"),))
    place = full_path(data or recipe.data.path)
    if not is_there(place):  # said before a run is made and its starting weights are fetched
        raise SkinKDError("The data is not there", f"{place} does not exist. Choose the folder with your images.")
    changes: dict[str, SettingsSection] = {"data": recipe.data.model_copy(update={"path": str(place)})}
    named = (recipe.teacher.run, *recipe.teacher.also)
    run, *also = (_teacher(name, root) if name else "" for name in named)
    changes["teacher"] = recipe.teacher.model_copy(update={"run": run, "also": tuple(also)})
    return recipe.model_copy(update=changes)


def _teacher(name: str, root: Path) -> str:
    """The full path of a teacher that is named by its run or is a model file."""
    return str(full_path(name) if is_file(name) else find_run(name, root))


def _carry_out(plan: Sequence[PlannedRun], root: Path, as_json: bool, *, then: str = "") -> None:
    from core.runs.planning import execute_plan

    with stoppable_runs(partial(_resume, planned=len(plan), then=then)) as (emit, token):
        summaries = execute_plan(tuple(plan), root, emit, token)
    _show(summaries, as_json)


def _show(summaries: Sequence[RunSummary], as_json: bool) -> None:
    if as_json:
        documents = [run_document(summary) for summary in summaries]
        print_json({**documents[-1], "runs": documents})
    elif len(summaries) > 1:
        print_text(*runs_lines(summaries), "", *result_lines(summaries[-1]))
    else:
        print_text(*result_lines(summaries[0]))


@contextmanager
def stoppable_runs(go_on: Callable[[Sequence[Path]], str]) -> Iterator[tuple[Emit, CancelToken]]:
    """Progress and a token for runs. A stop names the run that was stopped and what to do: `go_on` gives the command
    for the runs begun so far, "" where there is nothing to go on with. Raises `Interrupted`."""
    started: list[Path] = []
    with stoppable() as token, shown_progress() as show:

        def emit(event: Event) -> None:
            if isinstance(event, RunStarted):
                started.append(event.folder)
            show(event)

        try:
            yield emit, token
        except Cancelled as cancelled:
            command = go_on(started)
            if not command:
                raise
            last = started[-1] if started else None
            raise Interrupted(f"Stopped; nothing is lost. Go on with: {command}", last) from cancelled


def _resume(started: Sequence[Path], planned: int = 1, then: str = "") -> str:
    if not started:
        return ""
    left = planned - len(started)
    later = f" {many(left, 'planned run')} did not start. {then}".rstrip() if left > 0 else ""
    return f"skinkd-cli resume {started[-1]}{later}"
