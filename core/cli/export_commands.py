"""`export`: a model as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import JsonOption, RunsOption, columns, print_json, print_text, say
from core.cli.interrupt import stoppable
from core.cli.model_commands import TestTimeOption, model_source
from core.cli.progress import shown_progress
from core.errors import SkinKDError
from core.inference.results import RESEARCH_USE
from core.paths import runs_root

if TYPE_CHECKING:
    from core.inference.export.report import ExportReport


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("export")(export)


def export(
    model: Annotated[str, typer.Argument(metavar="RUN|MODEL", help="A run (folder or name), or a model.safetensors.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The .onnx file to write; its check and its card are saved beside it."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--bundle",
            help="In place of --out: a new folder for a programmer, with the file, how a picture becomes its input, "
            "programs, and sample pictures with their answers.",
        ),
    ] = None,
    file_format: Annotated[str, typer.Option("--format", help="onnx is the only one.")] = "onnx",
    quantize: Annotated[
        str,
        typer.Option(
            "--quantize",
            help="fp16: numbers of 16 bits, half of the size; int8: of 8 bits, a smaller and often faster file.",
        ),
    ] = "",
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance", help="Weighted F1 that may be lost, a fraction (default: 0.001; fp16: 0.005; int8: 0.02)."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Where the images are, if not where the run had them.")
    ] = None,
    without_test: Annotated[
        bool, typer.Option("--without-test", help="Write it without images to check its scores on.")
    ] = False,
    averaged: TestTimeOption = False,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export a model as ONNX, checked beside the original before it is offered. Exit code 1 when it is refused."""
    from core.inference.export.exporting import ModelExportOrder
    from core.reporting.model_card.bundle import export_bundle
    from core.reporting.model_card.exported import card_file, export_with_card

    if file_format.lower() != "onnx":
        raise SkinKDError("Unknown format", f"Models are exported as onnx; it is {file_format!r}.")
    target = out or bundle
    if target is None or (out and bundle):
        raise SkinKDError("Where to?", "Name either a file with --out, or a folder with --bundle.")
    order = ModelExportOrder(
        model_source(model, runs or runs_root()), target, quantize.lower(), tolerance, data, without_test, averaged
    )
    with stoppable() as token, shown_progress() as emit:
        found = (export_bundle if bundle else export_with_card)(order, emit, token)
    if as_json:
        from core.inference.export.report import report_to_json

        print_json({**report_to_json(found), "card": str(card_file(found.file)) if found.file else None})
    else:
        _print(found)
    if found.refused:
        raise typer.Exit(1)


def _print(export_report: ExportReport) -> None:
    from core.inference.export.report import HEADER, explanation, table_rows, verdict

    print_text(*columns(HEADER, table_rows(export_report), right=HEADER[1:]))
    say("", verdict(export_report))
    say(f"Checked on {export_report.checked_on}. {explanation(export_report)}")
    for note in export_report.notes:
        say(f"Note: {note}")
    if export_report.file is not None:
        say(f"Wrote {export_report.file}; its check and its model card (README.md) are beside it.")
    say(RESEARCH_USE)
