"""The files that come with SkinKD: read from the source tree, the wheel and the frozen application alike."""

from __future__ import annotations

from importlib.resources import files


def resource_bytes(name: str) -> bytes:
    """The content of a packaged file; `name` is relative to this package, with forward slashes.

    Raises FileNotFoundError when there is no such file (the installation is incomplete).
    """
    return files("resources").joinpath(name).read_bytes()


def resource_text(name: str) -> str:
    """The same as text (UTF-8)."""
    return resource_bytes(name).decode("utf-8")
