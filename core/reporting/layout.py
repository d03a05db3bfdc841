"""The layout of figures in a window that the user may make as small as it goes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

_ROOMY_WIDTH = 36.0  # in units of the type size
_ROOMY_HEIGHT = 28.0
_DIGIT_WIDTH = 0.66  # of the type size, for the widest digits with the air around them
_LINE_HEIGHT = 1.25
_SMALLEST = 2.0  # points; a cell that is smaller has no readable text anyway


class FigureLayout(ConstrainedLayoutEngine):
    """matplotlib's constrained layout, without its warning where a small figure has no room for its labels.

    After it the texts in cells (see `fit_texts`) are made as small as their cells demand.
    """

    def __init__(self, font_size: float) -> None:
        super().__init__()
        self._font_size = font_size
        self._cells: list[tuple[Axes, tuple[Text, ...], float]] = []

    def execute(self, fig: Figure) -> Any:
        """Give axes the room that labels and legends leave; where there is none, leave them as they are."""
        width, height = (float(inches) * 72 / self._font_size for inches in fig.get_size_inches())
        if width >= _ROOMY_WIDTH and height >= _ROOMY_HEIGHT:
            result = super().execute(fig)
        else:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="constrained_layout not applied")
                result = super().execute(fig)
        for axes, texts, size in self._cells:
            _fit(fig, axes, texts, size)
        return result

    def add_cells(self, axes: Axes, texts: Sequence[Text]) -> None:
        """Keep these texts inside cells of one by one data unit of their axes."""
        self._cells.append((axes, tuple(texts), max((float(text.get_fontsize()) for text in texts), default=0.0)))


def fit_texts(axes: Axes, texts: Sequence[Text]) -> None:
    """From now on, at every size of the figure, write `texts` so small that each fits its cell of 1 x 1 data units."""
    figure = axes.get_figure(root=True)
    layout = figure.get_layout_engine() if figure is not None else None
    if isinstance(layout, FigureLayout):
        layout.add_cells(axes, texts)


def _fit(figure: Figure, axes: Axes, texts: Sequence[Text], size: float) -> None:
    longest = max((len(text.get_text()) for text in texts), default=0)
    if not longest:
        return
    box = axes.get_position()
    width, height = (float(inches) * 72 for inches in figure.get_size_inches())  # points
    columns, rows = abs(axes.get_xlim()[1] - axes.get_xlim()[0]), abs(axes.get_ylim()[1] - axes.get_ylim()[0])
    room = min(box.width * width / columns / (longest * _DIGIT_WIDTH), box.height * height / rows / _LINE_HEIGHT)
    for text in texts:
        text.set_fontsize(max(_SMALLEST, min(size, room)))
