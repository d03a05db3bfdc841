"""Figures that compare: differences of two runs, groups of people, confidence against accuracy.

Those that are of the same kind as a single run's figure live beside it and are only named here: bars in `bar_figures`,
matrices in `confusion_figures`, curves in `curve_figures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from core.evaluation.calibration import Reliability
from core.evaluation.comparison import Comparison, Difference
from core.evaluation.intervals import Interval
from core.evaluation.subgroups import SMALL_SUPPORT, Subgroup
from core.reporting.bar_figures import BarRun, per_class_bars
from core.reporting.confusion_figures import confusion_pair, difference_matrix
from core.reporting.curve_figures import overlaid_curves
from core.reporting.picking import RowPick, gid_of
from core.reporting.style import FigureStyle, add_legend, dress, message_figure, new_figure
from core.reporting.words import difference_of, error_of, interval_of, score_name

__all__ = [
    "BarRun",
    "confusion_pair",
    "difference_matrix",
    "difference_plot",
    "overlaid_curves",
    "per_class_bars",
    "reliability_diagram",
    "subgroup_plot",
]

MOST_CLASSES = 30
"""Of more classes only those that differ most are drawn."""

_KINDS = {"age": "Age", "sex": "Sex", "site": "Site", "skin": "Skin type", "tone": "Skin tone"}


@dataclass(frozen=True)
class _Row:
    """A line of a forest plot; `tone` is better, worse, plain or unsure (hollow)."""

    label: str
    value: float | None
    interval: Interval | None
    text: str
    tone: str
    gid: str


def difference_plot(comparison: Comparison, style: FigureStyle) -> Figure:
    """Each score's difference (other - baseline) in percentage points with its 95 % interval, a row each.

    Filled marks are differences beyond the noise (the interval does not hold 0): to the right better than the
    baseline, to the left worse; hollow ones are inside it. Rows can be clicked (`RowPick("score", ...)`).
    """
    if not comparison.comparable:
        return message_figure(style, comparison.why_not)
    drawn, left = _drawn_differences(comparison)
    rows = [_difference_row(item) for item in drawn]
    figure = new_figure(style, 6.4, 0.9 + 0.32 * max(len(rows), 4))
    axes = figure.add_subplot()
    _forest(axes, style, rows, scale=100.0)
    axes.axvline(0, color=style.muted, linewidth=1.2, zorder=1)
    reach = max((abs(edge) for edge in axes.get_xlim()), default=1.0)
    axes.set_xlim(-reach, reach)
    dress(axes, style, x=f"Difference from the baseline\n(percentage points; right is better){left}", grid="x")
    handles = [
        _mark(style, "better", "Better than the baseline"),
        _mark(style, "worse", "Worse"),
        _mark(style, "unsure", "May be chance"),
    ]
    add_legend(figure, axes, style, columns=3, handles=handles)
    return figure


def _drawn_differences(comparison: Comparison) -> tuple[list[Difference], str]:
    """The differences to draw, and what to say of those that are not: of many classes, those that differ most."""
    classes = [item for item in comparison.differences if item.score.startswith("f1:")]
    if len(classes) <= MOST_CLASSES:
        return list(comparison.differences), ""
    most = sorted(classes, key=lambda item: -abs(item.difference or 0.0))[:MOST_CLASSES]
    drawn = [item for item in comparison.differences if item not in classes or item in most]
    return drawn, f"\nthe {MOST_CLASSES} of {len(classes)} classes that differ most"


def subgroup_plot(subgroups: Sequence[Subgroup], style: FigureStyle) -> Figure:
    """Weighted F1 of groups of people with 95 % intervals and counts, by age band, sex and site.

    Groups of fewer than `SMALL_SUPPORT` images are hollow and carry an asterisk. Rows can be clicked
    (`RowPick(kind, name)`).
    """
    if not subgroups:
        return message_figure(style, "The data say nothing of age, sex or site.")
    rows = [_subgroup_row(item) for item in subgroups]
    figure = new_figure(style, 6.4, 0.9 + 0.3 * max(len(rows), 4))
    axes = figure.add_subplot()
    _forest(axes, style, rows, scale=1.0)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    for place in range(1, len(subgroups)):
        if subgroups[place].kind != subgroups[place - 1].kind:
            axes.axhline(place - 0.5, color=style.muted, linewidth=0.8)
    note = f"\n* fewer than {SMALL_SUPPORT} images: uncertain" if any(item.small for item in subgroups) else ""
    dress(axes, style, x=f"Weighted F1 with 95 % interval{note}", grid="x")
    return figure


def reliability_diagram(before: Reliability, after: Reliability | None, style: FigureStyle) -> Figure:
    """How often the model is right (upper part) where it is so sure, and how many images that are (lower part).

    On the diagonal the model is as often right as it says. `after` is the same with the run's temperature. Bins
    without images are left out.
    """
    if not before.images:
        return message_figure(style, "There are no images to draw.")
    figure = new_figure(style, 5.6, 4.8)
    grid = figure.add_gridspec(2, 1, height_ratios=[3.2, 1])
    upper = figure.add_subplot(grid[0])
    lower = figure.add_subplot(grid[1], sharex=upper)
    upper.plot([0, 1], [0, 1], color=style.muted, linewidth=1.2, linestyle=":", label="As sure as it is right")
    shown = [("As trained", before)] if after is None else [("As trained", before), ("With temperature", after)]
    for index, (name, item) in enumerate(shown):
        _reliability_line(upper, style, index, name, item)
        _counts_of_bins(lower, style, index, len(shown), item)
    upper.set_xlim(0, 1)
    upper.set_ylim(0, 1)
    for axes in (upper, lower):
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    upper.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    dress(upper, style, y="Images rightly classified", grid="y")
    dress(lower, style, x="Probability that the model gave its diagnosis", y="Images", grid="y")
    upper.tick_params(labelbottom=False)
    lower.locator_params(axis="y", nbins=3, integer=True)
    add_legend(figure, upper, style, columns=1)
    return figure


def _difference_row(item: Difference) -> _Row:
    gid = gid_of(RowPick("score", item.score))
    label = score_name(item.score)
    if item.difference is None:
        return _Row(label, None, None, "undefined", "unsure", gid)
    tone = "unsure" if item.within_noise else "better" if item.difference > 0 else "worse"
    return _Row(label, item.difference, item.interval, difference_of(item.difference, item.interval), tone, gid)


def _subgroup_row(item: Subgroup) -> _Row:
    text = f"{item.images:,} image{'' if item.images == 1 else 's'}{'*' if item.small else ''}"
    label = f"{_KINDS.get(item.kind, item.kind)}: {item.name}"
    if item.weighted_f1 is not None:
        text = f"{interval_of(item.weighted_f1, item.interval)}, {text}"
    tone = "unsure" if item.small else "plain"
    return _Row(label, item.weighted_f1, item.interval, text, tone, gid_of(RowPick(item.kind, item.name)))


def _forest(axes: Axes, style: FigureStyle, rows: Sequence[_Row], scale: float) -> None:
    for place, row in enumerate(rows):
        colour = _tone(style, row.tone)
        if row.value is None:
            continue
        if row.interval is not None:
            low, high = row.interval.low * scale, row.interval.high * scale
            axes.plot([low, high], [place, place], color=colour, linewidth=1.8, zorder=2)
        (mark,) = axes.plot(row.value * scale, place, marker="o", markersize=7, linestyle="", markeredgecolor=colour,
                            markerfacecolor=style.background if row.tone == "unsure" else colour,
                            markeredgewidth=1.6, zorder=3)  # fmt: skip
        mark.set_gid(row.gid)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    values = axes.secondary_yaxis("right")
    values.set_yticks(range(len(rows)), [row.text for row in rows])
    values.tick_params(length=0, labelcolor=style.text, labelsize=style.small)
    values.spines["right"].set_visible(False)


def _tone(style: FigureStyle, tone: str) -> str:
    return {"better": style.colour(0), "worse": style.colour(1), "plain": style.colour(0)}.get(tone, style.muted)


def _mark(style: FigureStyle, tone: str, label: str) -> Line2D:
    colour = _tone(style, tone)
    face = style.background if tone == "unsure" else colour
    return Line2D([], [], color=colour, marker="o", markersize=7, markerfacecolor=face, linewidth=1.8, label=label)


def _reliability_line(axes: Axes, style: FigureStyle, index: int, name: str, item: Reliability) -> None:
    found = [
        (each.confidence, each.accuracy)
        for each in item.bins
        if each.confidence is not None and each.accuracy is not None
    ]
    axes.plot(
        [confidence for confidence, _ in found],
        [accuracy for _, accuracy in found],
        color=style.colour(index),
        marker="os"[index],
        markersize=5,
        linewidth=1.8,
        linestyle="-" if index == 0 else (0, (5, 2)),
        label=f"{name}: expected calibration error {error_of(item)}",
    )


def _counts_of_bins(axes: Axes, style: FigureStyle, index: int, count: int, item: Reliability) -> None:
    for each in item.bins:
        width = (each.high - each.low) / count
        axes.bar(each.low + width * (index + 0.5), each.count, width * 0.9, color=style.colour(index))
