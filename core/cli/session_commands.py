"""`sessions`: what was saved of classifying in the window, its table of results and reviews, and its end."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import JsonOption, agreed, columns, many, print_json, print_text, say
from core.errors import SkinKDError

if TYPE_CHECKING:
    from core.models.info import ModelInfo
    from core.sessions.saved import SavedModel

SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help="A saved session (name or folder).")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    sessions = typer.Typer(
        help="Sessions of classifying that were saved in the window. They stay on this computer.", no_args_is_help=True
    )
    sessions.command("list")(list_)
    sessions.command("export")(export)
    sessions.command("delete")(delete)
    app.add_typer(sessions, name="sessions")


def list_(as_json: JsonOption = False) -> None:
    """The saved sessions, the one saved last first."""
    from core.sessions.files import list_sessions, sessions_root

    found = list_sessions()
    if as_json:
        sessions = [{**asdict(summary), "folder": str(summary.folder)} for summary in found]
        print_json({"folder": str(sessions_root()), "sessions": sessions})
        return
    if found:
        titles = ["session", "saved (UTC)", "images", "reviewed"]
        rows = [
            [session.name, session.changed[:16].replace("T", " "), f"{session.images:,}", f"{session.reviewed:,}"]
            for session in found
        ]
        print_text(*columns(titles, rows, right=titles[2:]))
    say(f"{many(len(found), 'session')} in {sessions_root()}.")


def export(
    session: SessionArgument,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv or .json file to write.")],
    as_json: JsonOption = False,
) -> None:
    """Write what the models said and what the reader says of each image as a table. Its first model must be where it
    was, for the table says what it is."""
    from core.inference.export_table import Beside, check_target, write_table
    from core.inference.patients.tables import PatientColumns
    from core.sessions.files import find_session, read_session

    check_target(out)
    saved = read_session(find_session(session).folder)
    if not saved.models or not saved.models[0].results:
        raise SkinKDError("There is nothing to export", f"No image of {saved.name} was classified when it was saved.")
    first, *others = saved.models
    second = others[0] if others else None
    beside = Beside(
        second={result.path: result for result in second.results} if second else {},
        second_info=_info(second) if second else None,
        reviews={image.path: image.review for image in saved.images if image.review},
        threshold=saved.threshold,
        patients=PatientColumns({image.path: image.facts for image in saved.images if image.facts}),
    )
    write_table(out, first.results, _info(first), beside)
    if as_json:
        print_json({"file": str(out), "images": len(first.results), "reviews": len(beside.reviews)})
    else:
        print_text(f"Wrote {many(len(first.results), 'image')} with {many(len(beside.reviews), 'review')} to {out}.")


def delete(
    session: SessionArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a saved session: marks, notes, results and pasted pictures. The images themselves stay where they are."""
    from core.sessions.files import delete_session, find_session

    found = find_session(session)
    marks = f"{many(found.images, 'image')}, {found.reviewed:,} reviewed"
    if not yes and not agreed(f"Delete {found.name} ({marks}) for good?"):
        raise typer.Abort
    delete_session(found.folder)
    if as_json:
        print_json({"deleted": str(found.folder)})
    else:
        print_text(f"Deleted {found.name}.")


def _info(model: SavedModel) -> ModelInfo:
    from core.inference.classifier import info_of, model_file_of

    return info_of(model_file_of(model.source))
