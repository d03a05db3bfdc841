"""Pasted pictures: each window keeps them in a folder of its own, `<state>/pasted/<process>-<computer>-<random>/`.

It is open to its owner alone and goes with its window; what a killed one left goes when the next one starts.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from core.atomic import HERE
from core.errors import SkinKDError
from core.paths import make_private, state_root

_NAME = re.compile(r"(?P<process>\d{1,9})-(?P<computer>[0-9a-f]{8})-\w+")
_FORGOTTEN_SECONDS = 24 * 3600.0
_DOUBT_SECONDS = 60.0
"""So far may a process's beginning, as systems tell it, be from the true one."""

_log = logging.getLogger(__name__)


def pasted_root() -> Path:
    """Where the windows' folders are. Not created here."""
    return state_root() / "pasted"


def new_pasted_folder() -> Path:
    """Make this process's folder for pasted pictures. Raises `SkinKDError`."""
    root = pasted_root()
    try:
        make_private(root).chmod(0o700)  # also where an older folder of another mode was there
        return Path(tempfile.mkdtemp(dir=root, prefix=f"{os.getpid()}-{HERE}-"))
    except OSError as error:
        raise SkinKDError(
            "The picture was not pasted", f"No folder for it can be made in {root}. Is the disk full?", str(error)
        ) from error


def remove_pasted_folder(folder: Path) -> None:
    """Remove a folder of pasted pictures with what is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def clear_pasted() -> int:
    """Remove the folders that no living window uses; returns how many there were. One of another computer, which nobody
    here can ask, goes when nothing was pasted into it for a day."""
    removed = 0
    with suppress(OSError):
        for folder in pasted_root().iterdir():
            if folder.is_dir() and not folder.is_symlink() and not _is_in_use(folder):
                remove_pasted_folder(folder)
                removed += not folder.exists()
    if removed:
        _log.info("removed %d folders of pasted pictures that a killed program had left", removed)
    return removed


def _is_in_use(folder: Path) -> bool:
    import psutil

    match = _NAME.fullmatch(folder.name)
    if match is None:
        return False
    try:
        last = folder.stat().st_mtime
        if match["computer"] != HERE:
            return time.time() - last < _FORGOTTEN_SECONDS
        # The number of an ended process is given again: whoever began after the last paste has not pasted.
        began: float = psutil.Process(int(match["process"])).create_time()
    except psutil.NoSuchProcess:
        return False
    except (OSError, psutil.Error):  # it can not be looked at
        return True
    return began <= last + _DOUBT_SECONDS
