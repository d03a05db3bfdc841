"""The way of images into a study: found, left out with the reasons, used, and divided."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from matplotlib.patches import FancyBboxPatch

from core.data.types import made_parts
from core.reporting.facts.images import all_images, left_out_counts, part_counts, usable_images
from core.reporting.facts.record import RunRecord
from core.reporting.parts import PART_TITLES
from core.reporting.style import FigureStyle, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_REASONS = 8


def flow_diagram(record: RunRecord, style: FigureStyle) -> Figure:
    """Boxes from top to bottom: images found, left out (beside, with reasons), used, and the parts side by side."""
    out, used, parts = left_out_counts(record), usable_images(record), part_counts(record)
    every = all_images(record)
    lost = every - used
    reasons = [f"{count:,}: {kind}" for kind, count in sorted(out.items(), key=lambda item: -item[1])]
    if len(reasons) > _MOST_REASONS:
        reasons = [*reasons[: _MOST_REASONS - 1], f"{len(reasons) - _MOST_REASONS + 1} further reasons"]
    lines = [line for reason in reasons for line in textwrap.wrap(reason, 38)]
    figure = new_figure(style, 6.4, 3.4 + 0.14 * max(0, len(lines) - 3))
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    _box(axes, style, (0.27, 0.88), (0.42, 0.17), f"{every:,} images found")
    _arrow(axes, style, (0.27, 0.79), (0.27, 0.56))
    if lost:
        height = min(0.46, 0.18 + 0.06 * len(lines))
        _arrow(axes, style, (0.27, 0.675), (0.52, 0.675))
        _box(axes, style, (0.76, 0.675), (0.46, height), "\n".join([f"{lost:,} left out", *lines]), dashed=True)
    else:
        axes.text(0.3, 0.675, "none left out", color=style.muted, fontsize=style.small, va="center")
    _box(axes, style, (0.27, 0.47), (0.42, 0.17), f"{used:,} images used")
    shown = [(PART_TITLES[part], parts[part]) for part in made_parts(parts)]
    if parts[None]:
        shown.append(("In no part", parts[None]))
    width = 1 / len(shown)
    for place, (title, count) in enumerate(shown):
        middle = (place + 0.5) * width
        _arrow(axes, style, (0.27, 0.38), (middle, 0.24))
        _box(axes, style, (middle, 0.13), (0.88 * width, 0.2), f"{title}\n{count:,}")
    return figure


def _box(
    axes: Any,
    style: FigureStyle,
    middle: tuple[float, float],
    size: tuple[float, float],
    text: str,
    *,
    dashed: bool = False,
) -> None:
    (x, y), (width, height) = middle, size
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.015",
            facecolor=style.background, edgecolor=style.muted if dashed else style.colour(0),
            linewidth=1.2, linestyle="--" if dashed else "-",
        )
    )  # fmt: skip
    axes.text(x, y, text, ha="center", va="center", color=style.text, fontsize=style.small)


def _arrow(axes: Any, style: FigureStyle, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": style.muted, "linewidth": 1.1})
