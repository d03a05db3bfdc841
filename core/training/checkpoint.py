"""The state of an unfinished training, on disk: whole or as before, and loading it can run no code.

`state.pt` holds everything but the best epoch's weights, which lie in `best-NNNN.pt`, named after their epoch, so that
they are written only when an epoch is a new best and always belong to the state that names them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from core import atomic, checksums
from core.documents import shown
from core.errors import SkinKDError
from core.twin_names import refuse_twins

Values = dict[str, Any]

_NO_COMMENT = b"\0\0"  # how a zip file without a comment ends

CHECKPOINT_VERSION = 2
"""Version 1 did not know the recipe that it belongs to."""


class CheckpointFolder:
    """The checkpoint of one training in its folder; values are tensors, numbers, texts, lists and dictionaries."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder / "state.pt"

    @property
    def exists(self) -> bool:
        """Whether there is something to go on from."""
        return self._state.is_file()

    def save(self, state: Values, best_epoch: int) -> None:
        """Replace the state; `best_epoch` says which best weights (written before) it needs, 0 for none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        _save({**state, "version": CHECKPOINT_VERSION, "best_weights": best_epoch}, self._state)
        # Also what a killed process left half written.
        for file in [*self._folder.glob("best-*.pt"), *self._folder.glob(".*.tmp")]:
            if file != self._best(best_epoch):
                file.unlink(missing_ok=True)

    def save_best(self, weights: Values, epoch: int) -> None:
        """Write the weights of a new best epoch; they count once `save` names them."""
        self._folder.mkdir(parents=True, exist_ok=True)
        _save(weights, self._best(epoch))

    def load(self) -> Values:
        """The last saved state, on the CPU. Raises `SkinKDError` when it can not be read."""
        state = _load(self._state)
        version = state.get("version")
        if type(version) is not int or not 0 < version <= CHECKPOINT_VERSION:
            raise SkinKDError(
                "The checkpoint is of another version",
                f"{self._state} was written by another version of SkinKD: its version is {shown(version)}, this "
                f"program reads up to {CHECKPOINT_VERSION}. Go on with the version that wrote it, or start a new run.",
            )
        return state

    def load_best(self, epoch: int) -> Values:
        """The weights of the best epoch, on the CPU. Raises `SkinKDError` when they can not be read."""
        return _load(self._best(epoch))

    @contextmanager
    def reporting_damage(self) -> Iterator[None]:
        """Say what a state breaks that holds other values than it should: it was damaged, or a stranger made it.

        Raises `SkinKDError` for that; running out of memory passes through.
        """
        try:
            yield
        except torch.OutOfMemoryError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
            raise SkinKDError(
                "The checkpoint can not be used",
                f"{self._folder} does not hold the state of such a training. Delete it to train from the beginning.",
                f"{type(error).__name__}: {error}",
            ) from error

    def _best(self, epoch: int) -> Path:
        return self._folder / f"best-{epoch:04d}.pt"


def _save(values: Values, path: Path) -> None:
    try:
        with atomic.replacing(path) as temporary:
            temporary.touch()  # says why nothing may be written there, which torch's own writer keeps for itself
            torch.save(values, temporary)
            _add_checksum(temporary)
    except RuntimeError as error:  # torch's own writer says nothing but that a write failed
        raise SkinKDError(
            "The checkpoint can not be written",
            f"{path} could not be written; probably the disk is full. Free some space, then resume the run: it goes on "
            "from its last checkpoint.",
            str(error),
        ) from error


def _add_checksum(path: Path) -> None:
    """As the comment of the zip file that a checkpoint is, which torch passes over."""
    if not _has_no_comment(path):
        raise RuntimeError("torch wrote something else than a zip file")
    with path.open("rb+") as file:
        file.seek(-len(_NO_COMMENT), 2)
        file.write(checksums.LENGTH.to_bytes(2, "little"))
    checksums.append_checksum(path)


def _has_no_comment(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-len(_NO_COMMENT), 2)
        return file.read() == _NO_COMMENT


def _check_plain(path: Path) -> None:
    """Raise ValueError for a file that would take more memory than its size tells."""
    if not path.is_file():
        raise ValueError("it is no file")
    with zipfile.ZipFile(path) as archive:
        refuse_twins(archive)
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            raise ValueError("it is compressed, which SkinKD never does")


def _load(path: Path) -> Values:
    try:
        _check_plain(path)
        checksums.is_checked(path, checksums.AT_END, expected=not _has_no_comment(path))
        values = torch.load(path, map_location="cpu", weights_only=True)
    except checksums.ChecksumError as error:
        raise SkinKDError(
            "The checkpoint can not be used",
            f"{path}: {error}. Put a copy of {path.parent} that you kept in its place, or delete this folder to train "
            "from the beginning.",
        ) from error
    except Exception as error:  # torch.load raises anything from KeyError to pickle errors for a damaged file
        raise SkinKDError(
            "The checkpoint can not be read",
            f"{path} is missing or damaged. Delete the folder {path.parent} to train from the beginning.",
            f"{type(error).__name__}: {error}",
        ) from error
    if not isinstance(values, dict):
        raise SkinKDError(
            "The checkpoint can not be read",
            f"{path} does not hold a training state. Delete the folder {path.parent} to train from the beginning.",
        )
    return values
