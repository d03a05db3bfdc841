"""`class-sets`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.classes import CLASS_SETS, class_set_to_document
from core.classes.saved import load_class_set, save_class_set, saved_class_sets
from core.cli.console import JsonOption, columns, print_json, print_text, say
from core.recipe import read_recipe


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("class-sets")(class_sets)


def class_sets(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The set to show, or to save.")] = None,
    recipe: Annotated[
        Path | None, typer.Option("--save", metavar="RECIPE", help="Save the classes of this recipe under NAME.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the class sets that come with SkinKD and those that you saved, show one, or save one to use it again."""
    if name is not None and recipe is not None:
        say(f"Saved as {save_class_set(read_recipe(recipe).class_set, name)}.")
    elif recipe is not None:
        raise typer.BadParameter("give the set a name: class-sets NAME --save RECIPE")
    names = [name] if name is not None else [*CLASS_SETS, *saved_class_sets()]
    sets = {each: load_class_set(each) for each in names}
    if as_json:
        print_json([class_set_to_document(found) for found in sets.values()])
    elif name is not None:
        rows = [[item.code, item.name, item.group.value] for item in sets[name].classes]
        print_text(*columns(["class", "name", "group"], rows))
    else:
        rows = [[each, f"{len(found)}", ", ".join(found.codes[:10])] for each, found in sets.items()]
        print_text(*columns(["set", "classes", "codes"], rows, right=["classes"]))
