"""`sample-data` and `inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from core.classes import CLASS_SETS, ClassSet
from core.cli.console import JsonOption, many, print_json, print_text, say
from core.cli.documents import data_document, data_lines, problems_document, problems_lines
from core.cli.interrupt import stoppable
from core.cli.label_mapping import mapped_labels, mapping_document, mapping_lines, write_mapping
from core.cli.progress import shown_progress
from core.data.choices import Choices
from core.data.leakage import Leakage
from core.data.types import DataSet, GroupBy, ProblemKind, undecided
from core.errors import SkinKDError
from core.recipe import Recipe, read_recipe


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("sample-data")(sample_data)
    app.command("inspect")(inspect)


def sample_data(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write into.")],
    images: Annotated[int, typer.Option("--images", min=8, help="How many images.")] = 800,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same images.")] = 0,
    size: Annotated[int, typer.Option("--size", min=32, max=1024, help="Width and height in pixels.")] = 128,
    as_json: JsonOption = False,
) -> None:
    """Write the built-in synthetic sample set (ISIC 2019 layout): to try SkinKD, never to judge a model."""
    from core.data.reading import read_dataset
    from core.demo.sample_set import SHOWN_CLASSES, write_sample_set

    with stoppable() as token, shown_progress() as emit:
        folder = write_sample_set(out, images=images, seed=seed, size=size, emit=emit, token=token)
        dataset = read_dataset(folder, CLASS_SETS[SHOWN_CLASSES])
    if as_json:
        print_json(data_document(dataset))
    else:
        print_text(*data_lines(dataset))


def inspect(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Data folder, or a table of images and labels.")],
    layout: Annotated[str | None, typer.Option("--layout", help="auto, tables or folders.")] = None,
    recipe: Annotated[
        Path | None,
        typer.Option("--recipe", help="A recipe whose [classes] say what labels mean; default: ISIC 2019's classes."),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option("--classes", help="A class set by name, or own: every label is a class of its own."),
    ] = None,
    image_column: Annotated[
        str | None, typer.Option("--image-column", help="Of several columns of images the one to use.")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option("--label-column", help="Of several columns of labels the one to use.")
    ] = None,
    image_type: Annotated[
        str | None, typer.Option("--image-type", help="Of several kinds of pictures the one to use.")
    ] = None,
    show_map: Annotated[bool, typer.Option("--map", help="Show the labels and what each becomes, no images.")] = False,
    decisions: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="LABEL=CODE", help="With --map: what a label means; LABEL= leaves it out."),
    ] = None,
    leave_out_rest: Annotated[
        bool, typer.Option("--leave-out-rest", help="With --map: leave out what nobody understands.")
    ] = False,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="RECIPE", help="With --map: write the classes into this recipe.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Tables and file names only: do not open the images.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a data set's layout, images per class, lesions, and every problem by name and reason."""
    base = read_recipe(recipe) if recipe else Recipe()
    given = {"layout": layout, "image_column": image_column, "label_column": label_column, "image_type": image_type}
    choices = Choices(
        **{**base.data.choices.__dict__, **{key: value for key, value in given.items() if value is not None}}
    )
    if show_map or decisions or leave_out_rest or write:
        found = mapped_labels(data, classes or base.class_set, choices, decisions or [], leave_out_rest=leave_out_rest)
        if write is not None:
            write_mapping(write, data, found, choices)
        if as_json:
            print_json(mapping_document(found))
        else:
            print_text(*mapping_lines(found))
            if write is not None:
                say(f"Wrote {write}.")
        return
    class_set = mapped_labels(data, classes, choices, [], leave_out_rest=False).classes if classes else base.class_set
    assert class_set is not None
    _show(data, class_set, choices, quick=quick, as_json=as_json)


def _show(data: Path, classes: ClassSet, choices: Choices, *, quick: bool, as_json: bool) -> None:
    from core.data.checking import check_images, excluded_names
    from core.data.reading import read_dataset

    with stoppable() as token, shown_progress() as emit:
        dataset = read_dataset(data, classes, choices)
        absent = any(problem.kind is ProblemKind.NO_IMAGES for problem in dataset.problems)
        if not quick and not absent:
            dataset = check_images(dataset, emit=emit, token=token)
        left_out = excluded_names(dataset.problems)
        usable = dataset.without(left_out)
        by_image, own = _split_leaks(usable, "image"), _split_leaks(usable, "patient")
    if as_json:
        problems = problems_document(dataset.problems)
        document: dict[str, Any] = {**data_document(dataset), "problems": problems, "left_out": sorted(left_out)}
        document["images_checked"] = not quick and not absent
        document["lesions"]["split_apart_by_image_split"] = by_image[1] if by_image else 0
        document["parts"] = {part.value: count for part, count in dataset.own_parts.items()}
        document["near_copies"] = [list(pair) for pair in dataset.near_copies]
        document["leakage"] = {
            name: _leakage_document(leak[0]) if leak else None for name, leak in (("by_image", by_image), ("own", own))
        }
        print_json(document)
        return
    print_text(*data_lines(dataset), "", *problems_lines(dataset.problems))
    if dataset.near_copies:
        pairs = many(len(dataset.near_copies), "pair")
        print_text("", f"{pairs} of pictures are nearly the same; they stay in one part.")
    if by_image and own:
        print_text("", f"Divided image by image: {by_image[0].sentence}", f"As SkinKD divides: {own[0].sentence}")
    if undecided(dataset.label_counts):
        say(f"Training does not start before these labels are mapped or left out: skinkd-cli inspect {data} --map")
    elif left_out:
        say(f"Training goes on without {many(len(left_out), 'image')} with data.skip_problems = true.")


def _split_leaks(dataset: DataSet, group_by: GroupBy) -> tuple[Leakage, int] | None:
    """What a split by the shares of the recipe would leak, and how many lesions it would put into several parts; None
    where there are too few images to divide."""
    from core.data.leakage import leakage, lesions_on_both_sides
    from core.data.splitting import make_split
    from core.recipe.schema import DataRecipe

    parts: Literal["found", "pooled"] = "pooled" if group_by == "image" else "found"
    try:
        split = make_split(dataset, DataRecipe(group_by=group_by, parts=parts))
    except SkinKDError:
        return None
    return leakage(dataset, split), lesions_on_both_sides(dataset, split)


def _leakage_document(leak: Leakage) -> dict[str, Any]:
    by_class = {code: each.share for code, each in leak.by_class}
    return {"test": leak.total.test, "leaking": leak.total.leaking, "share": leak.total.share, "by_class": by_class}
