"""Opening a file, a folder or a page of the web with the system's own program for it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from core.program import for_other_programs


def open_path(path: Path) -> None:
    """Show a file or folder."""
    open_address(QUrl.fromLocalFile(str(path)))


def open_address(address: QUrl) -> None:
    """Follow a link."""
    with for_other_programs():
        QDesktopServices.openUrl(address)
