"""Figures of scores: F1 by class for one or several runs, and the confusion matrix of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from core.evaluation.scores import ClassScore, Scores
from core.reporting.style import (
    FigureStyle,
    add_legend,
    add_title,
    contrast_text,
    dress,
    message_figure,
    new_figure,
    shorten,
)

SMALL_SUPPORT = 10
"""Classes with fewer images than this are marked: one image more or less changes their score a lot."""

_LONGEST_NAME = 50
_ONE_COLUMN = 3


def per_class_f1(scores: Sequence[tuple[str, Scores]], style: FigureStyle) -> Figure:
    """F1 of each class as bars, one colour per (name, scores); the number of images stands under each class.

    A value that is undefined (no image of that class) is written as 'undefined', never drawn as 0; classes with
    fewer than `SMALL_SUPPORT` images carry an asterisk.
    """
    if not scores:
        return message_figure(style, "There are no scores to show.")
    codes = tuple(dict.fromkeys(code for _, item in scores for code in item.classes))
    figure = new_figure(style)
    axes = figure.add_subplot()
    width = 0.82 / len(scores)
    longest = _LONGEST_NAME if len(scores) <= _ONE_COLUMN else _LONGEST_NAME // 2
    for index, (name, item) in enumerate(scores):
        _bars(axes, style, [_find(item, code) for code in codes], index, _offset(index, len(scores), width), width)
        axes.bar(0, 0, color=style.colour(index), hatch=style.hatch(index), label=shorten(name, longest))
    _write_undefined(axes, style, [[_find(item, code) for code in codes] for _, item in scores], width)
    supports = [_supports(scores, code) for code in codes]
    axes.set_xticks(range(len(codes)), [_class_tick(code, found) for code, found in zip(codes, supports, strict=True)])
    axes.set_xlim(-0.6, len(codes) - 0.4)
    axes.set_ylim(0, 1.08)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0], ["0%", "20%", "40%", "60%", "80%", "100%"])
    few = any(0 < min(found) < SMALL_SUPPORT for found in supports if found)
    note = f"\n* fewer than {SMALL_SUPPORT} images: uncertain" if few else ""
    dress(axes, style, x=f"Class, number of images{note}", y="F1 (100% is perfect)", grid="y")
    axes.tick_params(axis="x", labelsize=style.font_size * 0.8)
    if any(name for name, _ in scores):
        add_legend(figure, axes, style, columns=1 if len(scores) <= _ONE_COLUMN else 2)
    return figure


def confusion_matrix(scores: Scores, style: FigureStyle, normalise: bool, *, title: str = "") -> Figure:
    """How often each true class (rows) was given each predicted class (columns).

    `normalise` writes per cent of the true class's images, otherwise numbers of images. The colour is always that
    share, so that rare classes are seen as well as common ones. Rows without images have no shares: '–'.
    """
    counts = np.asarray(scores.confusion, dtype=np.int64).reshape(len(scores.classes), len(scores.classes))
    totals = counts.sum(axis=1)
    shares = np.divide(counts, totals[:, None], out=np.zeros(counts.shape), where=totals[:, None] > 0)
    figure = new_figure(style, 5.6, 4.6)
    axes = figure.add_subplot()
    colours = LinearSegmentedColormap.from_list("share", _ramp(style))
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="auto")
    _cells(axes, style, counts, shares, colours, normalise)
    places = range(len(scores.classes))
    axes.set_xticks(places, scores.classes)
    axes.set_yticks(places, [f"{code} {total:,}" for code, total in zip(scores.classes, totals, strict=True)])
    what = "per cent of the true class" if normalise else "images"
    dress(axes, style, x=f"Prediction ({what})", y="Truth and number of images")
    axes.tick_params(length=0)
    axes.tick_params(axis="x", labelsize=style.font_size * 0.8)
    for spine in axes.spines.values():
        spine.set_visible(False)
    add_title(axes, style, title)
    return figure


def _bars(
    axes: Axes, style: FigureStyle, found: list[ClassScore | None], index: int, offset: float, width: float
) -> None:
    size = style.font_size * 0.8
    for place, score in enumerate(found):
        if score is None or score.f1 is None:
            continue
        axes.bar(
            place + offset,
            score.f1,
            width * 0.94,
            color=style.colour(index),
            hatch=style.hatch(index),
            edgecolor=style.background,
            linewidth=0.5,
        )
        if width > 0.5:
            axes.text(place, score.f1 + 0.015, f"{score.f1:.0%}", ha="center", va="bottom", fontsize=size,
                      color=style.text)  # fmt: skip


def _write_undefined(axes: Axes, style: FigureStyle, found: list[list[ClassScore | None]], width: float) -> None:
    """Once per class when it is undefined for all runs, otherwise in the place of the missing bars."""
    for place, column in enumerate(zip(*found, strict=True)):
        missing = [index for index, score in enumerate(column) if score is not None and score.f1 is None]
        offsets = [_offset(index, len(found), width) for index in missing]
        for offset in [0.0] if len(missing) == len(found) else offsets:
            axes.text(place + offset, 0.02, "undefined", rotation=90, ha="center", va="bottom",
                      fontsize=style.font_size * 0.8, color=style.warning)  # fmt: skip


def _find(scores: Scores, code: str) -> ClassScore | None:
    return next((score for score in scores.per_class if score.code == code), None)


def _offset(index: int, count: int, width: float) -> float:
    return (index - (count - 1) / 2) * width


def _supports(scores: Sequence[tuple[str, Scores]], code: str) -> list[int]:
    return [score.support for _, item in scores for score in item.per_class if score.code == code]


def _class_tick(code: str, supports: list[int]) -> str:
    low, high = min(supports, default=0), max(supports, default=0)
    number = f"{low:,}" if low == high else f"{low:,}–{high:,}"
    return f"{code}\n{number}{'*' if low < SMALL_SUPPORT else ''}"


def _ramp(style: FigureStyle) -> list[str]:
    return ["#2A2D32", "#1F5F8B", "#56B4E9", "#CDEBFF"] if style.dark else ["#F4F6F8", "#A9D3EC", "#2F86BF", "#08365E"]


def _cells(
    axes: Axes,
    style: FigureStyle,
    counts: NDArray[np.int64],
    shares: NDArray[np.float64],
    colours: LinearSegmentedColormap,
    normalise: bool,
) -> None:
    longest = 3 if normalise else len(str(int(counts.max(initial=0))))
    size = style.font_size * (0.87 if longest <= 4 else 0.75)
    for (row, column), count in np.ndenumerate(counts):
        share = float(shares[row, column])
        text = str(count) if not normalise else f"{share * 100:.0f}" if counts[row].sum() else "–"
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=size,
            color=contrast_text(colours(share)),
            fontweight="bold" if row == column else "normal",
        )
