"""Tests of a finished run's model on labelled images of another source, kept with the run: `evaluate RUN --data ...`.

Each is a folder `external/<name>/` with predictions.csv and facts.json; scores are computed from these, as a run's own.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core import atomic
from core.classes import ClassSet
from core.documents import one_line, read_json, up_to_date, write_json
from core.errors import SkinKDError
from core.evaluation.detailed import DetailedScores, detailed_intervals, detailed_scores
from core.evaluation.intervals import ScoreIntervals
from core.runs.annotations import unwritable
from core.runs.evaluating import Evaluation
from core.runs.folder import RunFolder, slugify, utc_now
from core.runs.tables import Predictions, read_predictions, write_predictions
from core.user_paths import full_path

FOLDER = "external"
EXTERNAL_VERSION = 1
_MOST = 50


@dataclass(frozen=True)
class ExternalTest:
    """A test on the images of another data set: `name` is that of its folder, `left_out` counts images that could not
    be used, `made` is ISO 8601 in UTC; the rest as in `Evaluation`."""

    name: str
    made: str
    left_out: int
    notes: tuple[str, ...]
    synthetic: bool
    classes: ClassSet
    predictions: Predictions
    groups: tuple[str, ...]

    @property
    def images(self) -> int:
        """How many images were scored."""
        return len(self.predictions.names)

    @cached_property
    def detailed(self) -> DetailedScores:
        """Its scores."""
        return detailed_scores(self.predictions.labels, self.predictions.logits, self.classes)

    @cached_property
    def intervals(self) -> ScoreIntervals:
        """Their intervals."""
        rows = self.predictions
        return detailed_intervals(rows.labels, rows.logits, self.classes, self.groups)


def is_external(run: RunFolder, data: Path) -> bool:
    """Whether images in `data` are others than those that the run was trained on, by their folder. Raises
    `SkinKDError` for a run without a recipe that can be read."""
    own = full_path(run.recipe().data.path).resolve()
    other = full_path(str(data)).resolve()
    return own != other and own not in other.parents


def keep_external(run: RunFolder, result: Evaluation) -> Path:
    """Keep an evaluation with the run, in place of an earlier one on a data set of that name; returns its folder.

    Raises `SkinKDError` when the run's folder can not be written.
    """
    name = one_line(result.data.name) or "images"
    folder = run.path / FOLDER / slugify(name)
    facts = {
        "version": EXTERNAL_VERSION,
        "name": name,
        "made": utc_now(),
        "left_out": len(result.left_out),
        "notes": list(result.notes),
        "synthetic": result.synthetic,
        "groups": list(result.groups),
    }
    try:
        with atomic.temporary_folder(run.path) as place:
            made = place / folder.name
            made.mkdir()
            write_predictions(made / "predictions.csv", result.predictions, result.classes)
            write_json(made / "facts.json", facts)
            folder.parent.mkdir(exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    except OSError as error:
        raise unwritable(run.path, error) from error
    return folder


def external_tests(run: RunFolder) -> tuple[ExternalTest, ...]:
    """What a run was tested on besides its own images, by name. Raises `SkinKDError` when a test can not be read."""
    root = run.path / FOLDER
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    return tuple(_read(folder, run.recipe().class_set) for folder in folders[:_MOST])


def _read(folder: Path, classes: ClassSet) -> ExternalTest:
    path = folder / "facts.json"
    try:
        values: dict[str, Any] = up_to_date(read_json(path), "The external test", EXTERNAL_VERSION, {})
        predictions = read_predictions(folder / "predictions.csv", classes)
        groups = tuple(str(group) for group in values["groups"])
        if len(groups) != len(predictions.names) or not groups:
            raise ValueError("facts.json and predictions.csv do not agree")
        return ExternalTest(
            name=one_line(str(values["name"])),
            made=str(values["made"]),
            left_out=int(values["left_out"]),
            notes=tuple(str(note) for note in values["notes"]),
            synthetic=bool(values["synthetic"]),
            classes=classes,
            predictions=predictions,
            groups=groups,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SkinKDError(
            "An external test can not be read",
            f"{folder} is damaged: {str(error)[:300]}. Delete the folder and test again: skinkd-cli evaluate RUN "
            "--data DATA",
            f"{type(error).__name__}: {error}",
        ) from error
