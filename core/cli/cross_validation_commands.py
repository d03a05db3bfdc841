"""`cross-validate`: a recipe, or several, over folds; the test part is withheld until one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.console import JsonOption, RunsOption
from core.cli.recipe_commands import SetOption
from core.cli.run_commands import RecipeArgument, prepared, recipe_of
from core.cli.study_commands import seeds_in
from core.cli.study_work import AddressOption, EngineOption, GpusOption, carry_out, chosen_engine, show_plans
from core.paths import runs_root
from core.recipe import Recipe, set_values, value_of
from core.study.engines import SERIAL
from core.study.folder import create_study, study_folder
from core.study.folds import FOLDS, MOST_FOLDS, TEACHER_AXES, cross_validated, teacher_candidates

_TEACHERS = ", ".join(TEACHER_AXES["teacher.architecture"])
_DEPTHS = ", ".join(f"{depth:g}" for depth in TEACHER_AXES["teacher.freeze"])


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("cross-validate")(cross_validate)


def cross_validate(
    recipe: RecipeArgument,
    data: Annotated[Path | None, typer.Option("--data", help="Data folder; goes before the recipe's.")] = None,
    folds: Annotated[int, typer.Option("--folds", min=2, max=MOST_FOLDS, help="How many folds.")] = FOLDS,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary", metavar="KEY=VALUE,VALUE", help="Values to choose from; several make every combination."
        ),
    ] = None,
    teachers: Annotated[
        bool,
        typer.Option(
            "--teacher-candidates",
            help=f"Choose a teacher as the paper did: {_TEACHERS}, with {_DEPTHS} of their depth frozen.",
        ),
    ] = False,
    assignments: SetOption = None,
    seeds: Annotated[str, typer.Option("--seeds", help="Seeds of each fold's training, such as 0,1,2.")] = "",
    name: Annotated[str, typer.Option("--name", help="Name of the study.")] = "",
    runs: RunsOption = None,
    engine: EngineOption = SERIAL.name,
    address: AddressOption = "",
    gpus_per_run: GpusOption = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try runs again that failed before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the runs; make nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a recipe once for each fold, or several to choose from by their mean validation score over the folds.

    No model sees the test part until one is chosen: skinkd-cli study NAME --test CANDIDATE. The same again goes on.
    """
    root, chosen = runs or runs_root(), chosen_engine(engine, address, gpus_per_run)
    base = prepared(set_values(recipe_of(recipe), assignments or []), data, root)
    base = teacher_candidates(base) if teachers else base
    axes = {**(TEACHER_AXES if teachers else {}), **_axes(base, vary or [])}
    wanted = cross_validated(base, folds=folds, vary=axes, seeds=seeds_in(seeds) or (0,), name=name.strip())
    if dry_run:
        show_plans([(study_folder(wanted, root), wanted)], root, as_json)
    else:
        carry_out([create_study(wanted, root)], root, runs is not None, retry, as_json, chosen)


def _axes(recipe: Recipe, texts: Sequence[str]) -> dict[str, list[Any]]:
    """`section.key=value,value` as values to choose from, each read as `--set` reads it."""
    found: dict[str, list[Any]] = {}
    for text in texts:
        key, sign, values = text.partition("=")
        if not sign:
            raise typer.BadParameter(f"--vary: KEY=VALUE,VALUE, such as teacher.freeze=0,0.5; it is {text!r}")
        key = key.strip()
        found[key] = [value_of(set_values(recipe, [f"{key}={value.strip()}"]), key) for value in values.split(",")]
    return found
