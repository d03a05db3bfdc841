"""Score a model on labelled data, its own or others; a run keeps what it was tested on besides its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.data.augmentation.augmentation import POSITIONS
from core.data.choices import NO_CHOICES, Choices
from core.data.names import matched
from core.data.types import FITTED, DataSet, Part, Problem
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase
from core.inference.classifier import info_of, is_exported, model_file_of
from core.inference.results import SYNTHETIC_WARNING
from core.inference.test_time import averaged_note
from core.runs.annotations import read_annotations
from core.runs.assess import score_test_part
from core.runs.evidence import withheld_sentence
from core.runs.folder import RunFolder
from core.runs.tables import Predictions, SplitRow

if TYPE_CHECKING:
    from core.data.store import ImageStore
    from core.evaluation.detailed import DetailedScores
    from core.evaluation.intervals import ScoreIntervals
    from core.models.info import ModelInfo


FITTED_TO_THEM = "the model was fitted to them, so these scores are too high"
"""What is said of images that the model knows."""


@dataclass(frozen=True)
class Evaluation:
    """All scores of `images` images with their intervals.

    `left_out` names the images without a usable picture; `part` is empty for all images. `predictions` are what the
    scores come from, `groups` (n,) what belongs together. They are means over `positions` flips
    and turns of each image, 1 or 8.
    """

    model_file: Path
    data: Path
    part: str
    images: int
    detailed: DetailedScores
    intervals: ScoreIntervals
    classes: ClassSet
    left_out: tuple[str, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    synthetic: bool
    predictions: Predictions
    groups: tuple[str, ...]
    positions: int


def evaluate_on(
    source: Path,
    data: Path | None,
    *,
    choices: Choices = NO_CHOICES,
    part: str,
    device: str,
    averaged: bool = False,
    emit: Emit,
    token: CancelToken,
) -> Evaluation:
    """Score the model of a run folder or model file on `data` (default: the test part of the run's own data), with
    test-time augmentation (`core.inference.test_time`) if `averaged`.

    Images that can not be used are left out and named. Raises `SkinKDError` when there is nothing to score.
    """
    from core.data.checking import check_images, excluded_names
    from core.data.corrections import read_corrections
    from core.data.groups import group_numbers
    from core.data.reading import read_dataset
    from core.evaluation.detailed import detailed_intervals, detailed_scores
    from core.runs.preparing import read_checked

    model_file = model_file_of(source)
    info = info_of(model_file)
    classes = info.classes
    rows = RunFolder(source).split_rows if source.is_dir() else ()
    if data is None:
        own = _own_folder(source)
        _test_as_asked(own, part, device, emit, token)
        recipe, part = own.recipe(), part or Part.TEST.value
        data = Path(recipe.data.path)
        dataset = read_checked(recipe, emit, token, read_corrections(own.corrections_file))
    else:
        dataset = check_images(read_dataset(data, classes, choices), emit=emit, token=token)
    left_out = excluded_names(dataset.problems)
    usable = dataset.without(left_out)
    rows = _named_as(rows, usable)
    chosen = _chosen(usable, {row.image: row.part.value if row.part else "" for row in rows}, part)
    averaged = averaged or info.positions > 1
    logits, seconds = _logits(model_file, info, usable, chosen, device, averaged, emit, token)
    labels, groups = usable.labels[chosen], [str(number) for number in group_numbers(usable)[chosen]]
    return Evaluation(
        model_file=model_file,
        data=data,
        part=part,
        images=len(chosen),
        detailed=detailed_scores(labels, logits, classes),
        intervals=detailed_intervals(labels, logits, classes, groups),
        classes=classes,
        left_out=tuple(sorted(left_out)),
        problems=dataset.problems,
        notes=(
            *((averaged_note(seconds),) if averaged else ()),
            *leak_notes(usable, chosen, rows),
            *_notes(usable, chosen, left_out=len(left_out), model_synthetic=info.synthetic),
        ),
        synthetic=info.synthetic or dataset.synthetic,
        predictions=Predictions(
            tuple(usable.records[i].name for i in chosen), (Part.TEST,) * len(chosen), labels, logits
        ),
        groups=tuple(groups),
        positions=POSITIONS if averaged else 1,
    )


def _own_folder(run: Path) -> RunFolder:
    """The run whose data, read and corrected as it did, the model is scored on."""
    if not run.is_dir():
        raise SkinKDError("No data is named", f"{run} is a model file; say what to score it on with --data DATA.")
    return RunFolder(run)


def _test_as_asked(run: RunFolder, part: str, device: str, emit: Emit, token: CancelToken) -> None:
    """Test a run that withholds its test images where they are asked for by name, and note it; in a study the study
    does so. Raises `SkinKDError` where they would be used without being asked for."""
    if part in ("", Part.TEST.value) and run.withholds_test:
        if not part or read_annotations(run.path).study:
            raise SkinKDError("The test images are withheld", withheld_sentence(run))
        score_test_part(run, emit, token, device)


def _named_as(rows: Sequence[SplitRow], dataset: DataSet) -> tuple[SplitRow, ...]:
    """The rows of a split with the names that the data set has for these images, where it has one."""
    found = matched((row.image for row in rows), (record.name for record in dataset.records))
    return tuple(replace(row, image=found.get(row.image, row.image)) for row in rows)


def _chosen(dataset: DataSet, parts: dict[str, str], part: str) -> NDArray[np.int64]:
    """Indices of the records to score. Raises `SkinKDError` when there are none or the part makes no sense."""
    known = [item.value for item in Part]
    if part and part not in known:
        raise SkinKDError("There is no such part", f"--part is one of {', '.join(known)}; it is {part!r}.")
    if part and not parts:
        raise SkinKDError(
            "There is no split", "--part needs a run with its split.csv, as a run folder has; a model file has none."
        )
    rows = [i for i, record in enumerate(dataset.records) if not part or parts.get(record.name) == part]
    if not rows:
        where = f"None of its usable images is in the run's {part} part." if part else "It has no usable image."
        raise SkinKDError("Nothing to score", f"{dataset.root}: {where}")
    return np.asarray(rows, np.int64)


def _logits(
    model_file: Path,
    info: ModelInfo,
    dataset: DataSet,
    chosen: NDArray[np.int64],
    device: str,
    averaged: bool,
    emit: Emit,
    token: CancelToken,
) -> tuple[NDArray[np.float32], float]:
    """Logits (chosen, classes) by the one forward pass, over decoded images of the model's own size; and the seconds
    that it took for each."""
    from core.data.store import open_store

    store = open_store(dataset, info.preprocessing.image_size, emit=emit, token=token)
    failed = [dataset.records[i].name for i in chosen if int(i) in store.failed]
    if failed:
        raise SkinKDError(
            "Images changed while they were read",
            f"{len(failed)} could be opened at first and not later: {', '.join(failed[:5])}. Try again.",
        )
    ask = _ask_exported if is_exported(model_file) else _ask_model
    begin = time.monotonic()
    logits = ask(model_file, store, chosen, device, averaged, emit, token)
    return logits, (time.monotonic() - begin) / len(chosen)


def _ask_exported(
    model_file: Path,
    store: ImageStore,
    chosen: NDArray[np.int64],
    device: str,
    averaged: bool,
    emit: Emit,
    token: CancelToken,
) -> NDArray[np.float32]:
    from core.inference.export.checking import CheckImages, logits_of
    from core.inference.onnx_network import load_onnx
    from core.inference.test_time import AveragedNetwork

    exported, info = load_onnx(model_file, device, emit=emit, token=token)
    # A file that was exported with test-time augmentation has it in its graph.
    network = AveragedNetwork(exported) if averaged and info.positions == 1 else exported
    return logits_of(network, CheckImages(lambda rows: store.gather(chosen[rows]), len(chosen), None), emit, token)


def _ask_model(
    model_file: Path,
    store: ImageStore,
    chosen: NDArray[np.int64],
    device: str,
    averaged: bool,
    emit: Emit,
    token: CancelToken,
) -> NDArray[np.float32]:
    from core.models.files import load_model
    from core.models.forward import forward_outputs
    from core.recipe.schema import HardwareRecipe
    from core.training.hardware import resolve

    hardware = resolve(HardwareRecipe.model_validate({"device": device, "precision": "32"}), emit)
    model, info = load_model(model_file, device=hardware.device)
    logits, _ = forward_outputs(
        model,
        info.preprocessing,
        store,
        chosen,
        device=hardware.device,
        precision="32",
        batch_size=32,
        features=False,
        positions=POSITIONS if averaged else 1,
        emit=emit,
        phase=Phase.TESTING,
        token=token,
    )
    return logits


def leak_notes(dataset: DataSet, chosen: NDArray[np.int64], rows: Sequence[SplitRow]) -> tuple[str, ...]:
    """Whether the model has met these images, records `chosen` (n,) of the data set, or other images of their lesions,
    in its own training, by the rows of its split."""
    notes = []
    fitted = [row for row in rows if row.part in FITTED]
    names, lesions = {row.image for row in fitted}, {row.lesion for row in fitted if row.lesion}
    records = [dataset.records[i] for i in chosen]
    seen = sum(record.name in names for record in records)
    near = sum(record.name not in names and record.lesion in lesions for record in records)
    if seen:
        notes.append(
            f"{seen:,} of these {len(chosen):,} images bear names of images that the run was trained, chosen or "
            f"calibrated on: {FITTED_TO_THEM}."
        )
    if near:
        notes.append(
            f"{near:,} of these {len(chosen):,} images bear lesion ids of images that the run was trained, chosen "
            "or calibrated on: "
            "these scores are too high for new lesions."
        )
    return tuple(notes)


def _notes(dataset: DataSet, chosen: NDArray[np.int64], *, left_out: int, model_synthetic: bool) -> tuple[str, ...]:
    """What else must be said beside the scores."""
    notes = []
    if left_out:
        notes.append(f"{left_out:,} images could not be used and are left out (listed by `inspect`, and by --json).")
    absent = [code for code, count in dataset.counts_of(chosen).items() if not count]
    if absent:
        notes.append(f"No image of {', '.join(absent)}: their recall and F1 are undefined and not in any mean.")
    if dataset.synthetic:
        notes.append(
            "These are images of the built-in synthetic sample set: scores on them say nothing of real lesions."
        )
    elif model_synthetic:
        notes.append(SYNTHETIC_WARNING)
    return tuple(notes)
