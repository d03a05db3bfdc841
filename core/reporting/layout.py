"""The layout of figures in a window that the user may make as small as it goes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.text import Text

from core.reporting.short_text import shorten

_ROOMY_WIDTH = 36.0  # in units of the type size
_ROOMY_HEIGHT = 28.0
_DIGIT_WIDTH = 0.78  # of the type size, for bold digits as small type draws them
_LETTER_WIDTH = 0.74  # the same for capitals
_BOLD_WIDTH = 0.68  # the same for mixed bold text, on average
_LINE_HEIGHT = 1.25
_SMALLEST = 2.0  # points; a cell that is smaller has no readable text anyway


@dataclass
class _Cells:
    """Texts in cells of 1 x 1 data units of their axes, with their own type size and that of the tick labels."""

    axes: Axes
    texts: tuple[Text, ...]
    size: float
    ticks: tuple[float, float]


class FigureLayout(ConstrainedLayoutEngine):
    """matplotlib's constrained layout, without its warning where a small figure has no room for its labels.

    Before it, legends that are wider than the figure are made smaller; after it, titles are cut to the width of their
    axes and texts in cells (see `fit_texts`) made as small as their cells demand.
    """

    def __init__(self, font_size: float) -> None:
        super().__init__()
        self._font_size = font_size
        self._cells: list[_Cells] = []
        self._titles: list[tuple[Axes, Text, str]] = []
        self._legends: dict[Legend, tuple[float, float, float]] = {}

    def execute(self, fig: Figure) -> Any:
        """Give axes the room that labels and legends leave; where there is none, leave them as they are."""
        for cells in self._cells:
            _set_ticks(cells.axes, *cells.ticks)
        for _, title, _ in self._titles:
            title.set_text("X")  # as high as any title, and not so wide that the axes would make room for it
        self._fit_legends(fig)
        width, height = (float(inches) * 72 / self._font_size for inches in fig.get_size_inches())
        if width >= _ROOMY_WIDTH and height >= _ROOMY_HEIGHT:
            result = super().execute(fig)
        else:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="constrained_layout not applied")
                result = super().execute(fig)
        for cells in self._cells:
            _fit(fig, cells)
        for axes, title, text in self._titles:
            points = axes.get_position().width * float(fig.get_size_inches()[0]) * 72
            title.set_text(shorten(text, max(4, int(points / (self._font_size * _BOLD_WIDTH)))))
        return result

    def add_cells(self, axes: Axes, texts: Sequence[Text], ticks: tuple[float, float]) -> None:
        """Keep these texts, and tick labels of these sizes (x, y), inside cells of one by one data unit."""
        size = max((float(text.get_fontsize()) for text in texts), default=0.0)
        self._cells.append(_Cells(axes, tuple(texts), size, ticks))

    def add_title(self, axes: Axes, title: Text) -> None:
        """Show as much of this title as the axes are wide."""
        self._titles.append((axes, title, title.get_text()))

    def _fit_legends(self, fig: Figure) -> None:
        room = float(fig.get_size_inches()[0]) * 72 * 0.95
        for legend in fig.legends:
            texts = legend.get_texts()
            if legend not in self._legends:
                self._legends[legend] = _measured(fig, legend)
            size, fixed, per_point = self._legends[legend]
            fitting = (room - fixed) / per_point if per_point else size
            for text in texts:
                text.set_fontsize(max(_SMALLEST, min(size, fitting)))


def fit_texts(axes: Axes, texts: Sequence[Text], ticks: tuple[float, float]) -> None:
    """From now on, at every size of the figure, write `texts` so small that each fits its cell of 1 x 1 data units,
    and the tick labels, of the sizes `ticks` (x, y), so small that they do not touch."""
    layout = _layout_of(axes)
    if layout is not None:
        layout.add_cells(axes, texts, ticks)


def fit_title(axes: Axes, title: Text) -> None:
    """From now on, show of a title at the left as much as the axes are wide; the middle is left out."""
    layout = _layout_of(axes)
    if layout is not None:
        layout.add_title(axes, title)


def _layout_of(axes: Axes) -> FigureLayout | None:
    figure = axes.get_figure(root=True)
    layout = figure.get_layout_engine() if figure is not None else None
    return layout if isinstance(layout, FigureLayout) else None


def _measured(figure: Figure, legend: Legend) -> tuple[float, float, float]:
    """A legend's own type size, and its width in points as a fixed part and a part per point of type."""
    texts = legend.get_texts()
    size = float(texts[0].get_fontsize()) if texts else 0.0
    whole = _width(figure, legend)
    for text in texts:
        text.set_fontsize(size / 2)
    half = _width(figure, legend)
    per_point = (whole - half) / (size / 2) if size else 0.0
    return size, whole - per_point * size, per_point


def _width(figure: Figure, legend: Legend) -> float:
    return float(legend.get_window_extent().width) * 72 / figure.dpi


def _fit(figure: Figure, cells: _Cells) -> None:
    longest = max((len(text.get_text()) for text in cells.texts), default=0)
    if not longest:
        return
    axes, box = cells.axes, cells.axes.get_position()
    width, height = (float(inches) * 72 for inches in figure.get_size_inches())  # points
    columns, rows = abs(axes.get_xlim()[1] - axes.get_xlim()[0]), abs(axes.get_ylim()[1] - axes.get_ylim()[0])
    across, down = box.width * width / columns, box.height * height / rows / _LINE_HEIGHT
    for text in cells.texts:
        text.set_fontsize(max(_SMALLEST, min(cells.size, across / (longest * _DIGIT_WIDTH), down)))
    letters = max((len(label.get_text()) for label in axes.get_xticklabels()), default=1) or 1
    _set_ticks(
        axes,
        max(_SMALLEST, min(cells.ticks[0], across / (letters * _LETTER_WIDTH))),
        max(_SMALLEST, min(cells.ticks[1], down)),
    )


def _set_ticks(axes: Axes, x: float, y: float) -> None:
    axes.tick_params(axis="x", labelsize=x)
    axes.tick_params(axis="y", labelsize=y)
