"""Figures of a training: losses and validation scores by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from core.events import EpochRecord
from core.reporting.style import DASHES, FigureStyle, add_legend, dress, message_figure, new_figure

_NOTHING_YET = "No epoch is finished yet."
_MOST_MARKERS = 40


def loss_curves(history: Sequence[EpochRecord], style: FigureStyle) -> Figure:
    """Training loss in all and by part (from the labels, from the teacher where there is one) and validation loss.

    Losses are means per image, lower is better; validation loss is the cross entropy with the labels.
    """
    if not history:
        return message_figure(style, _NOTHING_YET)
    epochs = [record.epoch for record in history]
    figure = new_figure(style)
    axes = figure.add_subplot()
    lines = [("Training, total", [record.train_loss.total for record in history])]
    distilled = [record.train_loss.distillation for record in history]
    if any(value is not None for value in distilled):
        lines.append(("Training, from labels", [record.train_loss.classification for record in history]))
        lines.append(("Training, from teacher", [math.nan if value is None else value for value in distilled]))
    lines.append(("Validation", [record.validation_loss for record in history]))
    _draw(axes, style, epochs, lines)
    _mark_best(axes, style, history)
    dress(axes, style, x="Epoch", y="Loss (lower is better)", grid="y")
    add_legend(figure, axes, style)
    return figure


def score_curves(history: Sequence[EpochRecord], style: FigureStyle) -> Figure:
    """Accuracy, weighted F1 and balanced accuracy on the validation images, fractions in 0..1."""
    if not history:
        return message_figure(style, _NOTHING_YET)
    epochs = [record.epoch for record in history]
    figure = new_figure(style)
    axes = figure.add_subplot()
    lines = [
        ("Accuracy", [record.validation_accuracy for record in history]),
        ("Weighted F1", [record.validation_weighted_f1 for record in history]),
        ("Balanced accuracy", [record.validation_balanced_accuracy for record in history]),
    ]
    _draw(axes, style, epochs, lines)
    _mark_best(axes, style, history)
    values = [value for _, line in lines for value in line if math.isfinite(value)] or [0.0, 1.0]
    low, high = math.floor(min(values) * 10) / 10, math.ceil(max(values) * 10) / 10
    axes.set_ylim(max(0.0, min(low, high - 0.2)) - 0.01, min(1.0, max(high, low + 0.2)) + 0.01)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    dress(axes, style, x="Epoch", y="Validation score", grid="y")
    add_legend(figure, axes, style)
    return figure


def _draw(axes: Axes, style: FigureStyle, epochs: list[int], lines: Sequence[tuple[str, list[float]]]) -> None:
    marker = "o" if len(epochs) <= _MOST_MARKERS else ""
    for index, (label, values) in enumerate(lines):
        axes.plot(
            epochs,
            values,
            label=label,
            color=style.colour(index),
            linestyle=DASHES[index % len(DASHES)],
            linewidth=1.8,
            marker=marker,
            markersize=3.5,
        )
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))


def _mark_best(axes: Axes, style: FigureStyle, history: Sequence[EpochRecord]) -> None:
    best = [record.epoch for record in history if record.best]
    if best:
        axes.axvline(best[-1], color=style.muted, linewidth=1.2, linestyle=":", label=f"Best epoch: {best[-1]}")
