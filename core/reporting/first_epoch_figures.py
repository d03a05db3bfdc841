"""The figure of what a first epoch began with: the classes' shares of its images, tenth by tenth."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from core.classes import ClassSet
from core.reporting.short_text import short_titles
from core.reporting.style import FigureStyle, add_legend, add_title, dress, message_figure, new_figure
from core.runs.first_epoch import FirstEpoch

_TENTHS = 10
_MOST = 4
_HEIGHT = 2.6  # inches a run


def first_epoch_bars(runs: Sequence[tuple[str, FirstEpoch]], classes: ClassSet, style: FigureStyle) -> Figure:
    """Stacked bars for each run (title, its first epoch): of each tenth of the epoch, in order, which share of the
    images is of which class. At most four runs."""
    if not runs:
        return message_figure(style, "It is not recorded what the first epochs of these runs began with.")
    drawn = runs[:_MOST]
    figure = new_figure(style, 6.8, _HEIGHT * len(drawn) + 0.6)
    titles = short_titles([title for title, _ in drawn], 60)
    for place, (title, (_, first)) in enumerate(zip(titles, drawn, strict=True), 1):
        axes = figure.add_subplot(len(drawn), 1, place)
        bottom = [0.0] * _TENTHS
        parts = [first.fractions(tenth / _TENTHS, (tenth + 1) / _TENTHS) for tenth in range(_TENTHS)]
        for number, code in enumerate(first.codes):
            heights = [part[number] for part in parts]
            label = code if place == 1 else None
            axes.bar(range(1, _TENTHS + 1), heights, bottom=bottom, width=0.9, color=classes.colours[number],
                     label=label)  # fmt: skip
            bottom = [below + height for below, height in zip(bottom, heights, strict=True)]
        axes.set_xticks(range(1, _TENTHS + 1))
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        add_title(axes, style, title)
        dress(axes, style, x="Tenth of the first epoch" if place == len(drawn) else "", y="Images")
    add_legend(figure, figure.axes[0], style, columns=8)
    return figure
