"""`corrections`, `suspects` and `drift`: look at data and mend them, without touching them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import JsonOption, RunsOption, many, print_json, print_text, table_lines
from core.cli.interrupt import stoppable
from core.cli.progress import shown_progress
from core.cli.run_commands import find_run
from core.errors import SkinKDError
from core.paths import runs_root
from core.recipe import Recipe, read_recipe
from core.runs.folder import RunFolder

if TYPE_CHECKING:
    from core.data.choices import Choices
    from core.data.corrections import Correction, CorrectionKind
    from core.data.drift import Drift
    from core.data.types import DataSet
    from core.events import CancelToken, Emit

_RecipeOption = Annotated[
    Path | None, typer.Option("--recipe", help="A recipe that says how to read the data; default: ISIC 2019's classes.")
]
_Pairs = list[str] | None


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("corrections")(corrections)
    app.command("suspects")(suspects)
    app.command("drift")(drift)


def corrections(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Data folder, or its table.")],
    relabel: Annotated[_Pairs, typer.Option("--relabel", metavar="IMAGE=CODE", help="It shows this class.")] = None,
    exclude: Annotated[_Pairs, typer.Option("--exclude", metavar="IMAGE", help="Leave the image out.")] = None,
    group: Annotated[
        _Pairs, typer.Option("--group", metavar="IMAGE=NAME", help="Images of one NAME are of one lesion or patient.")
    ] = None,
    note: Annotated[_Pairs, typer.Option("--note", metavar="IMAGE=TEXT", help="Only a note.")] = None,
    undo: Annotated[_Pairs, typer.Option("--undo", metavar="IMAGE", help="Take back what was said of it.")] = None,
    take: Annotated[Path | None, typer.Option("--import", help="Add those of another corrections.csv.")] = None,
    export: Annotated[Path | None, typer.Option("--export", help="Write the cleaned data as a table.")] = None,
    recipe: _RecipeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show, add or take back corrections of a data set. The data are never touched; the next run uses them."""
    from core.data.corrections import (
        CorrectionKind,
        corrected,
        corrections_file,
        read_corrections,
        with_corrections,
        without_corrections,
        write_cleaned,
        write_corrections,
    )

    file = corrections_file(data)
    known = before = read_corrections(file)
    if take is not None:
        known = with_corrections(known, read_corrections(take))
    known = without_corrections(known, [each for each in known if each.path in (undo or [])])
    said = {CorrectionKind.RELABEL: relabel, CorrectionKind.GROUP: group, CorrectionKind.NOTE: note}
    pairs = [(kind, *_pair(text)) for kind, texts in said.items() for text in texts or []]
    pairs += [(CorrectionKind.EXCLUDE, image, "") for image in exclude or []]
    if pairs:
        known = with_corrections(known, _made(_read(data, recipe), pairs))
    if known != before:
        write_corrections(file, known)
    if export is not None:
        write_cleaned(export, corrected(_read(data, recipe), known))
    if as_json:
        print_json({"file": str(file), "corrections": [asdict(each) for each in known]})
    else:
        print_text(f"{many(len(known), 'correction')} in {file}", *map(_line, known))


def suspects(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Finished runs over the same data.")],
    most: Annotated[int, typer.Option("--most", min=1, help="How many to show.")] = 50,
    root: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List labels that are likely wrong: where runs are surer of another class than that class's own images are.

    Only images that a run did not learn from count: test images, and of runs that are folds the validating ones.
    """
    from core.runs.corrections import suspects as find

    found = find([RunFolder(find_run(run, root or runs_root())) for run in runs])
    if as_json:
        print_json({"suspects": [asdict(each) for each in found]})
        return
    lines = [f"{each.image}: labelled {each.label}, looks like {each.suggested} ({each.margin:.2f})" for each in found]
    print_text(many(len(found), "suspected label"), *lines[:most])


def drift(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The pictures in question, labelled or not.")],
    data: Annotated[
        Path | None, typer.Argument(metavar="[DATA]", help="The data set that a model was trained on.")
    ] = None,
    model: Annotated[
        str, typer.Option("--model", help="A run or model file: compare with the images that you calibrated it on.")
    ] = "",
    recipe: _RecipeOption = None,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a folder of pictures with a training set: looks, colours, sharpness, and classes where they are known.
    With --model: with the images of your own that a model was calibrated on ('calibrate MODEL --data')."""
    from core.reporting.drift_table import drift_table

    choices = (read_recipe(recipe) if recipe else Recipe()).data.choices
    if (data is None) == (not model):
        raise typer.BadParameter("give either DATA or --model")
    with stoppable() as token, shown_progress() as emit:
        if data is None:
            found = _local_drift(folder, model, runs or runs_root(), choices, emit, token)
        else:
            from core.data.drift import drift_of_folder

            found = drift_of_folder(folder, _read(data, recipe), choices, emit, token)
    if as_json:
        print_json({**asdict(found), "sentence": found.sentence})
    else:
        print_text(found.sentence, "", *table_lines(drift_table(found)))


def _local_drift(folder: Path, model: str, runs: Path, choices: Choices, emit: Emit, token: CancelToken) -> Drift:
    """Against what the model was calibrated on. Raises `SkinKDError` where it was not."""
    from core.cli.model_commands import model_source
    from core.inference.classifier import info_of, model_file_of
    from core.inference.local_calibration import read_local
    from core.inference.local_pictures import local_drift

    source = model_source(model, runs)
    info = info_of(model_file_of(source))
    local = read_local(model_file_of(source), info.classes)
    if local is None:
        raise SkinKDError(
            "The model was not calibrated on your own images",
            f"There is nothing to compare with. 'skinkd-cli calibrate {source} --data FOLDER' calibrates it.",
        )
    return local_drift(local, folder, info, emit, token, choices)


def _pair(text: str) -> tuple[str, str]:
    image, equals, value = text.rpartition("=")
    if not equals or not image or not value:
        raise typer.BadParameter(f"{text!r} should be IMAGE=VALUE")
    return image, value


def _made(dataset: DataSet, changes: Sequence[tuple[CorrectionKind, str, str]]) -> list[Correction]:
    """The corrections; images that are not there, and classes that there are none of, are refused."""
    from core.data.corrections import CorrectionKind, correction

    codes = {record.name: dataset.classes.codes[record.label] for record in dataset.records}
    for kind, image, value in changes:
        if image not in codes:
            raise typer.BadParameter(f"{image!r} is no image of {dataset.root}; name it by its path below that folder")
        if kind is CorrectionKind.RELABEL and dataset.classes.index_of(value) is None:
            raise typer.BadParameter(f"{value!r} is none of the classes {', '.join(dataset.classes.codes[:12])}")
    return [correction(image, kind, value, before=codes[image]) for kind, image, value in changes]


def _line(each: Correction) -> str:
    value = f" {each.before} -> {each.value}" if each.kind == "relabel" else f" {each.value}"
    return f"{each.path}: {each.kind.value}{value if each.value else ''} ({each.author}, {each.time}, {each.source})"


def _read(data: Path, recipe: Path | None) -> DataSet:
    from core.data.reading import read_dataset

    chosen = read_recipe(recipe) if recipe else Recipe()
    return read_dataset(data, chosen.class_set, chosen.data.choices)
