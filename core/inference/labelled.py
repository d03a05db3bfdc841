"""Scores for classified folders that come with labels of their own: tables beside the images, or a folder per class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.classes import ClassSet
from core.data.finding import TABLE_SUFFIXES, scan_folder
from core.data.groups import group_numbers
from core.data.locating import ImageIndex
from core.data.tables import read_table
from core.data.types import DataSet
from core.errors import SkinKDError
from core.evaluation.detailed import DetailedScores, detailed_intervals, detailed_scores
from core.evaluation.intervals import ScoreIntervals
from core.inference.results import Classification

_MOST_TABLES_ABOVE = 20


@dataclass(frozen=True)
class KnownLabel:
    """What a folder says of one of its images: the class code, and a name that images share which belong together by
    patient, lesion or picture."""

    code: str
    group: str = ""


@dataclass(frozen=True)
class KnownLabels:
    """The labels of image files by absolute path, codes of `classes`; `where` names the folders or tables that
    hold them."""

    labels: Mapping[Path, KnownLabel]
    classes: ClassSet
    where: tuple[Path, ...]
    synthetic: bool = False

    def of(self, path: Path) -> KnownLabel | None:
        """The label of an image file, None where there is none."""
        return self.labels.get(path.absolute())


@dataclass(frozen=True)
class LabelledScores:
    """Scores over the `scored` images that have both a label and an answer; both None when there is none.

    `not_classified` have a label and no answer, `without_label` an answer and no label; neither is in the scores.
    """

    detailed: DetailedScores | None
    intervals: ScoreIntervals | None
    scored: int
    not_classified: int
    without_label: int
    where: tuple[Path, ...]
    classes: ClassSet
    synthetic: bool = False


def find_labels(paths: Iterable[Path], classes: ClassSet) -> KnownLabels | None:
    """The labels that come with the folders among `paths` (and with a folder named by its table), or None.

    A folder of images alone, as `ISIC_2019_Training_Input` is, takes the tables that lie beside it. Reads tables and
    names only, no image; images that have two labels have none.
    """
    labels: dict[Path, KnownLabel] = {}
    torn: set[Path] = set()
    where: list[Path] = []
    synthetic = False
    for path in dict.fromkeys(paths):
        found = _data_set(path.absolute(), classes)
        if found is None:
            continue
        place, dataset = found
        where.append(place)
        synthetic = synthetic or dataset.synthetic
        for record, group in zip(dataset.records, group_numbers(dataset).tolist(), strict=True):
            if record.path is None:
                continue
            label = KnownLabel(classes.codes[record.label], f"{len(where)} {group}")
            if labels.setdefault(record.path, label).code != label.code:
                torn.add(record.path)
    usable = {path: label for path, label in labels.items() if path not in torn}
    return KnownLabels(usable, classes, tuple(dict.fromkeys(where)), synthetic) if usable else None


def score_labelled(known: KnownLabels, rows: Iterable[Classification], *, resamples: int = 2000) -> LabelledScores:
    """The scores of classifications against the labels of their folder, each image once."""
    import numpy as np

    seen = {row.path.absolute(): row for row in rows}
    pairs = [(row, known.labels.get(path)) for path, row in seen.items()]
    scored = [(row, label) for row, label in pairs if label is not None and row.probabilities is not None]
    facts: dict[str, Any] = {
        "scored": len(scored),
        "not_classified": sum(label is not None and row.probabilities is None for row, label in pairs),
        "without_label": sum(label is None and row.probabilities is not None for row, label in pairs),
    }
    facts |= {"where": known.where, "classes": known.classes, "synthetic": known.synthetic}
    if not scored:
        return LabelledScores(None, None, **facts)
    codes = known.classes.codes
    labels = np.array([codes.index(label.code) for _, label in scored], np.int64)
    # Scores take logits; the logarithm of a probability is one, and one that underflowed stays finite.
    shares = np.array([_probabilities(row, codes) for row, _ in scored], np.float64)
    logits = np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    groups = [label.group for _, label in scored]
    intervals = detailed_intervals(labels, logits, known.classes, groups, resamples=resamples)
    return LabelledScores(detailed_scores(labels, logits, known.classes), intervals, **facts)


def _probabilities(row: Classification, codes: Sequence[str]) -> list[float]:
    """The probabilities of the classes, 0 for one that the model does not know."""
    known = dict(zip(row.classes.codes, row.probabilities or (), strict=False))
    return [known.get(code, 0.0) for code in codes]


def _data_set(path: Path, classes: ClassSet) -> tuple[Path, DataSet] | None:
    """The data set that `path` is, or whose images it holds, and where its labels are."""
    if not path.is_dir() and path.suffix.lower() not in TABLE_SUFFIXES:
        return None
    own = _read(path, classes)
    if own is not None:
        return path, own
    # Only a table right above that names one of these images counts, for reading it means walking the folder above,
    # which may be anything, a whole disk for instance.
    for table in _tables_above(path):
        beside = _read(table, classes)
        if beside is not None and any(record.path and record.path.is_relative_to(path) for record in beside.records):
            return table, beside
    return None


def _tables_above(path: Path) -> Iterator[Path]:
    """The tables right above a folder that name any of the images in or below it."""
    if not path.is_dir():
        return
    try:
        tables = sorted(file for file in path.parent.glob("*.csv") if file.is_file())[:_MOST_TABLES_ABOVE]
        index = ImageIndex(scan_folder(path)) if tables else None
    except (OSError, SkinKDError):
        return
    for table in tables:
        if index is not None and _names_any(index, table):
            yield table


def _names_any(index: ImageIndex, table: Path) -> bool:
    try:
        return any(index.has(cell) for row in read_table(table).without_heading().rows for cell in row)
    except SkinKDError:
        return False  # no table


def _read(path: Path, classes: ClassSet) -> DataSet | None:
    from core.data.reading import read_dataset

    try:
        dataset = read_dataset(path, classes)
    except SkinKDError:
        return None  # no labels there, which is the usual case
    return dataset if any(record.path is not None for record in dataset.records) else None
