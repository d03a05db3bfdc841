"""The curve of what melanoma sensitivity costs, with the operating point that was chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from core.evaluation.operating_point import OperatingPoint
from core.evaluation.roc import roc_curve
from core.reporting.style import FigureStyle, add_legend, dress, message_figure, new_figure

_TICKS = ([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])


def operating_figure(
    melanoma: NDArray[np.bool_],
    melanoma_probability: NDArray[np.floating[Any]],
    point: OperatingPoint | None,
    style: FigureStyle,
) -> Figure:
    """Melanomas referred against other images referred, for every threshold on the melanoma probability (ROC curve).

    `melanoma` (n,) tells which images are melanomas, the probabilities (n,) are in 0..1. The point carries its
    95 % intervals as whiskers.
    """
    ill = np.asarray(melanoma, np.bool_)
    if not ill.any() or ill.all():
        return message_figure(style, "It takes melanomas and other images to draw the curve.")
    curve = roc_curve(ill, np.asarray(melanoma_probability, np.float64))
    figure = new_figure(style, 4.2, 3.8)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=style.muted, linewidth=1.2, linestyle=":", label="By chance")
    others, melanomas = curve.false / curve.negatives, curve.true / curve.positives
    axes.plot(others, melanomas, color=style.colour(0), linewidth=1.8, label="Every threshold")
    if point is not None:
        _mark(axes, style, point)
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.02)
    axes.set_xticks(*_TICKS)
    axes.set_yticks(*_TICKS)
    dress(axes, style, x="Other images referred", y="Melanomas referred", grid="y")
    add_legend(figure, axes, style, columns=3)
    return figure


def _mark(axes: Any, style: FigureStyle, point: OperatingPoint) -> None:
    across, up = point.specificity_interval, point.sensitivity_interval
    x, y = 1 - point.specificity, point.sensitivity
    axes.plot([1 - across.high, 1 - across.low], [y, y], color=style.colour(1), linewidth=1.6)
    axes.plot([x, x], [up.low, up.high], color=style.colour(1), linewidth=1.6)
    axes.plot([x], [y], marker="o", markersize=8, linestyle="", color=style.colour(1), label="This threshold")
