"""A teacher given as a file of its outputs, for networks that timm does not have: .npz without pickle, or .csv.

A row for each image, whose name is its path below the data root, or as much of it as says which image is meant. In an
.npz file: `images` (n,), `logits` (n, classes) with `classes` (classes,), the codes of its columns; `features` (n, d).
In a .csv file: a column `image`, one column named by each class's code, and columns `feature_1`, `feature_2` and so on.
Logits and features may both be there; one of them must.
"""

from __future__ import annotations

import csv
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.data.names import matched
from core.data.types import DataSet
from core.documents import some
from core.errors import SkinKDError
from core.twin_names import refuse_twins
from core.visible_text import visible_lines

SUFFIXES = (".npz", ".csv")

_FEATURE = "feature_"
_LARGEST = 16 * 2**30
"""Bytes of an unpacked file: features of a large network for some 100,000 images are 2 GB."""


@dataclass(frozen=True)
class GivenOutputs:
    """What stands in such a file: names (n,), logits (n, classes) with the codes of their columns (none without), and
    pooled features (n, d), each None where they are not there; float32 and finite."""

    file: str
    names: tuple[str, ...]
    codes: tuple[str, ...]
    logits: NDArray[np.float32] | None
    features: NDArray[np.float32] | None

    def logits_of(self, classes: ClassSet) -> NDArray[np.float32] | None:
        """The logits (n, classes) with their columns in the order of `classes`; None without logits. Raises
        `SkinKDError` when they stand for other classes."""
        if self.logits is None:
            return None
        columns = {code.casefold(): number for number, code in enumerate(self.codes)}
        wanted = [code.casefold() for code in classes.codes]
        if set(wanted) != set(columns) or len(columns) != len(self.codes):
            raise SkinKDError(
                "The teacher's file is for other classes",
                f"{self.file} has logits for {some(self.codes, 12)}; the run tells apart {some(classes.codes, 12)}. "
                "Name the columns by the codes of the run's classes, each once.",
            )
        return np.ascontiguousarray(self.logits[:, [columns[code] for code in wanted]])

    def rows_of(self, dataset: DataSet, needed: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each record of the data set the row of the file that means it, (records,), -1 where none does.

        Raises `SkinKDError` when one of the records `needed` (m,) has none.
        """
        own = {record.name: index for index, record in enumerate(dataset.records)}
        meant = matched(self.names, own)
        rows = np.full(len(own), -1, np.int64)
        for row, name in enumerate(self.names):
            if name in meant:
                rows[own[meant[name]]] = row
        missing = [dataset.records[index].name for index in needed if rows[index] < 0]
        if missing:
            unknown = [name for name in self.names if name not in meant]
            other = f" Of its {len(self.names):,} rows {len(unknown):,} mean no image here" if unknown else ""
            raise SkinKDError(
                "The teacher's file lacks images",
                f"{self.file} has no row for {len(missing):,} of the {len(needed):,} training images "
                f"({some(missing, 3)}).{other}{f' ({some(unknown, 3)}).' if unknown else ''} Add the missing rows; an "
                "image is named by its path below the data folder, or by its file name where that is unique.",
                visible_lines(missing[:1000]),
            )
        return rows


def is_given(path: Path) -> bool:
    """Whether a teacher of this name is a file of outputs, by its suffix."""
    return path.suffix.lower() in SUFFIXES


def read_given_outputs(path: Path) -> GivenOutputs:
    """The outputs in a file. Raises `SkinKDError` for a file that can not be read, holds something else, numbers that
    are not finite, an image twice, or probabilities in place of logits."""
    try:
        given = _from_npz(path) if path.suffix.lower() == ".npz" else _from_csv(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, csv.Error) as error:
        raise _unusable(path, str(error).strip() or type(error).__name__) from error
    if given.logits is None and given.features is None:
        raise _unusable(path, "it holds neither logits nor features")
    twice = [name for name, count in Counter(given.names).items() if count > 1]
    if twice:
        raise _unusable(path, f"images stand in it twice: {some(twice, 3)}")
    for what, values in (("logits", given.logits), ("features", given.features)):
        if values is not None and not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
            raise _unusable(path, f"the {what} of {given.names[row]} are not all finite numbers")
    if given.logits is not None and _are_probabilities(given.logits):
        raise SkinKDError(
            "The teacher's file holds probabilities",
            f"The rows of {path.name} are not negative and sum to 1. A student learns from logits: write the network's "
            "outputs before softmax, or the natural logarithms of these probabilities.",
        )
    return given


def _from_npz(path: Path) -> GivenOutputs:
    with zipfile.ZipFile(path) as archive:
        refuse_twins(archive)
        size = sum(item.file_size for item in archive.infolist())
        arrays = {name.removesuffix(".npy") for name in archive.namelist()}
        if len(arrays) < len(archive.namelist()):  # NumPy calls both logits.npy and logits by the latter name
            raise ValueError("it holds an array twice, with and without .npy at the end of its name")
    if size > _LARGEST:
        raise ValueError("unpacked it would be larger than 16 GB")
    with np.load(path, allow_pickle=False) as file:
        names = _texts(file, "images")
        logits, features = (_numbers(file, name, len(names)) for name in ("logits", "features"))
        codes = _texts(file, "classes") if logits is not None else ()
    if logits is not None and logits.shape[1] != len(codes):
        raise ValueError(f"it has {logits.shape[1]} columns of logits and names {len(codes)} classes")
    return GivenOutputs(path.name, names, codes, logits, features)


def _texts(file: np.lib.npyio.NpzFile, name: str) -> tuple[str, ...]:
    if name not in file.files:
        raise ValueError(f"it has no array {name!r}; there are {some(file.files, 5) or 'none'}")
    values = file[name]
    if values.ndim != 1 or values.dtype.kind not in "US":
        raise ValueError(f"{name!r} is not a list of texts")
    return tuple(value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in values.tolist())


def _numbers(file: np.lib.npyio.NpzFile, name: str, rows: int) -> NDArray[np.float32] | None:
    if name not in file.files:
        return None
    values = file[name]
    if values.ndim != 2 or values.dtype.kind not in "fiu" or len(values) != rows or not values.shape[1]:
        raise ValueError(f"{name!r} is not a table of numbers with a row for each of its {rows} images")
    return np.ascontiguousarray(values, np.float32)


def _from_csv(path: Path) -> GivenOutputs:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        head = [name.strip() for name in next(reader, [])]
        if "image" not in head:
            raise ValueError("it has no column 'image'")
        rows = [row for row in reader if any(row)]
    own = head.index("image")
    uneven = next((number for number, row in enumerate(rows, 2) if len(row) != len(head)), None)
    if uneven is not None:
        raise ValueError(f"line {uneven} has not as many cells as the first")
    features = [number for number, name in enumerate(head) if name.startswith(_FEATURE)]
    codes = [number for number in range(len(head)) if number != own and number not in set(features)]
    return GivenOutputs(
        path.name,
        tuple(row[own].strip() for row in rows),
        tuple(head[number] for number in codes),
        _cells(rows, codes),
        _cells(rows, features),
    )


def _cells(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> NDArray[np.float32] | None:
    if not columns or not rows:
        return None
    return np.array([[float(row[column]) for column in columns] for row in rows], np.float32)


def _are_probabilities(logits: NDArray[np.float32]) -> bool:
    return bool((logits >= 0).all() and np.allclose(logits.sum(axis=1), 1, atol=1e-3)) and logits.shape[1] > 1


def _unusable(path: Path, why: str) -> SkinKDError:
    return SkinKDError(
        "The teacher's file can not be used",
        f"{path.name}: {why}. A file of outputs is a .npz with images, logits and classes (and features), or a .csv "
        "with the columns image, one for each class, and feature_1, feature_2 ...",
        str(path),
    )
