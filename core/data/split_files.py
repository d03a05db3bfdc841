"""A split written down and read back, and what a person must know about it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.allocation import calibration_count, wanted_counts
from core.data.groups import group_numbers
from core.data.names import matched
from core.data.own_parts import held_out, own_parts_notes
from core.data.tables import write_table
from core.data.types import DataSet, Division, Part, Split
from core.errors import SkinKDError
from core.visible_text import visible_lines

_NEEDED = ("image", "label", "lesion_id", "part")
_HEADER = (*_NEEDED, "age", "sex", "site", "patient_id", "group", "part_in_data", "skin_type")
_FEW = 10


def parts_of(split: Split) -> tuple[tuple[Part, NDArray[np.int64]], ...]:
    """The parts with their names, in order; each is the rows of its images, int64 (n,)."""
    return tuple((part, split.of(part)) for part in Part)


def write_split(path: Path, dataset: DataSet, split: Split) -> None:
    """Write split.csv: image, label, lesion_id, part, age, sex, site, patient_id, group, part_in_data, skin_type;
    cells are empty where nothing is known.

    `part` is empty for images in no part. `group` is a number that images share which belong together by patient,
    lesion or picture, whatever the split kept together; `part_in_data` is that of the data's own division.
    """
    parts = [""] * len(dataset.records)
    for part, indices in parts_of(split):
        for index in indices.tolist():
            parts[index] = part.value
    rows = (
        (
            record.name,
            dataset.classes.codes[record.label],
            record.lesion or "",
            part,
            "" if record.age is None else f"{record.age:g}",
            record.sex or "",
            record.site or "",
            record.patient or "",
            str(group),
            record.part.value if record.part else "",
            "" if record.skin_type is None else str(record.skin_type),
        )
        for record, part, group in zip(dataset.records, parts, group_numbers(dataset).tolist(), strict=True)
    )
    write_table(path, _HEADER, rows)


def read_split(path: Path, dataset: DataSet) -> Split:
    """The split in a file, as indices into the data set's records, whatever their order is now.

    Raises `SkinKDError` when the file is unusable, or when images or labels have changed since it was written.
    """
    rows = _read_rows(path)
    found = matched(rows, (record.name for record in dataset.records))
    rows = {found.get(name, name): row for name, row in rows.items()}
    _compare(path, dataset, {name: code for name, (code, _) in rows.items()})
    members: dict[str, list[int]] = {"": [], **{item.value: [] for item in Part}}
    for index, record in enumerate(dataset.records):
        word = rows[record.name][1]
        if word not in members:
            raise SkinKDError("The split can not be read", f"{path} puts {record.name} into the unknown part {word!r}.")
        members[word].append(index)
    parts = {part: np.array(members[part.value], dtype=np.int64) for part in Part}
    return Split(parts[Part.TRAIN], parts[Part.VALIDATION], parts[Part.TEST], parts[Part.CALIBRATION])


def _read_rows(path: Path) -> dict[str, tuple[str, str]]:
    """Image name -> (label, part), cells exactly as written: blanks at the ends of a file's name belong to it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SkinKDError("The split can not be read", f"{path} is missing or damaged.", str(error)) from error
    if rows and not set(_NEEDED) <= set(rows[0]):
        raise SkinKDError("The split can not be read", f"{path} must have the columns {', '.join(_NEEDED)}.")
    return {row["image"]: (row["label"], row["part"]) for row in rows}


def _compare(path: Path, dataset: DataSet, written: dict[str, str]) -> None:
    present = {record.name: dataset.classes.codes[record.label] for record in dataset.records}
    changes = {
        "no longer there": [name for name in written if name not in present],
        "new": [name for name in present if name not in written],
        "labelled otherwise": [name for name in written if name in present and present[name] != written[name]],
    }
    if any(changes.values()):
        counts = ", ".join(f"{len(names):,} {word}" for word, names in changes.items() if names)
        details = visible_lines(f"{word}: {', '.join(names[:50])}" for word, names in changes.items() if names)
        raise SkinKDError(
            "The images have changed",
            f"Since this run began, images of {dataset.root} have changed: {counts}. Put the data back as it was, or "
            f"start a new run. The run's split is in {path}.",
            details,
        )


def split_notes(dataset: DataSet, split: Split, data: Division | None = None) -> tuple[str, ...]:
    """What to know about a split, in sentences: the counts reached, thin classes; what leaks says `leakage`.

    With `data`, also how far the counts are from the wanted ones, and what became of the data's own parts.
    """
    sizes = {part: split.of(part).size for part in split.made}
    listed = ", ".join(f"{part.word} {size:,}" for part, size in sizes.items())
    left = len(dataset.records) - sum(sizes.values())
    notes = [f"Images: {listed}" + (f", not used {left:,}." if left else ".")]
    if data is not None:
        notes += own_parts_notes(dataset, data)
        notes += [] if held_out(dataset, data) else _distance(dataset, sizes, data)
    notes += _thin_classes(dataset, split)
    return tuple(notes)


def _distance(dataset: DataSet, sizes: dict[Part, int], data: Division) -> list[str]:
    wanted = wanted_parts(data, len(dataset.records))
    if data.test_folds > 1:
        return [f"Test fold {data.test_fold} of {data.test_folds} is the test part; each image is in one of them."]
    if data.folds > 1:
        return [f"Fold {data.fold} of {data.folds} validates; the test part is the same for all folds."]
    if wanted == sizes:
        return []
    asked = ", ".join(f"{part.value} {count:,}" for part, count in wanted.items())
    return [f"Wanted were {asked}; keeping together what belongs together allows no closer counts."]


def wanted_parts(data: Division, total: int) -> dict[Part, int]:
    """How many images of `total` the recipe wants in each part that it makes, in the order of the parts."""
    train, held, test = wanted_counts(data.split, total, data.rounding)
    if not data.calibration:
        return {Part.TRAIN: train, Part.VALIDATION: held, Part.TEST: test}
    calibration = calibration_count(data.calibration, held)
    return {Part.TRAIN: train, Part.VALIDATION: held - calibration, Part.CALIBRATION: calibration, Part.TEST: test}


def _thin_classes(dataset: DataSet, split: Split) -> list[str]:
    counts = {part: _by_class(dataset, indices) for part, indices in parts_of(split)}
    absent, notes, few = [], [], []
    for label, (code, name) in enumerate(zip(dataset.classes.codes, dataset.classes.names, strict=True)):
        total = sum(int(part[label]) for part in counts.values())
        if not total:
            absent.append(f"{code} ({name})")
            continue
        empty = [part.word for part, numbers in counts.items() if not numbers[label] and numbers.any()]
        if empty:
            notes.append(f"{code} ({name}) has no {' and no '.join(empty)} image; it has {total} in all.")
        elif 0 < counts[Part.TEST][label] < _FEW:
            few.append(f"{code} ({counts[Part.TEST][label]})")
    if absent:
        notes.insert(0, f"There is no image of {', '.join(absent)}: a model trained on this data can not know them.")
    if few:
        notes.append(f"Few test images, so the scores of these classes are rough guesses: {', '.join(few)}.")
    return notes


def _by_class(dataset: DataSet, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(dataset.labels[indices], minlength=len(dataset.classes)).astype(np.int64)
