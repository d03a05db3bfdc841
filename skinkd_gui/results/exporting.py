"""Ask where to save figures and tables, and save them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from core import atomic
from core.errors import SkinKDError
from skinkd_gui.widgets.error_dialog import show_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle
    from core.reporting.table import ResultsTable

FIGURE_FILTERS = "PNG picture (*.png);;SVG drawing (*.svg);;PDF document (*.pdf)"
TABLE_FILTERS = "CSV table (*.csv);;Markdown table (*.md);;LaTeX table (*.tex)"


def save_figure_as(parent: QWidget, builder: Callable[[FigureStyle], Figure], stem: str) -> None:
    """Ask for a file and draw the figure into it, dark on white as paper wants it."""

    def write(path: Path) -> None:
        from core.reporting.saving import save_figure
        from core.reporting.style import FigureStyle

        save_figure(builder(FigureStyle()), path)

    save_as(parent, "Save figure", stem, FIGURE_FILTERS, write)


def save_table_as(parent: QWidget, table: ResultsTable, stem: str) -> None:
    """Ask for a file and write the table into it: its values as CSV, or its texts as Markdown or LaTeX."""

    def write(path: Path) -> None:
        from core.reporting.saving import save_table

        save_table(table, path)

    save_as(parent, "Save table", stem, TABLE_FILTERS, write)


def save_text_as(parent: QWidget, title: str, text: str, stem: str, filters: str) -> None:
    """Ask for a file and write the text into it."""
    save_as(parent, title, stem, filters, lambda path: atomic.write_text(path, text))


def save_as(parent: QWidget, title: str, stem: str, filters: str, write: Callable[[Path], None]) -> None:
    """Ask for a file and write it, unless the user gives up; what keeps it from being written is shown."""
    path = ask_for_file(parent, title, stem, filters)
    if path is None:
        return
    try:
        write(path)
    except SkinKDError as error:
        show_error(parent, error)
    except OSError as error:
        show_error(parent, SkinKDError("The file can not be written", f"{path} was not written.", str(error)))


def ask_for_file(parent: QWidget, title: str, stem: str, filters: str) -> Path | None:
    """A file to write, with the chosen kind's ending where the user gave none."""
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


def _file_name(text: str) -> str:
    return re.sub(r"[^\w\-]+", "-", text).strip("-") or "figure"
