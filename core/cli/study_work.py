"""Studies shown before, while and after they are carried out, by whichever command made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import many, print_json, print_text, say, table_lines
from core.cli.run_commands import stoppable_runs
from core.cli.study_documents import (
    outlook_document,
    outlook_lines,
    plan_document,
    plan_lines,
    results_document,
    results_lines,
)
from core.data.types import DataSet
from core.errors import SkinKDError
from core.reporting.planning_table import planning_table
from core.reporting.table import ResultsTable
from core.study.definition import Study, recipe_of
from core.study.engines import ENGINES, SERIAL
from core.study.engines.engine import NO_OPTIONS, EngineOptions, StudyEngine
from core.study.folder import StudyFolder, planned_members
from core.study.outlook import study_outlook
from core.study.results import study_results
from core.user_paths import expanded

if TYPE_CHECKING:
    from core.study.execute import StudyOutcome


EngineOption = Annotated[
    str,
    typer.Option(
        "--engine", help="Where the runs are made: " + "; ".join(f"{name}: {one.help}" for name, one in ENGINES.items())
    ),
]
AddressOption = Annotated[
    str,
    typer.Option(
        "--address",
        metavar="HOST:PORT|auto",
        help="The Ray cluster to use; without it Ray starts on this computer, for this study alone.",
    ),
]
GpusOption = Annotated[
    float | None,
    typer.Option(
        "--gpus-per-run", min=0, help="GPUs of a run on Ray: a whole number, or a part of one (0.5: two runs share it)."
    ),
]


def check_begun(folder: StudyFolder) -> None:
    """Raise `SkinKDError` for a study without a folder."""
    if not folder.study_file.exists():
        raise SkinKDError(
            "The study was not begun", f"There is no {folder.path} yet: begin it without --show and --test."
        )


def show_plans(studies: Sequence[tuple[StudyFolder, Study]], root: Path, as_json: bool) -> None:
    """Print the studies' runs and where they stand."""
    _print([_planned(wanted, folder, root) for folder, wanted in studies], as_json)


def show_results(folders: Sequence[StudyFolder], as_json: bool) -> None:
    """Print what the studies measured so far. Raises `SkinKDError` for one that was not begun."""
    for folder in folders:
        check_begun(folder)
    _print([_measured(folder) for folder in folders], as_json)


@dataclass(frozen=True)
class ChosenEngine:
    """Where the runs are made, what it was told, and the options that say so."""

    engine: StudyEngine = SERIAL
    options: EngineOptions = NO_OPTIONS
    words: str = ""


def chosen_engine(name: str, address: str, gpus_per_run: float | None) -> ChosenEngine:
    """The engine that the options ask for. Raises `BadParameter` for none, or an option that it does not heed."""
    engine = ENGINES.get(name)
    if engine is None:
        raise typer.BadParameter(f"--engine: {ENGINES.unknown(name)}")
    options = EngineOptions(address, gpus_per_run)
    words = f" --engine {name}" if engine is not SERIAL else ""
    for field in fields(EngineOptions):
        value, option = getattr(options, field.name), f"--{field.name.replace('_', '-')}"
        if value in ("", None):
            continue
        if field.name not in engine.takes:
            heeding = ", ".join(one.name for one in ENGINES.values() if field.name in one.takes)
            raise typer.BadParameter(f"{option}: only for --engine {heeding}")
        words += f" {option} {value:g}" if isinstance(value, float) else f" {option} {value}"
    return ChosenEngine(engine, options, words)


def carry_out(
    folders: Sequence[StudyFolder],
    root: Path,
    root_given: bool,
    retry: bool,
    as_json: bool,
    chosen: ChosenEngine,
) -> None:
    """Do the studies, or go on with them, and print what they measured. Raises `Exit` with code 1 when runs failed."""
    from core.study.execute import run_study

    done: list[tuple[str, StudyFolder, StudyOutcome]] = []
    for folder in folders:
        again = f"skinkd-cli study {folder.slug}{f' --runs {root}' if root_given else ''}{chosen.words}"
        with stoppable_runs(partial(_first, again)) as (emit, token):
            outcome = run_study(folder, emit, token, retry=retry, engine=chosen.engine, options=chosen.options)
            done.append((again, folder, outcome))
    _print([_measured(folder, outcome) for _, folder, outcome in done], as_json)
    failed = [(again, len(outcome.failed)) for again, _, outcome in done if outcome.failed]
    for again, count in failed:
        say(f"{many(count, 'run')} failed or could not start. Try again with: {again} --retry")
    if failed:
        raise typer.Exit(1)


def _print(studies: Sequence[tuple[dict[str, Any], list[str]]], as_json: bool) -> None:
    """Documents and lines of studies; of several, JSON is a list of them."""
    if as_json:
        documents = [document for document, _ in studies]
        print_json(documents[0] if len(documents) == 1 else {"studies": documents})
    else:
        for number, (_, lines) in enumerate(studies):
            print_text(*([""] if number else []), *lines)


def _planned(wanted: Study, folder: StudyFolder, root: Path) -> tuple[dict[str, Any], list[str]]:
    from core.data.reading import read_dataset

    begun = folder.members() if folder.study_file.exists() else ()
    standing = {(member.key, member.seed): member for member in begun}
    rows = tuple(standing.get((item.key, item.seed), item) for item in planned_members(wanted))
    dataset = read_dataset(expanded(wanted.base.data.path), wanted.base.class_set, wanted.base.data.choices)
    outlook = study_outlook(wanted, dataset, root) if wanted.paper else None
    planning = _planning(wanted, dataset)
    document = {
        **plan_document(folder.slug, rows),
        "planning": None if planning is None else planning.to_document(),
        **outlook_document(outlook),
    }
    shown = [] if planning is None else table_lines(planning)
    return document, plan_lines(wanted.name, rows, *filter(None, outlook_lines(outlook)), *shown)


def _planning(wanted: Study, dataset: DataSet) -> ResultsTable | None:
    """What the study's test can show; None where there is no plain student to compare others with."""
    from core.data.splitting import count_test_groups

    students = [recipe_of(wanted, item) for item in wanted.configurations if item.repeats]
    parts = {(one.data.test_folds, one.data.test_fold): one.data for one in students}
    compared = len(students) // max(1, len(parts)) - 1
    plain = any(one.alpha is None and not one.applied_curriculum.unusual for one in students)
    if wanted.withholds_test or compared < 1 or not plain:
        return None
    images = sum(count_test_groups(dataset, data) for data in parts.values())
    return planning_table(len(wanted.seeds), compared, images or None)


def _measured(folder: StudyFolder, outcome: StudyOutcome | None = None) -> tuple[dict[str, Any], list[str]]:
    results = study_results(folder)
    return results_document(folder, results, outcome), results_lines(folder, results)


def _first(command: str, started: object) -> str:
    """The command that goes on, whatever was started."""
    return command
