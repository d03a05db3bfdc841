"""The version of the program, as installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """SkinKD's version; 'unknown' for a source tree that was never installed."""
    try:
        return version("skinkd")
    except PackageNotFoundError:
        return "unknown"
