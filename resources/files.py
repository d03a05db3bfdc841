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


def resource_names(folder: str) -> tuple[str, ...]:
    """The names of the files in a packaged folder, none where there is no such folder."""
    place = files("resources").joinpath(folder)
    return tuple(sorted(item.name for item in place.iterdir())) if place.is_dir() else ()
