"""What is dragged onto a widget or pasted into it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData


def dragged_files(mime: QMimeData) -> list[Path]:
    """The files and folders of this computer among it."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
