"""Tables of a teacher's outputs on disk: one file for each view, whole or as before, read only where undamaged."""

from __future__ import annotations

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
    """A teacher's outputs for one view of all images: `logits` (images, classes) and, with `features` (images, d).

    Rows that were never computed are NaN; `features` stay None until the first are there. Both are float32.
    """

    def __init__(self, path: Path, images: int, classes: int, emit: Emit) -> None:
        self.path, self._emit = path, emit
        self.logits: NDArray[np.float32] = np.full((images, classes), np.nan, np.float32)
        self.features: NDArray[np.float32] | None = None
        if path.exists():
            self._read()

    def missing(self, wanted: NDArray[np.int64], features: bool) -> NDArray[np.int64]:
        """Those rows of `wanted` (n,) that are not there, or, if asked for, only without features."""
        absent = np.isnan(self.logits[wanted]).any(axis=1)
        if features:
            absent |= True if self.features is None else np.isnan(self.features[wanted]).any(axis=1)
        return wanted[absent]

    def put(self, rows: NDArray[np.int64], logits: NDArray[np.float32], features: NDArray[np.float32] | None) -> None:
        """Fill in `rows` (n,): logits (n, classes) and features (n, d).

        Logits that are there stay: computed with features they may differ in the last bit, and what a run began with
        is what it goes on with.
        """
        new = np.isnan(self.logits[rows]).any(axis=1)
        self.logits[rows[new]] = logits[new]
        if features is not None:
            if self.features is None:
                self.features = np.full((len(self.logits), features.shape[1]), np.nan, np.float32)
            self.features[rows] = features

    def save(self) -> None:
        """Store the table, whole or not at all; where that fails the run goes on, and only the next one computes it
        anew."""
        found = {"logits": self.logits} | ({} if self.features is None else {"features": self.features})
        try:
            with atomic.replacing(self.path) as temporary, temporary.open("wb") as file:
                np.savez(file, **found)  # type: ignore[arg-type]  # a zip file: with a checksum
        except OSError as error:
            self._emit(Notice(f"The teacher's answers could not be stored: {error}", Level.WARNING))

    def _read(self) -> None:
        """Take over what is stored, unless it is damaged."""
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as table:
                logits = table["logits"]
                features = table["features"] if "features" in table.files else None
        except _DAMAGES as error:
            self._say_damaged(f": {error}")
            return
        fits = logits.shape == self.logits.shape and _usable(logits)
        if features is not None:
            fits = fits and features.ndim == 2 and len(features) == len(logits) and _usable(features)
        if fits:
            self.logits, self.features = logits, features
        else:
            self._say_damaged(".")

    def _say_damaged(self, why: str) -> None:
        told = f"The stored answers of the teacher are damaged and are computed again{why}"
        self._emit(Notice(told, Level.WARNING))


def _usable(values: NDArray[np.generic]) -> bool:
    return values.dtype == np.float32 and not np.isinf(values).any()
