"""`self-test`: everything once, small; without the window, which `skinkd --self-test` opens too."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import print_text


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("self-test")(self_test)


def self_test(
    folder: Annotated[
        Path | None, typer.Argument(help="Keeps what is made: a new or empty folder. Otherwise nothing stays.")
    ] = None,
) -> None:
    """Try training, distilling, classifying, exporting and reporting once, small, without a network; about a minute."""
    from core.demo.self_test import SelfTest, run_steps, teller, temporary_user_folder

    with temporary_user_folder(folder) as place:
        good = run_steps(SelfTest(place).steps(), teller(place, print_text))
    if not good:
        raise typer.Exit(1)
