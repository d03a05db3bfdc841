"""Ask where to save figures and tables, and save them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from skinkd_gui.widgets.saving import FIGURE_FILTERS, save_as

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle
    from core.reporting.table import ResultsTable

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
