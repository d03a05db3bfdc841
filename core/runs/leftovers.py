"""What programs that were killed have left in SkinKD's own folders."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from core.atomic import remove_leftovers
from core.paths import cache_root, state_root
from core.runs.folder import RunFolder

_log = logging.getLogger(__name__)


def clear_run(folder: RunFolder) -> None:
    """Remove unfinished temporary files of a run. Call it under the run's lock."""
    _clear([folder.path, folder.checkpoint_folder])


def clear_caches() -> None:
    """Remove unfinished temporary files from the caches and the application's own folder."""
    folders = [cache_root(), state_root()]
    with suppress(OSError):
        folders += [path for path in cache_root().iterdir() if path.is_dir()]
    _clear(folders)


def _clear(folders: list[Path]) -> None:
    removed = remove_leftovers(folders)
    if removed:
        _log.info("removed %d temporary files that a killed program had left", removed)
