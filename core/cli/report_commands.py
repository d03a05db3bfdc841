"""`report`: finished runs as one page for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import JsonOption, RunsOption, many, print_json, print_text
from core.cli.interrupt import stoppable
from core.cli.progress import shown_progress
from core.cli.run_commands import find_run
from core.errors import SkinKDError
from core.paths import runs_root

if TYPE_CHECKING:
    from core.study.folder import StudyFolder


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("report")(report)


def report(
    run: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Run folders, or their names in the runs folder.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write: index.html, tables, figures, recipes.")
    ] = None,
    baseline: Annotated[
        str, typer.Option("--baseline", help="The run to compare with (default: the plain student, or the first run).")
    ] = "",
    study: Annotated[
        str, typer.Option("--study", help="A study's name or folder; without RUN, all its finished runs.")
    ] = "",
    examples: Annotated[
        bool,
        typer.Option("--examples", help="Show pictures: one of each class, and of errors. Mind the terms of the data."),
    ] = False,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a report on finished runs: one HTML page that needs no network, with CSV, LaTeX, PNG and SVG beside it."""
    if out is None:
        raise typer.BadParameter("say where to write the report: --out DIR")
    if not run and not study:
        raise typer.BadParameter("name at least one run, or a study with --study NAME")
    root = runs or runs_root()
    folders = [find_run(text, root) for text in run or []]
    from core.reporting.checklists import checklist_document
    from core.reporting.report import STANDARD, Include, check_folder, collect, write_content

    with stoppable() as token, shown_progress() as show:
        check_folder(out)
        content = collect(
            folders,
            study=_find_study(study, root) if study else None,
            baseline=find_run(baseline, root) if baseline else None,
            include=STANDARD | {Include.EXAMPLES} if examples else STANDARD,
            emit=show,
            token=token,
        )
        page = write_content(content, out, emit=show, token=token)
    files = sorted(path for path in page.parent.rglob("*") if path.is_file() and not path.name.startswith("."))
    if as_json:
        names = [path.relative_to(page.parent).as_posix() for path in files]
        print_json(
            {
                "page": str(page),
                "files": names,
                "checklists": {each.checklist.key: checklist_document(each) for each in content.checklists},
            }
        )
    else:
        print_text(str(page), f"{many(len(files), 'file')} in {page.parent}")


def _find_study(text: str, root: Path) -> Path:
    """The study's folder that a user means by a path, a folder's name or a study's name. Raises `SkinKDError`."""
    from core.study.folder import STUDIES, list_studies

    for folder in (Path(text), root / STUDIES / text):
        if (folder / "study.toml").is_file():
            return folder.resolve()
    found = list_studies(root)
    named = [item.path for item in found if _name_of(item) == text]
    if len(named) == 1:
        return named[0].resolve()
    known = ", ".join(item.path.name for item in found) or "none yet"
    raise SkinKDError("There is no such study", f"{text!r} is no study in {root}. There: {known}.")


def _name_of(study: StudyFolder) -> str:
    """The study's name; "" for a damaged one, which nobody can mean."""
    try:
        return study.study().name
    except SkinKDError:
        return ""
