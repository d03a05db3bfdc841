"""`recipe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import JsonOption, print_json, print_text, say, write_new
from core.recipe import Preset, preset, recipe_to_toml, set_values

SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value: section.key=value. Repeatable.")
]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("recipe")(recipe)


def recipe(
    name: Annotated[
        Preset, typer.Option("--preset", help="paper (to the letter), paper-lesion, quick, best, best-cpu.")
    ] = Preset.PAPER,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; without it the recipe is printed.")] = None,
    assignments: SetOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a recipe (TOML) to edit: every setting of a run, with its explanation."""
    chosen = set_values(preset(name), assignments or [])
    text = recipe_to_toml(chosen)
    if out is not None:
        write_new(out, text, force=force)
    if as_json:
        path = None if out is None else str(out)
        print_json({"preset": name.value, "path": path, "recipe": chosen.model_dump(mode="json"), "toml": text})
    elif out is None:
        print_text(*text.rstrip("\n").split("\n"))
    else:
        say(f"Wrote {out}. Set data.path in it, then: skinkd-cli train {out}")
