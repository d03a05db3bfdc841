"""Figures about classes: how many images each has, what they look like, how probable each is for one image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from core.classes import ClassSet
from core.quantities import fraction
from core.reporting.short_text import shorten
from core.reporting.style import FigureStyle, add_title, dress, message_figure, new_figure

MOST_CLASSES = 30
"""More classes than this have no line of their own."""


def class_distribution(
    counts: Mapping[str, int], classes: ClassSet, style: FigureStyle, *, names: bool = True
) -> Figure:
    """Images per class as bars with their numbers and shares, in the order of `counts` (codes of `classes`).

    `names` writes plain names with the codes; without it codes alone, which need less room.
    """
    if not counts:
        return message_figure(style, "There are no classes to count.")
    counts = _drawn_counts(counts)
    total, most = sum(counts.values()), max(counts.values())
    figure = new_figure(style)
    axes = figure.add_subplot()
    places = range(len(counts))
    axes.barh(places, list(counts.values()), height=0.72, color=style.colour(0))
    axes.set_yticks(places, [classes.title_of(code) if names else code for code in counts])
    axes.invert_yaxis()
    axes.set_xlim(0, max(most, 1) * 1.03)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=2 if names else 4, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
    dress(axes, style, x=f"Images ({total:,} in all)", y="Class", grid="x")
    _numbers_at_right(axes, style, list(counts.values()), total)
    return figure


def _drawn_counts(counts: Mapping[str, int]) -> Mapping[str, int]:
    """Of many classes the largest, in order, and all others together."""
    if len(counts) <= MOST_CLASSES:
        return counts
    largest = set(sorted(counts, key=lambda code: -counts[code])[:MOST_CLASSES])
    others = f"{len(counts) - MOST_CLASSES} others"
    drawn = {code: count for code, count in counts.items() if code in largest}
    return {**drawn, others: sum(count for code, count in counts.items() if code not in largest)}


def class_examples(images: Sequence[tuple[str, NDArray[Any]]], style: FigureStyle, *, longest: int = 18) -> Figure:
    """Pictures with their label below, in the given order. Each image is (height, width, 3), uint8.

    Lines of labels are cut to `longest` characters; the default fits the smallest figure.
    """
    if not images:
        return message_figure(style, "There are no images to show.")
    columns = min(len(images), max(4, math.ceil(math.sqrt(len(images) * 2))))
    rows = math.ceil(len(images) / columns)
    figure = new_figure(style)
    for index, (label, image) in enumerate(images):
        axes = figure.add_subplot(rows, columns, index + 1)
        axes.imshow(image)
        axes.set_xticks([])
        axes.set_yticks([])
        shown = "\n".join(shorten(line, longest) for line in label.split("\n"))
        axes.set_xlabel(shown, color=style.text, fontsize=style.small)
        for spine in axes.spines.values():
            spine.set_color(style.muted)
    return figure


def probabilities(values: Sequence[float], classes: ClassSet, style: FigureStyle, *, title: str = "") -> Figure:
    """The probability of each class for one image, most probable first. `values` in 0..1, in the order of `classes`."""
    order = sorted(range(len(values)), key=lambda index: -values[index])
    figure = new_figure(style)
    axes = figure.add_subplot()
    for place, index in enumerate(order):
        axes.barh(place, values[index], height=0.72, color=style.colour(0) if place == 0 else style.muted)
        axes.annotate(
            fraction(values[index]),
            (values[index], place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=style.text,
            fontsize=style.small,
        )
    axes.set_yticks(range(len(order)), [classes.classes[index].title for index in order])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.25)
    axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    add_title(axes, style, title)
    dress(axes, style, x="Probability", y="Class", grid="x")
    return figure


def _numbers_at_right(axes: Axes, style: FigureStyle, counts: Sequence[int], total: int) -> None:
    """Tick labels, unlike texts beside the bars, are given room by the layout at every figure size."""
    numbers = axes.secondary_yaxis("right")
    numbers.set_yticks(range(len(counts)), [f"{count:,} ({fraction(count / max(total, 1))})" for count in counts])
    numbers.tick_params(length=0, labelcolor=style.text, labelsize=style.small)
    numbers.spines["right"].set_visible(False)
    for label, count in zip(numbers.get_yticklabels(), counts, strict=True):
        if count == 0:
            label.set_color(style.warning)


def _thousands(value: float, position: int | None = None) -> str:
    return f"{value:,.0f}"
