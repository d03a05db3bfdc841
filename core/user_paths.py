"""Paths as people write them, in recipes and on command lines: they may lead nowhere."""

from __future__ import annotations

from pathlib import Path

from core.errors import SkinKDError


def expanded(text: str | Path) -> Path:
    """The path with `~` in its front replaced by a home folder; as it is when there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def is_folder(path: Path) -> bool:
    """Whether there is a folder; also False for a name that no file system takes (too long, a link in a circle)."""
    try:
        return expanded(path).is_dir()
    except (OSError, ValueError):
        return False


def is_file(path: str | Path) -> bool:
    """Whether there is a plain file; also False for a name that no file system takes."""
    try:
        return expanded(path).is_file()
    except (OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """Whether there is anything; also False for a name that no file system takes."""
    try:
        return expanded(path).exists()
    except (OSError, ValueError):
        return False


def full_path(text: str | Path) -> Path:
    """The absolute path that a person means by a text, with `~` and links followed; there need be nothing.

    Raises `SkinKDError` for what can be no path here, such as a circle of links.
    """
    try:
        return expanded(text).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise SkinKDError(
            "The path can not be used", f"{str(text)[:200]!r} leads nowhere ({error}). Give another.", str(text)
        ) from error
