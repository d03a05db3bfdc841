"""How scores fall as pictures are harmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data.corruptions import CORRUPTIONS, SEVERITIES
from core.reporting.style import DASHES, FigureStyle, add_legend, dress, new_figure
from core.runs.robustness import Robustness

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def robustness_figure(measured: Robustness, style: FigureStyle) -> Figure:
    """Weighted F1 against severity (0: unharmed), a line for each corruption."""
    figure = new_figure(style, 6.4, 3.8)
    axes = figure.add_subplot()
    for place, name in enumerate(measured.corruptions):
        rows = measured.of(name)
        title = CORRUPTIONS[name].title if name in CORRUPTIONS else name
        axes.plot(
            [0, *(row.severity for row in rows)],
            [measured.clean, *(row.weighted_f1 for row in rows)],
            color=style.colour(place), linestyle=DASHES[place % len(DASHES)], linewidth=1.8, marker="o", markersize=4,
            label=title,
        )  # fmt: skip
    axes.set_xticks([0, *SEVERITIES])
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    dress(axes, style, x="Severity (0: as they are)", y="Weighted F1 of the test images", grid="y")
    add_legend(figure, axes, style, columns=3)
    return figure
