"""What the teacher says about every image: computed once, stored, used by the losses and by the curriculum."""

from __future__ import annotations

import hashlib
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core import atomic
from core.data.types import CLASS_CODES
from core.errors import SkinKDError
from core.events import CancelToken, Level, Notice, Phase, Progress, Report, ignore
from core.locks import waiting_for
from core.models.files import load_model
from core.models.folding import folded
from core.models.forward import ImageSource, iterate_outputs
from core.paths import cache_root, make_private

_SECONDS_BETWEEN_SAVES = 20.0
_SECONDS_BETWEEN_REPORTS = 0.25
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


def teacher_logits(
    model_file: Path,
    store: ImageSource,
    indices: NDArray[np.int64],
    *,
    device: str | torch.device,
    precision: str = "32",
    report: Report = ignore,
    token: CancelToken | None = None,
    cache: Path | None = None,
    batch_size: int = 0,
) -> NDArray[np.float32]:
    """The teacher's logits, shape (len(store), 8), float32; rows that were never asked for are NaN.

    Stored under `cache` (default: the user's cache folder) for this file's bytes, these images and this precision.
    Only rows of `indices` that are not stored yet are computed; what was computed is stored every 20 s and at the end,
    also when the work is cancelled. Two processes wait for one another instead of computing the same.

    Raises `SkinKDError` (unusable model file, images of another size, logits that are not finite), `Cancelled`, and
    IndexError for indices outside the store.
    """
    token = token or CancelToken()
    wanted = np.unique(np.asarray(indices, np.int64))
    if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < len(store):
        raise IndexError(f"indices from {wanted[0]} to {wanted[-1]} for {len(store)} images")
    folder = (cache or cache_root()) / "knowledge"
    make_private(folder)
    path = folder / f"{_key(model_file, store, precision)}.npz"
    told = "Another run is asking the same teacher; waiting for its answers."
    with waiting_for(path.with_suffix(".lock"), told, report, token):
        logits = _read(path, len(store), report)
        missing = wanted[np.isnan(logits[wanted]).any(axis=1)]
        report(Progress(Phase.TEACHER, len(wanted) - len(missing), len(wanted)))
        if len(missing):
            model, info = load_model(model_file, "cpu")
            answers = iterate_outputs(
                folded(model, info.preprocessing.image_size),
                info.preprocessing,
                store,
                missing,
                device=device,
                precision=precision,
                batch_size=batch_size,
                token=token,
            )
            writer = _Writer(path, logits, report, len(wanted), len(missing))
            try:
                for answer, _ in answers:
                    writer.add(missing, answer)
            finally:
                answers.close()
                writer.save()
    return logits


class _Writer:
    """Puts answers into the table, stores it now and then, and reports."""

    def __init__(self, path: Path, logits: NDArray[np.float32], report: Report, wanted: int, missing: int) -> None:
        self._path, self._logits, self._report = path, logits, report
        self._wanted, self._missing, self._done = wanted, missing, 0
        self._begin = self._saved = self._reported = time.monotonic()

    def add(self, rows: NDArray[np.int64], answer: NDArray[np.float32]) -> None:
        """The next answers, for the next of `rows`. Raises `SkinKDError` for answers that are not finite."""
        if not np.isfinite(answer).all():
            raise SkinKDError(
                "The teacher gives no usable answers",
                "Its logits are not finite numbers for some images. Set hardware.precision to 32; if it is, train "
                "the teacher again with a smaller learning rate.",
            )
        self._logits[rows[self._done : self._done + len(answer)]] = answer
        self._done += len(answer)
        now = time.monotonic()
        if now - self._reported >= _SECONDS_BETWEEN_REPORTS or self._done == self._missing:
            self._reported = now
            rate = self._done / max(now - self._begin, 1e-6)
            left = self._missing - self._done
            self._report(Progress(Phase.TEACHER, self._wanted - left, self._wanted, rate, left / rate))
        if now - self._saved >= _SECONDS_BETWEEN_SAVES:
            self.save()

    def save(self) -> None:
        """Store the table, whole or not at all."""
        self._saved = time.monotonic()
        try:
            with atomic.replacing(self._path) as temporary, temporary.open("wb") as file:
                np.savez(file, logits=self._logits)  # a zip file: with a checksum
        except OSError as error:
            # The answers are still in memory: the run goes on, only the next one computes them anew.
            self._report(Notice(f"The teacher's answers could not be stored: {error}", Level.WARNING))


def _key(model_file: Path, store: ImageSource, precision: str) -> str:
    try:
        with model_file.open("rb") as file:
            model = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SkinKDError(
            "The teacher's model is missing", f"{model_file} could not be read. Choose a finished teacher.", str(error)
        ) from error
    return hashlib.sha256(f"{model} {store.key} {precision}".encode()).hexdigest()[:32]


def _read(path: Path, count: int, report: Report) -> NDArray[np.float32]:
    """The stored table, or an empty one (NaN) where there is none or it is damaged."""
    empty = np.full((count, len(CLASS_CODES)), np.nan, np.float32)
    if not path.exists():
        return empty
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as table:
            stored = table["logits"]
    except _DAMAGES as error:
        report(Notice(f"The stored answers of the teacher are damaged and are computed again: {error}", Level.WARNING))
        return empty
    if stored.shape != empty.shape or stored.dtype != empty.dtype or np.isinf(stored).any():
        report(Notice("The stored answers of the teacher are damaged and are computed again.", Level.WARNING))
        return empty
    return np.asarray(stored, np.float32)
