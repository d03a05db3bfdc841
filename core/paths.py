"""Where SkinKD keeps what it writes. The roots can be moved by environment variables."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_APP = "SkinKD"


def runs_root() -> Path:
    """The folder of run folders: `SKINKD_RUNS`, or `SkinKD/runs` in the user's data folder. Not created here."""
    return _from_environment("SKINKD_RUNS") or platformdirs.user_data_path(_APP, appauthor=False) / "runs"


def cache_root() -> Path:
    """The folder of what can be made again: `SKINKD_CACHE`, or the user's cache folder. Not created here."""
    return _from_environment("SKINKD_CACHE") or platformdirs.user_cache_path(_APP, appauthor=False)


def state_root() -> Path:
    """The folder of what the application remembers: `SKINKD_STATE`, or the user's state folder. Not created here."""
    return _from_environment("SKINKD_STATE") or platformdirs.user_state_path(_APP, appauthor=False)


def log_root() -> Path:
    """The folder of the application's own log. Not created here."""
    return platformdirs.user_log_path(_APP, appauthor=False)


def _from_environment(name: str) -> Path | None:
    value = os.environ.get(name, "").strip()
    return Path(value).expanduser() if value else None
