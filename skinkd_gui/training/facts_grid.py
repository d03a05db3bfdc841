"""Short facts with their titles, in as many columns as the width has space for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QLabel, QWidget

from skinkd_gui.widgets.fitting_grid import FittingGrid
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, Gap, row_of

_MOST_COLUMNS = 3


class FactsGrid(FittingGrid):
    """Fills its columns from top to bottom."""

    def __init__(self, facts: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """`facts` are keys and titles."""
        self._values: dict[str, QLabel] = {}
        cells = [self._cell(key, title) for key, title in facts]
        super().__init__(cells, _MOST_COLUMNS, parent, gap=20, downwards=True)

    def _cell(self, key: str, title: str) -> QWidget:
        cell = QWidget()
        value = make_label("–", "strong", cell, name=f"fact_{key}")
        value.setAccessibleName(title)
        row_of(make_label(title, "muted", cell), Gap(10), STRETCH, value, on=cell, margins=0)
        self._values[key] = value
        return cell

    def show_texts(self, texts: Mapping[str, str]) -> None:
        """Say these things, by their keys."""
        for key, text in texts.items():
            self._values[key].setText(text)
        self.arrange()
