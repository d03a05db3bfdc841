"""`statement` and `robustness`: what a report says of a run beyond its scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import JsonOption, RunsOption, print_json, print_text, say, table_lines
from core.cli.interrupt import stoppable
from core.cli.model_commands import DeviceOption
from core.cli.progress import shown_progress
from core.cli.run_commands import find_run
from core.paths import runs_root


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("statement")(statement)
    app.command("robustness")(robustness)


def statement(
    run: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs (folders or names).")],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ENTRY=TEXT", help="Fill an entry; an empty text takes it away. Repeatable."),
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Fill the entries of a TOML file, as this command prints it.")
    ] = None,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The form on a study: origin of images and labels, intended use, limits. Prints it as TOML, or fills it.

    Without --set and --from nothing is changed, and one run's form is printed; several with --json.
    """
    from core.runs.statement import StudyStatement, read_entries, read_statement, statement_text, write_statement

    folders = [find_run(text, runs or runs_root()) for text in run]
    changes: dict[str, str] = {}
    if source is not None:
        changes |= read_entries(source).entries
    for text in assignments or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"--set takes ENTRY=TEXT; it is {text[:60]!r}")
        changes[key.strip()] = value
    if not (changes or as_json) and len(folders) > 1:
        raise typer.BadParameter("one form is printed: name one run, or see those of several with --json")
    found: list[StudyStatement] = []
    for folder in folders:
        before = read_statement(folder)
        after = before.with_entries(changes)
        if changes and after != before:
            write_statement(folder, after)
        found.append(after)
    if as_json:
        pairs = zip(folders, found, strict=True)
        print_json({"runs": [{"folder": str(folder), "entries": dict(each.entries)} for folder, each in pairs]})
    elif changes:
        for folder, each in zip(folders, found, strict=True):
            print_text(f"{folder}: {len(each.entries)} entries")
    else:
        print_text(*statement_text(found[0]).rstrip("\n").split("\n"))


def robustness(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A finished run (folder or name).")],
    corruption: Annotated[
        list[str] | None,
        typer.Option("--corruption", help="blur, noise, bright, dark, jpeg or hair. Repeatable; default: all."),
    ] = None,
    device: DeviceOption = "auto",
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a run on its test images when they are blurred, noisy, too bright or dark, compressed, or hairy.

    It takes an inference of the test images for each of five severities. The result is kept with the run.
    """
    from core.reporting.measured_tables import robustness_table
    from core.runs.folder import RunFolder
    from core.runs.robustness import FILE_NAME, measure_robustness

    folder = find_run(run, runs or runs_root(), "run folder")
    with stoppable() as token, shown_progress() as emit:
        found = measure_robustness(RunFolder(folder), corruption or (), device=device, emit=emit, token=token)
    table = robustness_table(found)
    if as_json:
        print_json({"folder": str(folder), "images": found.images, "clean": found.clean, **table.to_document()})
        return
    print_text(*table_lines(table))
    say(f"Kept in {folder / FILE_NAME}; reports show it.")
