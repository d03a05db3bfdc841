"""`import-weights`: weights of elsewhere as a file to start a training from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import JsonOption, print_json, print_text, say


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("import-weights")(import_weights)


def import_weights(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A .pth, .pt, .bin or .safetensors file.")],
    architecture: Annotated[
        str, typer.Option("--architecture", metavar="NAME", help="timm's name of the network that the weights are for.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The .safetensors file to write.")],
    licence: Annotated[
        str, typer.Option("--licence", help="Under which licence the weights are; recorded with every model from them.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Import weights: nothing in the file is run, its tensors are named as timm names them, and what fits is reported.

    Start a training from them with --set teacher.weights=OUT (or student.weights).
    """
    from core.models import importing

    report = importing.import_weights(source, architecture, out, licence=licence)
    if as_json:
        names = {"missing": list(report.missing), "unexpected": list(report.unexpected)}
        facts = {"out": str(report.out), "architecture": report.architecture, "matched": report.matched}
        print_json({**facts, **names, **report.provenance.to_values()})
        return
    print_text(report.text)
    for name in report.unexpected:
        say(f"left out: {name}")
    say(f"Wrote {report.out}.")
