"""Where SkinKD keeps what it writes. The roots can be moved by environment variables."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import platformdirs

_APP = "SkinKD"
_PRIVATE = 0o700


def runs_root() -> Path:
    """The folder of run folders: `SKINKD_RUNS`, or `SkinKD/runs` in the user's data folder. Not created here."""
    return _from_environment("SKINKD_RUNS") or platformdirs.user_data_path(_APP, appauthor=False) / "runs"


def cache_root() -> Path:
    """The folder of what can be made again: `SKINKD_CACHE`, or the user's cache folder. Not created here."""
    return _from_environment("SKINKD_CACHE") or platformdirs.user_cache_path(_APP, appauthor=False)


def state_root() -> Path:
    """The folder of what the application remembers: `SKINKD_STATE`, or the user's state folder. Not created here."""
    return _from_environment("SKINKD_STATE") or platformdirs.user_state_path(_APP, appauthor=False)


def own_folders() -> list[Path]:
    """The folders that are SkinKD's alone and may hold what a killed program left: caches and what is remembered."""
    folders = [cache_root(), state_root()]
    with suppress(OSError):
        folders += [path for path in cache_root().iterdir() if path.is_dir()]
    return folders


def class_sets_root() -> Path:
    """The folder of the class sets that the user saved. Not created here."""
    return state_root() / "class_sets"


def log_root() -> Path:
    """The folder of the application's own log. Not created here."""
    return platformdirs.user_log_path(_APP, appauthor=False)


def settings_file() -> Path:
    """The file of the window's settings, which Qt reads and writes. Not created here."""
    if sys.platform == "win32":
        return platformdirs.user_config_path(roaming=True) / _APP / f"{_APP}.ini"
    return Path(os.environ.get("XDG_CONFIG_HOME", "").strip() or "~/.config").expanduser() / _APP / f"{_APP}.ini"


def make_private(folder: Path) -> Path:
    """Make a folder that only its owner may open, with those above it that are missing; returns it. Raises OSError.

    A folder that is there keeps its rights, as does one that the user shares, unless it is SkinKD's own. On Windows a
    folder has the rights of the one around it; in the user's profile those are the user's alone.
    """
    for part in reversed([folder, *(above for above in folder.parents if not above.exists())]):
        part.mkdir(mode=_PRIVATE, exist_ok=True)
    for own in _own_folders():
        if own == folder or own in folder.parents:
            with suppress(OSError):  # of another user, or on a drive without rights
                own.chmod(_PRIVATE)
    return folder


def _own_folders() -> tuple[Path, ...]:
    kinds = (platformdirs.user_data_path, platformdirs.user_cache_path, platformdirs.user_state_path)
    return tuple(
        kind(_APP, appauthor=False) for kind in (*kinds, platformdirs.user_config_path, platformdirs.user_log_path)
    )


def _from_environment(name: str) -> Path | None:
    value = os.environ.get(name, "").strip()
    return Path(value).expanduser() if value else None
