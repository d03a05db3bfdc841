"""Lists of test images with their truth and what runs said of them. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet

if TYPE_CHECKING:
    from core.evaluation.inherited import SharedConfusion
    from core.runs.tables import Predictions


@dataclass(frozen=True)
class CasePrediction:
    """What one run said of an image: the class and its probability in 0..1, and that of the true class."""

    code: str
    probability: float
    of_truth: float


@dataclass(frozen=True)
class Case:
    """A test image: its true class and the answers of the list's runs, in their order."""

    name: str
    truth: str
    predictions: tuple[CasePrediction, ...]

    @property
    def right(self) -> bool:
        """Whether the first run found the true class."""
        return self.predictions[0].code == self.truth


@dataclass(frozen=True)
class RunPredictions:
    """A run whose answers are shown: its name, folder, test predictions with the classes that they are of, and the
    temperature of its probabilities."""

    name: str
    folder: Path
    predictions: Predictions
    classes: ClassSet
    temperature: float = 1.0


@dataclass(frozen=True)
class CaseList:
    """Test images to look at. `runs` names the runs that answered; `folder` is a run whose data has the pictures;
    `classes` are those of all codes."""

    title: str
    about: str
    runs: tuple[str, ...]
    folder: Path
    cases: tuple[Case, ...]
    classes: ClassSet


def cell_cases(run: RunPredictions, truth: str, predicted: str) -> CaseList:
    """The images of a cell of the confusion matrix."""
    labels, said = run.predictions.labels, run.predictions.logits.argmax(axis=1)
    codes, name = run.classes.codes, run.classes.name_of(truth)
    rows = np.flatnonzero((labels == codes.index(truth)) & (said == codes.index(predicted)))
    if truth == predicted:
        return _listed([run], rows, f"{name}, recognised", f"Predictions of {run.name}")
    title = f"{name} taken for {run.classes.name_of(predicted).lower()}"
    return _listed([run], rows, title, f"Predictions of {run.name}")


def class_cases(run: RunPredictions, code: str) -> CaseList:
    """All test images that truly are of a class."""
    rows = np.flatnonzero(run.predictions.labels == run.classes.codes.index(code))
    return _listed([run], rows, f"{run.classes.name_of(code)}: all test images", f"Predictions of {run.name}")


def chosen_cases(run: RunPredictions, rows: Sequence[int], title: str) -> CaseList:
    """The images in these rows of a run's predictions."""
    return _listed([run], np.asarray(rows, np.int64), title, f"Predictions of {run.name}")


def wrong_cases(run: RunPredictions) -> CaseList:
    """All test images that were given a wrong class."""
    rows = np.flatnonzero(run.predictions.labels != run.predictions.logits.argmax(axis=1))
    return _listed([run], rows, "All images classified wrongly", f"Predictions of {run.name}")


def won_cases(other: RunPredictions, baseline: RunPredictions, names: Sequence[str]) -> CaseList:
    """The images that only `other` got right."""
    about = f"Right with {other.name}, wrong with {baseline.name}"
    return _paired(other, baseline, names, f"Images won by {other.name}", about)


def lost_cases(other: RunPredictions, baseline: RunPredictions, names: Sequence[str]) -> CaseList:
    """The images that only the baseline got right."""
    about = f"Wrong with {other.name}, right with {baseline.name}"
    return _paired(other, baseline, names, f"Images lost by {other.name}", about)


def shared_cases(student: RunPredictions, teacher: RunPredictions, pair: SharedConfusion) -> CaseList:
    """The images that a student and its teacher give the same wrong class."""
    classes = student.classes
    title = f"{classes.name_of(pair.truth)} taken for {classes.name_of(pair.said).lower()} by both"
    return _paired(student, teacher, pair.both, title, f"{student.name} and its teacher, {teacher.name}")


def moved_cases(other: RunPredictions, baseline: RunPredictions, truth: str, predicted: str) -> CaseList:
    """The images that stand in a cell of one run's matrix and not in the other's."""
    other = replace(other, predictions=other.predictions.named_as(baseline.predictions.names))
    classes = other.classes
    wanted = classes.codes.index(truth), classes.codes.index(predicted)
    cells = [_names_in_cell(run.predictions, *wanted) for run in (other, baseline)]
    common = set(other.predictions.names) & set(baseline.predictions.names)
    names = [name for name in other.predictions.names if name in (cells[0] ^ cells[1]) & common]
    title = f"{classes.name_of(truth)} given {classes.name_of(predicted).lower()} by one run alone"
    return _paired(other, baseline, names, title, f"{other.name} and {baseline.name}")


def _paired(one: RunPredictions, two: RunPredictions, names: Sequence[str], title: str, about: str) -> CaseList:
    one, two = (replace(run, predictions=run.predictions.named_as(names)) for run in (one, two))
    places = {name: row for row, name in enumerate(one.predictions.names)}
    rows = np.array([places[name] for name in names if name in places], np.int64)
    return _listed([one, two], rows, title, about)


def _listed(runs: Sequence[RunPredictions], rows: NDArray[np.int64], title: str, about: str) -> CaseList:
    first = runs[0]
    names = [first.predictions.names[row] for row in rows]
    labels = [int(first.predictions.labels[row]) for row in rows]
    predictions = [_case_predictions(run, names, labels) for run in runs]
    cases = tuple(
        Case(name, first.classes.codes[label], tuple(found[number] for found in predictions))
        for number, (name, label) in enumerate(zip(names, labels, strict=True))
    )
    return CaseList(title, about, tuple(run.name for run in runs), first.folder, cases, first.classes)


def _case_predictions(run: RunPredictions, names: Sequence[str], labels: Sequence[int]) -> list[CasePrediction]:
    from scipy.special import softmax

    places = {name: row for row, name in enumerate(run.predictions.names)}
    rows = [places[name] for name in names]
    shares = softmax(run.predictions.logits[rows].astype(np.float64) / run.temperature, axis=1)
    said = shares.argmax(axis=1)
    return [
        CasePrediction(run.classes.codes[code], float(shares[row, code]), float(shares[row, label]))
        for row, (code, label) in enumerate(zip(said, labels, strict=True))
    ]


def _names_in_cell(predictions: Predictions, truth: int, predicted: int) -> set[str]:
    rows = np.flatnonzero((predictions.labels == truth) & (predictions.logits.argmax(axis=1) == predicted))
    return {predictions.names[row] for row in rows}
