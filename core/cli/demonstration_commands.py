"""`demonstration`: verdicts on drawn pictures with the model that comes along; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import JsonOption, columns, print_json, print_text, say
from core.cli.interrupt import stoppable
from core.cli.progress import shown_progress


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("demonstration")(demonstration)


def demonstration(
    make: Annotated[
        Path | None,
        typer.Option("--make", metavar="FOLDER", help="Train its model and draw its pictures anew, in a new folder."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Verdicts on six drawn pictures with the model that comes along. It knows drawn pictures only."""
    from core.demo.demonstration import demonstration as shipped
    from core.demo.demonstration import make_demonstration
    from core.inference.classifier import Classifier
    from core.inference.export_table import table_document
    from core.inference.results import SYNTHETIC_WARNING

    with stoppable() as token, shown_progress() as emit:
        found = shipped() if make is None else make_demonstration(make, emit, token)
        classifier = Classifier.load(found.model, "cpu", emit)
        rows = list(classifier.classify(found.pictures, emit, token))
    if as_json:
        print_json({"source": str(found.model), **table_document(rows, classifier.info)})
        return
    cells = [[row.path.name, row.assessment.verdict.words if row.assessment else "-", row.name] for row in rows]
    print_text(*columns(["drawn picture", "verdict", "likeliest"], cells))
    print_text("", f"Model: {found.model}")
    say(SYNTHETIC_WARNING)
