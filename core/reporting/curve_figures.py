"""Figures of a training: losses and validation scores by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from core.events import EpochRecord
from core.reporting.loss_tables import loss_ratio
from core.reporting.short_text import short_titles
from core.reporting.style import DASHES, FigureStyle, add_legend, dress, message_figure, new_figure

_NOTHING_YET = "No epoch is finished yet."
_MOST_MARKERS = 40
_ONE_COLUMN = 3

Curve = Literal[
    "loss", "classification_loss", "distillation_loss", "loss_ratio", "accuracy", "weighted_f1", "learning_rate"
]
"""What `overlaid_curves` draws: training losses (in all, from the labels, from the teacher, and the last by the one
before), validation scores, or the learning rate."""

OF_TEACHER: tuple[Curve, ...] = ("distillation_loss", "loss_ratio")
"""What there is of distilled students alone."""

_VALUES: dict[Curve, Callable[[EpochRecord], float | None]] = {
    "loss": lambda record: record.train_loss.total,
    "classification_loss": lambda record: record.train_loss.classification,
    "distillation_loss": lambda record: record.train_loss.distillation,
    "loss_ratio": lambda record: loss_ratio(record.train_loss),
    "accuracy": lambda record: record.validation_accuracy,
    "weighted_f1": lambda record: record.validation_weighted_f1,
    "learning_rate": lambda record: record.learning_rate,
}
_TITLES: dict[Curve, str] = {
    "loss": "Training loss in all (lower is better)",
    "classification_loss": "Training loss from labels",
    "distillation_loss": "Training loss from teacher",
    "loss_ratio": "Loss from teacher / loss from labels",
    "accuracy": "Validation accuracy",
    "weighted_f1": "Validation weighted F1",
    "learning_rate": "Learning rate",
}


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


def overlaid_curves(runs: Sequence[tuple[str, Sequence[EpochRecord]]], what: Curve, style: FigureStyle) -> Figure:
    """One value by epoch for several runs (title, history); a ring marks each run's best epoch.

    Losses that contain a teacher's part have other units than those that do not; the note under the axis says so.
    Runs without the value (no epoch yet, or no teacher for `distillation_loss`) are left out and counted there too.
    """
    value = _VALUES[what]
    drawn = [index for index, (_, history) in enumerate(runs) if any(value(record) is not None for record in history)]
    if not drawn:
        none = "None of these runs learns from a teacher." if what in OF_TEACHER else _NOTHING_YET
        return message_figure(style, none)
    figure = new_figure(style)
    axes = figure.add_subplot()
    titles = short_titles([title for title, _ in runs], 50 if len(runs) <= _ONE_COLUMN else 34)
    for index in drawn:
        _overlay(axes, style, (titles[index], runs[index][1]), index, value)
    last = max(record.epoch for index in drawn for record in runs[index][1])
    axes.set_xlim(0.5, last + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    if what == "learning_rate":
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, position=None: f"{value:g}"))
    if what in ("accuracy", "weighted_f1"):
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    dress(axes, style, x=f"Epoch (ring: best epoch){_missing(runs, drawn, what)}", y=_TITLES[what], grid="y")
    axes.yaxis.get_offset_text().set_color(style.text)
    add_legend(figure, axes, style, columns=1 if len(runs) <= _ONE_COLUMN else 2)
    return figure


def _overlay(
    axes: Axes,
    style: FigureStyle,
    run: tuple[str, Sequence[EpochRecord]],
    index: int,
    value: Callable[[EpochRecord], float | None],
) -> None:
    title, history = run
    points = [(record.epoch, found) for record in history if (found := value(record)) is not None]
    axes.plot(
        [epoch for epoch, _ in points],
        [number for _, number in points],
        label=title,
        color=style.colour(index),
        linestyle=DASHES[index % len(DASHES)],
        linewidth=1.8,
        marker="o" if len(points) == 1 else "",
        markersize=3.5,
    )
    best = [record for record in history if record.best]
    if best and (found := value(best[-1])) is not None:
        axes.plot(best[-1].epoch, found, marker="o", markersize=7, markerfacecolor="none",
                  markeredgecolor=style.colour(index), markeredgewidth=1.6, linestyle="")  # fmt: skip


def _missing(runs: Sequence[tuple[str, Sequence[EpochRecord]]], drawn: Sequence[int], what: Curve) -> str:
    left = len(runs) - len(drawn)
    lines = []
    if left:
        why = "no teacher" if what in OF_TEACHER else "no finished epoch"
        lines.append(f"{left} of {len(runs)} runs not shown: {why}")
    kinds = {record.train_loss.distillation is None for _, history in runs for record in history}
    if what == "loss" and len(kinds) > 1:
        lines.append("Losses with and without a teacher's part\ndo not compare")
    return "".join(f"\n{line}" for line in lines)


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
