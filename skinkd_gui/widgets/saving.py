"""Asking for a file to write, and writing text into it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from core import atomic
from core.errors import SkinKDError
from skinkd_gui.widgets.error_dialog import show_error

FIGURE_FILTERS = "PNG picture (*.png);;SVG drawing (*.svg);;PDF document (*.pdf)"


def ask_for_file(parent: QWidget, title: str, stem: str, filters: str) -> Path | None:
    """A file to write, with the chosen kind's ending where the user gave none; None when the user gave up."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    endings = re.findall(r"\*(\.\w+)", filters)
    proposed = Path(folder) / f"{_file_name(stem)}{endings[0]}"
    name, chosen = QFileDialog.getSaveFileName(parent, title, str(proposed), filters)
    if not name:
        return None
    path = Path(name)
    if path.suffix.lower() in endings:
        return path
    found = re.search(r"\*(\.\w+)", chosen)
    return path.with_name(path.name + (found[1] if found else endings[0]))


def save_as(parent: QWidget, title: str, stem: str, filters: str, write: Callable[[Path], None]) -> Path | None:
    """Ask for a file and write it; None when the user gave up, or what keeps it from being written was shown."""
    path = ask_for_file(parent, title, stem, filters)
    if path is None:
        return None
    try:
        write(path)
    except SkinKDError as error:
        show_error(parent, error)
    except OSError as error:
        show_error(parent, SkinKDError("The file can not be written", f"{path} was not written.", str(error)))
    else:
        return path
    return None


def save_text_as(parent: QWidget, title: str, text: str, stem: str, filters: str) -> Path | None:
    """As `save_as`, for a text."""
    return save_as(parent, title, stem, filters, lambda path: atomic.write_text(path, text))


def _file_name(text: str) -> str:
    return re.sub(r"[^\w\-]+", "-", text).strip("-") or "figure"
