"""F1 of each class as bars, for one or several runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from core.evaluation.scores import ClassScore, Scores
from core.quantities import whole_percent
from core.reporting.picking import BarPick, gid_of
from core.reporting.short_text import short_titles
from core.reporting.style import FigureStyle, add_legend, dress, message_figure, new_figure

if TYPE_CHECKING:
    from core.evaluation.intervals import Interval, ScoreIntervals

SMALL_SUPPORT = 10
"""Classes with fewer images than this are marked: one image more or less changes their score a lot."""

MOST_CLASSES = 24
"""More classes than this have no room side by side."""

_LONGEST_NAME = 50
_LONGEST_OF_MANY = 34
_ONE_COLUMN = 3
_TOP = 1.1
_ROLE_WORDS = {"": "", "teacher": " (teacher)", "baseline": " (baseline)"}


Role = Literal["", "teacher", "baseline"]
"""What a run is to the others in a figure."""


@dataclass(frozen=True)
class BarRun:
    """A run in a figure of bars; `intervals` are drawn as whiskers, the `role` is marked in fill and legend."""

    title: str
    scores: Scores
    intervals: ScoreIntervals | None = None
    role: Role = ""


def per_class_f1(scores: Sequence[tuple[str, Scores]], style: FigureStyle) -> Figure:
    """`per_class_bars` of (name, scores) without intervals."""
    return per_class_bars([BarRun(name, item) for name, item in scores], style)


def per_class_bars(runs: Sequence[BarRun], style: FigureStyle) -> Figure:
    """F1 of each class as bars, one colour per run; the number of images stands under each class.

    Whiskers are the 95 % intervals. A teacher's bars are hatched, a baseline's have a strong edge. A value that is
    undefined (no image of that class) is written as 'undefined', never drawn as 0; classes with fewer than
    `SMALL_SUPPORT` images carry an asterisk. Bars can be clicked (`BarPick`).
    """
    if not runs:
        return message_figure(style, "There are no scores to show.")
    codes, left = _drawn_codes(runs)
    figure = new_figure(style)
    axes = figure.add_subplot()
    found = [[_find(run.scores, code) for code in codes] for run in runs]
    width = 0.82 / len(runs)
    for index, run in enumerate(runs):
        _bars(axes, style, found[index], index, _offset(index, len(runs), width), width, run)
    _write_undefined(axes, style, found, width)
    supports = [[score.support for score in column if score is not None] for column in zip(*found, strict=True)]
    axes.set_xticks(range(len(codes)), [_class_tick(code, seen) for code, seen in zip(codes, supports, strict=True)])
    axes.set_xlim(-0.6, len(codes) - 0.4)
    axes.set_ylim(0, _TOP)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0], ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])
    dress(
        axes, style, x=f"Class, number of images{left}{_remarks(runs, supports)}", y="F1 (100 % is perfect)", grid="y"
    )
    axes.tick_params(axis="x", labelsize=style.font_size * 0.8)
    if any(run.title for run in runs):
        add_legend(figure, axes, style, columns=1 if len(runs) <= _ONE_COLUMN else 2, handles=_handles(runs, style))
    return figure


def _drawn_codes(runs: Sequence[BarRun]) -> tuple[tuple[str, ...], str]:
    """The classes to draw, and what to say of those that are not: of many, those with the most images, in order."""
    codes = tuple(dict.fromkeys(code for run in runs for code in run.scores.classes))
    if len(codes) <= MOST_CLASSES:
        return codes, ""
    images: Counter[str] = Counter()
    for run in runs:
        images.update({item.code: item.support for item in run.scores.per_class})
    drawn = {code for code, _ in images.most_common(MOST_CLASSES)}
    return tuple(code for code in codes if code in drawn), f"\n(the {MOST_CLASSES} of {len(codes)} with most images)"


def _bars(
    axes: Axes,
    style: FigureStyle,
    class_scores: Sequence[ClassScore | None],
    index: int,
    offset: float,
    width: float,
    run: BarRun,
) -> None:
    intervals = run.intervals.per_class_f1 if run.intervals is not None else ()
    by_code = dict(zip(run.scores.classes, intervals, strict=False))
    for place, score in enumerate(class_scores):
        if score is None or score.f1 is None:
            continue
        (bar,) = axes.bar(place + offset, score.f1, width * 0.94, **_apply_style(style, index, run.role))
        bar.set_gid(gid_of(BarPick(score.code, index)))
        interval = by_code.get(score.code)
        _whisker(axes, style, place + offset, interval, width)
        if width > 0.5:
            top = score.f1 if interval is None else max(score.f1, interval.high)
            axes.text(place, top + 0.015, whole_percent(score.f1), ha="center", va="bottom",
                      fontsize=style.font_size * 0.8, color=style.text)  # fmt: skip


def _whisker(axes: Axes, style: FigureStyle, x: float, interval: Interval | None, width: float) -> None:
    if interval is None:
        return
    half = min(0.08, width * 0.25)
    look: dict[str, Any] = {"color": style.text, "linewidth": 1.0, "zorder": 3}
    axes.plot([x, x], [interval.low, interval.high], **look)
    for end in (interval.low, interval.high):
        axes.plot([x - half, x + half], [end, end], **look)


def _apply_style(style: FigureStyle, index: int, role: str) -> dict[str, Any]:
    hatch = {"teacher": "////"}.get(role, style.hatch(index))
    edge = style.text if role == "baseline" else style.background
    return {
        "facecolor": style.colour(index),
        "hatch": hatch,
        "edgecolor": edge,
        "linewidth": 1.4 if role == "baseline" else 0.5,
    }


def _handles(runs: Sequence[BarRun], style: FigureStyle) -> list[Patch]:
    longest = _LONGEST_NAME if len(runs) <= _ONE_COLUMN else _LONGEST_OF_MANY
    titles = short_titles([run.title for run in runs], longest)
    return [
        Patch(**_apply_style(style, index, run.role), label=_with_role(title, run.role))
        for index, (title, run) in enumerate(zip(titles, runs, strict=True))
    ]


def _with_role(title: str, role: Role) -> str:
    return title if role and role in title.lower() else title + _ROLE_WORDS[role]


def _remarks(runs: Sequence[BarRun], supports: Sequence[Sequence[int]]) -> str:
    lines = []
    if any(run.intervals is not None for run in runs):
        lines.append("Whiskers: 95 % intervals")
    if any(0 < min(seen) < SMALL_SUPPORT for seen in supports if seen):
        lines.append(f"* fewer than {SMALL_SUPPORT} images: uncertain")
    return "".join(f"\n{line}" for line in lines)


def _write_undefined(axes: Axes, style: FigureStyle, scores: list[list[ClassScore | None]], width: float) -> None:
    """Once per class when it is undefined for all runs, otherwise in the place of the missing bars."""
    for place, column in enumerate(zip(*scores, strict=True)):
        missing = [index for index, score in enumerate(column) if score is not None and score.f1 is None]
        offsets = [_offset(index, len(scores), width) for index in missing]
        for offset in [0.0] if len(missing) == len(scores) else offsets:
            axes.text(place + offset, 0.02, "undefined", rotation=90, ha="center", va="bottom",
                      fontsize=style.font_size * 0.8, color=style.warning)  # fmt: skip


def _find(scores: Scores, code: str) -> ClassScore | None:
    return next((score for score in scores.per_class if score.code == code), None)


def _offset(index: int, count: int, width: float) -> float:
    return (index - (count - 1) / 2) * width


def _class_tick(code: str, supports: Sequence[int]) -> str:
    low, high = min(supports, default=0), max(supports, default=0)
    number = f"{low:,}" if low == high else f"{low:,}–{high:,}"
    return f"{code}\n{number}{'*' if low < SMALL_SUPPORT else ''}"
