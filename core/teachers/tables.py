"""Tables of a teacher's outputs on disk: one file for each view, whole or as before, read only where undamaged."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import atomic
from core.digests import file_digest
from core.errors import SkinKDError
from core.events import Emit, Level, Notice

_DAMAGES = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    AttributeError,
    TypeError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy and zipfile raise for files with wrong bytes."""


def model_digest(model_file: Path) -> str:
    """The SHA-256 of a teacher's model file in hex digits. Raises `SkinKDError` when it can not be read."""
    try:
        return file_digest(model_file)
    except OSError as error:
        raise SkinKDError(
            "The teacher's model is missing", f"{model_file} could not be read. Choose a finished teacher.", str(error)
        ) from error


def table_key(model_file: Path, images: str, precision: str) -> str:
    """Names the outputs of this file's bytes for the images with the key `images`, at this precision.

    Raises `SkinKDError` when the file can not be read.
    """
    return hashlib.sha256(f"{model_digest(model_file)} {images} {precision}".encode()).hexdigest()[:32]


def table_file(folder: Path, key: str, view: int, scheme: str) -> Path:
    """Where the outputs for a view are kept, with the name of what it looks like (`ViewRule.scheme`); those for view 0
    where they were before there were views."""
    return folder / (f"{key}-{scheme}-{view:02d}.npz" if view else f"{key}.npz")


class OutputsTable:
    """A teacher's outputs for one view of all images: `logits` (images, classes), with `features` (images, d), or of
    those no more than their `norms` (images,).

    Rows that were never computed are NaN; `features` and `norms` stay None until the first are there. All are float32.
    """

    def __init__(self, path: Path, images: int, classes: int, emit: Emit) -> None:
        self.path, self._emit = path, emit
        self.logits: NDArray[np.float32] = np.full((images, classes), np.nan, np.float32)
        self.features: NDArray[np.float32] | None = None
        self.norms: NDArray[np.float32] | None = None
        if path.exists():
            self._read()

    def missing(self, wanted: NDArray[np.int64], features: bool, norms: bool = False) -> NDArray[np.int64]:
        """Those rows of `wanted` (n,) that are not there, or, if asked for, only without features or their norms."""
        absent = np.isnan(self.logits[wanted]).any(axis=1)
        if features:
            absent |= True if self.features is None else np.isnan(self.features[wanted]).any(axis=1)
        if norms:
            self._norms_of_features()
            absent |= True if self.norms is None else np.isnan(self.norms[wanted])
        return wanted[absent]

    def put(
        self,
        rows: NDArray[np.int64],
        logits: NDArray[np.float32],
        features: NDArray[np.float32] | None,
        *,
        norms_alone: bool = False,
    ) -> None:
        """Fill in `rows` (n,): logits (n, classes) and features (n, d), or with `norms_alone` no more than their norms.

        Logits that are there stay: computed with features they may differ in the last bit, and what a run began with
        is what it goes on with.
        """
        new = np.isnan(self.logits[rows]).any(axis=1)
        self.logits[rows[new]] = logits[new]
        if features is not None and norms_alone:
            if self.norms is None:
                self.norms = np.full(len(self.logits), np.nan, np.float32)
            self.norms[rows] = np.linalg.norm(features, axis=1)
        elif features is not None:
            if self.features is None:
                self.features = np.full((len(self.logits), features.shape[1]), np.nan, np.float32)
            self.features[rows] = features

    def save(self) -> None:
        """Store the table, whole or not at all; where that fails the run goes on, and only the next one computes it
        anew."""
        found = {"logits": self.logits, "features": self.features, "norms": self.norms}
        try:
            with atomic.replacing(self.path) as temporary, temporary.open("wb") as file:
                # a zip file: with a checksum
                np.savez(file, **{name: values for name, values in found.items() if values is not None})  # type: ignore[arg-type]
        except OSError as error:
            self._emit(Notice(f"The teacher's answers could not be stored: {error}", Level.WARNING))

    def _read(self) -> None:
        """Take over what is stored, unless it is damaged."""
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as table:
                logits = table["logits"]
                features, norms = (table[name] if name in table.files else None for name in ("features", "norms"))
        except _DAMAGES as error:
            self._say_damaged(f": {error}")
            return
        fits = logits.shape == self.logits.shape and _usable(logits)
        if features is not None:
            fits = fits and features.ndim == 2 and len(features) == len(logits) and _usable(features)
        if norms is not None:
            fits = fits and norms.shape == (len(logits),) and _usable(norms)
        if fits:
            self.logits, self.features, self.norms = logits, features, norms
        else:
            self._say_damaged(".")

    def _norms_of_features(self) -> None:
        """Where features are stored, their norms need not be computed by the teacher."""
        if self.features is not None and self.norms is None:
            self.norms = np.linalg.norm(self.features, axis=1).astype(np.float32)

    def _say_damaged(self, why: str) -> None:
        told = f"The stored answers of the teacher are damaged and are computed again{why}"
        self._emit(Notice(told, Level.WARNING))


class ClassMeans:
    """The mean of a teacher's features for each class (classes, d) over certain images, as `path` keeps it; None until
    it is there. Summed up in float64, batch by batch."""

    def __init__(self, path: Path, classes: int) -> None:
        self.path, self._classes = path, classes
        self.values: NDArray[np.float32] | None = None
        self._sums: NDArray[np.float64] | None = None
        self._counts = np.zeros(classes, np.int64)
        if path.exists():
            with contextlib.suppress(*_DAMAGES), path.open("rb") as file, np.load(file, allow_pickle=False) as table:
                means = table["means"]
                if means.ndim == 2 and len(means) == classes and _usable(means):
                    self.values = means

    def add(self, labels: NDArray[np.int64], features: NDArray[np.float32]) -> None:
        """Take up images with these labels (n,) and features (n, d)."""
        if self._sums is None:
            self._sums = np.zeros((self._classes, features.shape[1]))
        np.add.at(self._sums, labels, features)
        self._counts += np.bincount(labels, minlength=self._classes)

    def finish(self) -> None:
        """All images were taken up: keep the means, zero where a class has none. Where they can not be stored, only the
        next run computes them anew."""
        assert self._sums is not None
        self.values = (self._sums / np.maximum(self._counts, 1)[:, None]).astype(np.float32)
        with contextlib.suppress(OSError), atomic.replacing(self.path) as temporary, temporary.open("wb") as file:
            np.savez(file, means=self.values)


def means_file(folder: Path, key: str, indices: NDArray[np.int64], labels: NDArray[np.int64]) -> Path:
    """Where the class means over the images `indices` (n,) with `labels` (n,) are kept."""
    said = hashlib.sha256(indices.astype("<i8").tobytes() + labels.astype("<i8").tobytes()).hexdigest()
    return folder / f"{key}-means-{said[:16]}.npz"


def _usable(values: NDArray[np.generic]) -> bool:
    return values.dtype == np.float32 and not np.isinf(values).any()
