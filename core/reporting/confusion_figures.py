"""Confusion matrices: of one run, of several on one colour scale, and the difference of two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from core.evaluation.scores import Scores
from core.reporting.layout import fit_texts
from core.reporting.picking import CellPick, gid_of
from core.reporting.style import FigureStyle, add_title, contrast_text, dress, message_figure, new_figure

MOST_WRITTEN = 24
"""In a matrix of more classes numbers could not be read."""

_NO_SHARE = "–"
_LEAST_SPAN = 0.1  # of shares: differences below it stay pale, so that noise does not look like a finding


@dataclass(frozen=True)
class _Matrix:
    """What the cells of one matrix say (texts) and how they are coloured (values on `colours` from low to high)."""

    classes: tuple[str, ...]
    row_labels: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    values: NDArray[np.float64]
    low: float
    high: float


def confusion_matrix(scores: Scores, style: FigureStyle, normalise: bool, *, title: str = "") -> Figure:
    """How often each true class (rows) was given each predicted class (columns).

    `normalise` writes per cent of the true class's images, otherwise numbers of images. The colour is always that
    share, so that rare classes are seen as well as common ones. Rows without images have no shares: '–'. Cells can
    be clicked (`CellPick`).
    """
    figure = new_figure(style, 5.6, 4.6)
    axes = figure.add_subplot()
    _draw(axes, style, _fractions(scores, normalise), _ramp(style), panel=0)
    dress(axes, style, x=_across(normalise), y="Truth and number of images")
    _bare(axes, style)
    add_title(axes, style, title)
    return figure


def confusion_pair(
    left: Scores, right: Scores, style: FigureStyle, normalise: bool, titles: tuple[str, str] = ("", "")
) -> Figure:
    """Two runs side by side on one colour scale, cells as in `confusion_matrix`; `CellPick.panel` 0 is the left one."""
    return confusion_grid([(titles[0], left), (titles[1], right)], style, normalise)


def confusion_grid(runs: Sequence[tuple[str, Scores]], style: FigureStyle, normalise: bool = True) -> Figure:
    """Several runs (title, scores) on one colour scale, as the paper's figures 10 and 11; in at most two columns."""
    if not runs:
        return message_figure(style, "There are no confusion matrices to show.")
    columns = min(2, len(runs))
    rows = math.ceil(len(runs) / columns)
    figure = new_figure(style, 5.0 * columns, 4.4 * rows)
    for panel, (title, scores) in enumerate(runs):
        axes = figure.add_subplot(rows, columns, panel + 1)
        _draw(axes, style, _fractions(scores, normalise), _ramp(style), panel)
        lowest = panel + columns >= len(runs)
        left = panel % columns == 0
        truth = "Truth and number of images" if rows == 1 else "Truth"
        dress(axes, style, x=_across(normalise, short=True) if lowest else "", y=truth if left else "")
        _bare(axes, style)
        add_title(axes, style, title)
    return figure


def difference_matrix(
    baseline: Scores, other: Scores, style: FigureStyle, normalise: bool, *, title: str = ""
) -> Figure:
    """What `other` does more (blue) or less (orange) often than `baseline`: `other` minus `baseline`, cell by cell.

    `normalise` writes percentage points of the true class's images, otherwise numbers of images. Numbers mean little
    when the runs were tested on different images: then shares are written whatever `normalise` says, and the axis
    says so. Rows without images in either run have no difference: '–'. Cells can be clicked (`CellPick`).
    """
    if baseline.classes != other.classes:
        return message_figure(style, "These runs know different classes, so their matrices have no difference.")
    one, two = _counts(baseline), _counts(other)
    same = bool((one.sum(axis=1) == two.sum(axis=1)).all())
    shares = _row_fractions(two) - _row_fractions(one)
    empty = (one.sum(axis=1) == 0) | (two.sum(axis=1) == 0)
    shares[empty] = 0.0
    in_points = normalise or not same
    cells = np.rint(shares * 100).astype(np.int64) if in_points else two - one
    texts = tuple(
        tuple(_NO_SHARE if empty[row] else _signed(int(value)) for value in line) for row, line in enumerate(cells)
    )
    span = max(_LEAST_SPAN, float(np.abs(shares).max(initial=0.0)))
    labels = tuple(
        f"{code} {a:,}" if a == b else f"{code} {a:,}/{b:,}"
        for code, a, b in zip(other.classes, one.sum(axis=1), two.sum(axis=1), strict=True)
    )
    figure = new_figure(style, 5.6, 4.6)
    axes = figure.add_subplot()
    _draw(axes, style, _Matrix(other.classes, labels, texts, shares, -span, span), _diverging(style), panel=0)
    unit = "percentage points" if in_points else "images"
    note = "" if same else "\nThe runs were tested on different images"
    across = f"Prediction: more (blue) or less (orange) often,\nin {unit}{note}"
    dress(axes, style, x=across, y="Truth and number of images")
    _bare(axes, style)
    add_title(axes, style, title)
    return figure


def _draw(axes: Axes, style: FigureStyle, matrix: _Matrix, colours: Colormap, panel: int) -> None:
    """Of many classes no numbers are written, some of their codes stand at the sides, and empty cells are no parts."""
    axes.imshow(matrix.values, cmap=colours, vmin=matrix.low, vmax=matrix.high, aspect="auto")
    written = []
    few = len(matrix.classes) <= MOST_WRITTEN
    for row, column in np.argwhere(np.full(matrix.values.shape, True) if few else matrix.values != 0).tolist():
        value = matrix.values[row, column]
        cell = Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="none", edgecolor="none")
        cell.set_gid(gid_of(CellPick(matrix.classes[row], matrix.classes[column], panel)))
        axes.add_patch(cell)
        if not few:
            continue
        colour = colours((float(value) - matrix.low) / (matrix.high - matrix.low))
        written.append(
            axes.text(
                column,
                row,
                matrix.texts[row][column],
                ha="center",
                va="center",
                fontsize=style.font_size * 0.87,
                color=contrast_text(colour),
                fontweight="bold" if row == column else "normal",
            )
        )
    fit_texts(axes, written, (style.font_size * 0.8, style.small))
    places = range(0, len(matrix.classes), math.ceil(len(matrix.classes) / MOST_WRITTEN))
    axes.set_xticks(places, [matrix.classes[place] for place in places], rotation=0 if few else 90)
    axes.set_yticks(places, [matrix.row_labels[place] for place in places])
    axes.set_xlim(-0.5, len(matrix.classes) - 0.5)
    axes.set_ylim(len(matrix.classes) - 0.5, -0.5)


def _bare(axes: Axes, style: FigureStyle) -> None:
    axes.tick_params(length=0)
    axes.tick_params(axis="x", labelsize=style.font_size * 0.8)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _fractions(scores: Scores, normalise: bool) -> _Matrix:
    counts = _counts(scores)
    totals, shares = counts.sum(axis=1), _row_fractions(counts)
    texts = tuple(
        tuple(
            f"{count:,}" if not normalise else f"{share * 100:.0f}" if totals[row] else _NO_SHARE
            for count, share in zip(counts[row], shares[row], strict=True)
        )
        for row in range(len(counts))
    )
    labels = tuple(f"{code} {total:,}" for code, total in zip(scores.classes, totals, strict=True))
    return _Matrix(scores.classes, labels, texts, shares, 0.0, 1.0)


def _counts(scores: Scores) -> NDArray[np.int64]:
    return np.asarray(scores.confusion, dtype=np.int64).reshape(len(scores.classes), len(scores.classes))


def _row_fractions(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.zeros(counts.shape)
    np.divide(counts, totals, out=shares, where=totals > 0)
    return shares


def _across(normalise: bool, *, short: bool = False) -> str:
    unit = "images" if not normalise else "per cent" if short else "per cent of the true class"
    return f"Prediction ({unit})"


def _signed(value: int) -> str:
    """With a sign that is as wide as the plus."""
    return "0" if value == 0 else f"+{value:,}" if value > 0 else f"\u2212{-value:,}"


def _ramp(style: FigureStyle) -> Colormap:
    stops = ["#2A2D32", "#1F5F8B", "#56B4E9", "#CDEBFF"] if style.dark else ["#F4F6F8", "#A9D3EC", "#2F86BF", "#08365E"]
    return LinearSegmentedColormap.from_list("share", stops)


def _diverging(style: FigureStyle) -> Colormap:
    """Orange, the figure's ground, blue: told apart by every reader, and by lightness from the middle."""
    dark = ["#FFB454", "#8A5A14", "#2A2D32", "#1F5F8B", "#7CC7F2"]
    light = ["#9C4400", "#F0A868", "#F4F6F8", "#7FBEE3", "#0A4E80"]
    return LinearSegmentedColormap.from_list("difference", dark if style.dark else light)
