"""The tables of a run folder: history.csv, predictions.csv, and the rows of split.csv. Numbers survive a round trip."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import atomic
from core.classes import ClassSet
from core.data.names import matched
from core.data.types import Part, calibrating_part
from core.digests import file_digest
from core.documents import shown
from core.errors import SkinKDError
from core.events import EpochRecord, LossParts

_HISTORY_COLUMNS = (
    "epoch",
    "train_loss",
    "train_classification_loss",
    "train_distillation_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "validation_weighted_f1",
    "validation_balanced_accuracy",
    "learning_rate",
    "seconds",
    "images_per_second",
    "best",
    "recipe",
    "averaged",
)
_LATER_COLUMNS = {"recipe", "averaged"}
"""Columns of history.csv that files of older versions lack."""

_HASHES = re.compile(r"[0-9a-f?+]{0,400}")

_MOST_BYTES = 1_000_000_000  # a row has some 100; a table of 1e6 images is a tenth of this

_SPLIT_COLUMNS = ("image", "label", "lesion_id", "part")


@dataclass(frozen=True)
class SplitRow:
    """One row of split.csv: an image, its class code, its lesion ("" when unknown), its part, and of whom it is.

    `part` is None for an image in no part. `age` is in years. `group` is shared by images that belong together
    (`core.data.groups`); `skin_type` is Fitzpatrick's, 1 to 6. Files of older versions know nothing of persons, and by
    `group` only lesions.
    """

    image: str
    label: str
    lesion: str
    part: Part | None
    age: float | None = None
    sex: str | None = None
    site: str | None = None
    patient: str | None = None
    group: str = ""
    skin_type: int | None = None


@dataclass(frozen=True)
class Predictions:
    """predictions.csv: names and parts (n,), labels (n,) int64 and logits (n, classes) float32, in the file's order."""

    names: tuple[str, ...]
    parts: tuple[Part, ...]
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]

    def of(self, part: Part) -> Predictions:
        """Only the rows of one part."""
        rows = [row for row, found in enumerate(self.parts) if found is part]
        return Predictions(
            tuple(self.names[row] for row in rows), (part,) * len(rows), self.labels[rows], self.logits[rows]
        )

    def named_as(self, names: Iterable[str]) -> Predictions:
        """The same with the names that `names` have for these images, where they have one."""
        found = matched(self.names, names)
        return replace(self, names=tuple(found.get(name, name) for name in self.names))

    @property
    def calibrating(self) -> Predictions:
        """The rows of the part that temperature, thresholds and prediction sets are made from."""
        return self.of(calibrating_part(self.parts))


def joined(parts: Sequence[Predictions]) -> Predictions:
    """The rows of all of them, in this order."""
    return Predictions(
        tuple(name for part in parts for name in part.names),
        tuple(found for part in parts for found in part.parts),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.logits for part in parts]),
    )


def write_history(path: Path, history: Sequence[EpochRecord]) -> None:
    """Replace history.csv: one row per epoch, an empty cell where there is no distillation loss, and none where the
    recipe of an epoch was not recorded."""
    _write(path, _HISTORY_COLUMNS, (_history_row(record) for record in history))


def read_history(path: Path) -> tuple[EpochRecord, ...]:
    """The epochs in history.csv; none when there is no such file. Raises `SkinKDError` when it is damaged."""
    if not path.exists():
        return ()
    with _rows(path, [name for name in _HISTORY_COLUMNS if name not in _LATER_COLUMNS]) as rows:
        return tuple(_record(row) for row in rows)


def write_predictions(path: Path, predictions: Predictions, classes: ClassSet) -> None:
    """Replace predictions.csv: image, part, true class code, and one logit per class."""
    rows = zip(predictions.names, predictions.parts, predictions.labels, predictions.logits, strict=True)
    _write(
        path,
        ("image", "part", "label", *classes.codes),
        # str of a float32 is the shortest text that reads back as the same float32.
        (
            (name, part.value, classes.codes[label], *(str(value) for value in logits))
            for name, part, label, logits in rows
        ),
    )


def read_predictions(path: Path, classes: ClassSet) -> Predictions:
    """What `write_predictions` wrote for these classes. Raises `SkinKDError` when it is missing or damaged."""
    codes = classes.codes
    numbers = {code: number for number, code in enumerate(codes)}
    with _rows(path, ("image", "part", "label", *codes)) as rows:
        return Predictions(
            tuple(row["image"] for row in rows),
            tuple(Part(row["part"]) for row in rows),
            np.array([_class_of(row["label"], numbers, line) for line, row in enumerate(rows, 2)], np.int64),
            np.array([[row[code] for code in codes] for row in rows], np.float32).reshape(-1, len(codes)),
        )


def _class_of(code: str, numbers: Mapping[str, int], line: int) -> int:
    if code not in numbers:
        raise ValueError(f"line {line}: {shown(code)} is none of the classes {', '.join(list(numbers)[:20])}")
    return numbers[code]


def read_split_rows(path: Path) -> tuple[SplitRow, ...]:
    """The rows of split.csv, in its order; none when there is no such file. Raises `SkinKDError` when it is damaged."""
    if not path.exists():
        return ()
    with _refusing(path):
        content = _Content(file_digest(path), path)
    return _split_rows(content)


@dataclass(frozen=True)
class _Content:
    """A file's content, by its SHA-256, and a place where it lies."""

    digest: str
    path: Path = field(compare=False)


@lru_cache(maxsize=5)
def _split_rows(content: _Content) -> tuple[SplitRow, ...]:
    """All runs of a study divide their images alike, those of a test fold at least: the same content is parsed once."""
    with _rows(content.path, _SPLIT_COLUMNS) as rows:
        return tuple(_split_row(row) for row in rows)


def _split_row(row: dict[str, str]) -> SplitRow:
    return SplitRow(
        row["image"],
        row["label"],
        row["lesion_id"] or "",
        Part(row["part"]) if row["part"] else None,
        age=float(row["age"]) if row.get("age") else None,
        sex=row.get("sex") or None,
        site=row.get("site") or None,
        patient=row.get("patient_id") or None,
        group=row.get("group") or row["lesion_id"] or f"image {row['image']}",
        skin_type=_skin_type(row.get("skin_type") or ""),
    )


def _skin_type(text: str) -> int | None:
    if text and text not in tuple("123456"):
        raise ValueError(f"skin_type is {shown(text)}, not 1 to 6")
    return int(text) if text else None


def _history_row(record: EpochRecord) -> tuple[Any, ...]:
    loss = record.train_loss
    return (
        record.epoch,
        loss.total,
        loss.classification,
        "" if loss.distillation is None else loss.distillation,
        record.train_accuracy,
        record.validation_loss,
        record.validation_accuracy,
        record.validation_weighted_f1,
        record.validation_balanced_accuracy,
        record.learning_rate,
        round(record.seconds, 3),
        round(record.images_per_second, 1),
        int(record.best),
        record.recipe,
        int(record.averaged),
    )


def _record(row: dict[str, str]) -> EpochRecord:
    distillation = row["train_distillation_loss"]
    epoch = int(row["epoch"])
    if not 0 < epoch < 10**9:
        raise ValueError(f"epoch {shown(row['epoch'])} is none")
    recipe = row.get("recipe") or ""
    if not _HASHES.fullmatch(recipe):
        raise ValueError(f"epoch {epoch}: recipe is {shown(recipe)}, which is no hash")
    return EpochRecord(
        epoch=epoch,
        train_loss=LossParts(
            _finite(row, "train_loss"),
            _finite(row, "train_classification_loss"),
            _finite(row, "train_distillation_loss") if distillation else None,
        ),
        train_accuracy=_share(row, "train_accuracy"),
        validation_loss=float(row["validation_loss"]),  # may be infinite: it is no sum of the training
        validation_accuracy=_share(row, "validation_accuracy"),
        validation_weighted_f1=_share(row, "validation_weighted_f1"),
        validation_balanced_accuracy=_share(row, "validation_balanced_accuracy"),
        learning_rate=_finite(row, "learning_rate"),
        seconds=_finite(row, "seconds"),
        images_per_second=_finite(row, "images_per_second"),
        best=row["best"] == "1",
        recipe=recipe,
        averaged=row.get("averaged") == "1",
    )


def _finite(row: dict[str, str], name: str) -> float:
    value = float(row[name])
    if not math.isfinite(value):
        raise ValueError(f"epoch {row['epoch'][:20]}: {name} is {value}, which is no finite number")
    return value


def _share(row: dict[str, str], name: str) -> float:
    value = float(row[name])
    if not -1e-9 <= value <= 1 + 1e-9:  # sums of fractions may come out a little above 1
        raise ValueError(f"epoch {row['epoch'][:20]}: {name} is {value}, not a fraction from 0 to 1")
    return value


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    atomic.write_text(path, text.getvalue())


@contextmanager
def _rows(path: Path, wanted: Sequence[str]) -> Iterator[list[dict[str, str]]]:
    """The rows; all of them have the columns `wanted`. A row that was cut off is damage, not an empty cell, and so is
    what can not be understood inside the block. Raises `SkinKDError`."""
    with _refusing(path):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            names = list(table.fieldnames or ())
            missing = [name for name in wanted if name not in names]
            if missing:
                raise ValueError(f"there is no column {', '.join(missing)}")
            doubled = [name for name in wanted if names.count(name) > 1]
            if doubled:
                raise ValueError(f"there are two columns {', '.join(doubled)}")
            rows = list(table)
        for number, row in enumerate(rows, 2):
            if any(row[name] is None for name in wanted):
                raise ValueError(f"line {number} is cut off")
        yield rows


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Raises `SkinKDError` for no file, one that is too large, and what the block can not read or understand."""
    try:
        if not path.is_file():  # a pipe would be waited for
            raise ValueError("it is missing, or no file")
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
        yield
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise SkinKDError(
            f"{path.name} can not be read",
            f"{path} is missing or damaged, so this part of the run can not be used: {str(error)[:300]}. "
            "Restore a copy of it, or repeat the run from its recipe.",
            f"{type(error).__name__}: {error}",
        ) from error
