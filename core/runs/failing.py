"""Why a run ended, in words that its owner can act on: a full disk, a drive that is gone, too little memory."""

from __future__ import annotations

import errno
from pathlib import Path

from core.errors import DiskFullError, SkinKDError
from core.machine_errors import Remedies, explained
from core.runs.folder import RunFolder, unwritable

_RESUME = "Free some space, then resume the run: it goes on."
_REMEDIES = Remedies(
    "Close other programs that use the GPU, then resume; or start a new run with a smaller optimisation.batch_size or "
    "data.image_size.",
    "Close other programs, then resume; or start a new run with a smaller optimisation.batch_size or data.image_size.",
    _RESUME,
)
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def explained_failure(error: Exception, folder: RunFolder) -> Exception:
    """An error of the machine that a person can act on as a `SkinKDError`; any other as it is."""
    if isinstance(error, OSError | SkinKDError) and not folder.path.is_dir():
        return SkinKDError(
            "The run's folder is gone",
            f"{folder.path} was moved, deleted, or its drive was taken away. Bring it back, then resume the run: it "
            "goes on.",
            str(error),
        )
    return _disk(error, folder) or _disk(error.__cause__, folder) or explained(error, _REMEDIES) or error


def _disk(error: BaseException | None, folder: RunFolder) -> SkinKDError | None:
    """What the system said when it refused to write, also where a part of the program already told what it wrote."""
    if not isinstance(error, OSError):
        return None
    if error.errno in _FULL:
        return DiskFullError("The disk is full", _RESUME, str(error))
    if error.errno == errno.EFBIG:
        return SkinKDError(
            "A file may not grow so large",
            "The system or the drive allows no larger files (ulimit -f says which). Raise the limit or choose another "
            "drive, then resume the run: it goes on.",
            str(error),
        )
    own = error.filename is not None and Path(error.filename).is_relative_to(folder.path)
    return unwritable(folder.path, error) if own and error.errno in _FORBIDDEN else None
