"""first_epoch.csv of a run: which classes the batches of its first epoch held, in the order in which it saw them.

A curriculum that sorts by the teacher's confidence may begin with few of the classes; the paper suspects so (section
5.5.1).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.data.tables import write_table

FILE_NAME = "first_epoch.csv"


@dataclass(frozen=True)
class FirstEpoch:
    """Images of each class of `codes` in each batch of the first epoch, in their order."""

    codes: tuple[str, ...]
    batches: tuple[tuple[int, ...], ...]

    def fractions(self, begin: float = 0.0, end: float = 1.0) -> tuple[float, ...]:
        """The classes' fractions of the images in the batches from `begin` to `end` (0..1 of the epoch), at least one
        batch."""
        first = min(int(begin * len(self.batches)), len(self.batches) - 1)
        chosen = self.batches[first : max(first + 1, round(end * len(self.batches)))]
        counts = [sum(column) for column in zip(*chosen, strict=True)]
        return tuple(count / (sum(counts) or 1) for count in counts)


def keep_first_epoch(folder: Path, labels: NDArray[np.int64], batch_size: int, classes: ClassSet) -> None:
    """Write first_epoch.csv from the labels (n,) of the images in the order in which the first epoch shows them. Raises
    `SkinKDError` when it can not be written."""
    rows = []
    for number, start in enumerate(range(0, len(labels), batch_size), 1):
        counts = np.bincount(labels[start : start + batch_size], minlength=len(classes))
        rows.append([str(number), *map(str, counts.tolist())])
    write_table(folder / FILE_NAME, ("batch", *classes.codes), rows)


def first_epoch_of(folder: Path) -> FirstEpoch | None:
    """What first_epoch.csv says; None where it is not there, as in runs of older versions, or damaged."""
    try:
        with (folder / FILE_NAME).open(encoding="utf-8-sig", newline="") as lines:
            header, *rows = list(csv.reader(lines))
        batches = tuple(tuple(int(count) for count in row[1:]) for row in rows)
    except (OSError, ValueError, csv.Error):
        return None
    codes = tuple(header[1:])
    whole = batches and all(len(row) == len(codes) and min(row) >= 0 for row in batches)
    return FirstEpoch(codes, batches) if whole else None
