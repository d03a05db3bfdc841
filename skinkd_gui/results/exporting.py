"""Ask where to save figures and tables, and save them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from core.errors import SkinKDError
from skinkd_gui.widgets.error_dialog import show_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle
    from skinkd_gui.results.grid import Grid

FIGURE_FILTERS = "PNG picture (*.png);;SVG drawing (*.svg);;PDF document (*.pdf)"
TABLE_FILTERS = "CSV table (*.csv)"
TEXT_TABLE_FILTERS = "CSV table (*.csv);;Markdown table (*.md);;LaTeX table (*.tex)"


def save_figure_as(parent: QWidget, builder: Callable[[FigureStyle], Figure], stem: str) -> Path | None:
    """Ask for a file and draw the figure into it, dark on white as paper wants it; None when the user gave up."""
    path = ask_for_file(parent, "Save figure", stem, FIGURE_FILTERS)
    if path is None:
        return None
    from core.reporting.saving import save_figure
    from core.reporting.style import FigureStyle

    try:
        save_figure(builder(FigureStyle()), path)
    except SkinKDError as error:
        show_error(parent, error)
        return None
    return path


def save_table_as(parent: QWidget, header: Sequence[str], rows: Sequence[Sequence[object]], stem: str) -> Path | None:
    """Ask for a file and write the table into it as CSV; None when the user gave up."""
    path = ask_for_file(parent, "Save table", stem, TABLE_FILTERS)
    if path is None:
        return None
    from core.reporting.saving import save_table

    try:
        save_table(header, rows, path)
    except SkinKDError as error:
        show_error(parent, error)
        return None
    return path


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


def save_grid_as(parent: QWidget, grid: Grid, stem: str) -> Path | None:
    """Ask for a file and write the grid into it as CSV, Markdown or LaTeX; None when the user gave up."""
    path = ask_for_file(parent, "Save table", stem, TEXT_TABLE_FILTERS)
    if path is None:
        return None
    try:
        write_grid(grid, path)
    except SkinKDError as error:
        show_error(parent, error)
        return None
    return path


def write_grid(grid: Grid, path: Path) -> None:
    """Write a grid: values as CSV, texts as Markdown or LaTeX, as the ending says. Raises `SkinKDError`."""
    from core import atomic
    from core.reporting.saving import save_table

    if path.suffix.lower() == ".csv":
        save_table(grid.field_names, grid.field_rows, path)
        return
    text = grid.table().to_latex() if path.suffix.lower() == ".tex" else grid.table().to_markdown()
    try:
        atomic.write_text(path, text)
    except OSError as error:
        raise SkinKDError("The file can not be written", f"{path} could not be written.", str(error)) from error
