"""The figures of a study: F1 over alpha (paper, figure 8), the best run of each method by class (9), their confusion
matrices side by side (10, 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from core.distillation.curricula import REDRAWS
from core.distillation.methods import METHODS
from core.quantities import fraction
from core.reporting.bar_figures import BarRun, Role, per_class_bars
from core.reporting.confusion_figures import confusion_grid
from core.reporting.picking import PointPick, gid_of
from core.reporting.style import DASHES, FigureStyle, add_legend, dress, message_figure, new_figure
from core.reporting.words import score_name

if TYPE_CHECKING:
    from pathlib import Path

    from core.study.results import StudyResults, StudyRow

Kind = tuple[str, bool, str]
"""A kind of distilled student: its method, whether it had a curriculum, and, where the study's curricula draw their
images in several ways, how this one does (otherwise "")."""

_MARKERS = "osD^vP"
_LEAST_GAP = 0.085  # of the axis, between two labels of alpha


@dataclass(frozen=True)
class BestRun:
    """The run that stands for a method: its title for figures, its row and its folder."""

    title: str
    row: StudyRow
    folder: Path
    role: Role = ""


def f1_over_alpha(results: StudyResults, style: FigureStyle) -> Figure:
    """Weighted F1 over alpha for each kind of distilled student (paper, figure 8): a line through the means, each
    run a mark.

    The teacher and the plain student are level lines. Crosses are the published values, where the study is the
    paper's. Marks can be clicked (`PointPick`).
    """
    rows = {kind: _rows_of(results, *kind) for kind in kinds_of(results)}
    if not any(row.points for found in rows.values() for _, row in found):
        return message_figure(style, "No distilled student of this study is finished yet.")
    figure = new_figure(style, 6.8, 4.4)
    axes = figure.add_subplot()
    for index, kind in enumerate(rows):
        _method_line(axes, style, index, kind_title(*kind), rows[kind])
    _level(axes, style, results.teacher_f1, "Teacher", "-")
    _level(axes, style, results.baseline_f1, "Plain student", (0, (1, 2)))
    published = [row for found in rows.values() for _, row in found if row.published_f1 is not None]
    if published:
        axes.plot([], [], color=style.muted, marker="x", linestyle="", alpha=0.8, label="Published (paper)")
    alphas = _sparse([alpha for found in rows.values() for alpha, _ in found])
    axes.set_xticks(alphas, [f"{alpha:g}" for alpha in alphas])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    dress(axes, style, x="Alpha: weight of what the teacher says", y="Weighted F1 (test images)", grid="y")
    add_legend(figure, axes, style, columns=4)
    return figure


def best_per_method(runs: Sequence[BarRun], style: FigureStyle) -> Figure:
    """F1 of each class for the best run of each method (paper, figure 9); get the runs by `best_runs`."""
    return per_class_bars(runs, style)


def best_runs(results: StudyResults) -> tuple[BestRun, ...]:
    """The teacher, the plain student, and of each method the configuration that is best on the validation images by the
    study's primary score; of its seeds the run with the test F1 next to the mean. What has no finished run is left out.

    Without validation images the test images choose, which flatters the chosen: whoever shows them says `how_chosen`.
    """
    found = []
    teachers = [row for row in results.rows if row.is_teacher and row.points]
    found += [BestRun("Teacher", row, _typical(row), "teacher") for row in teachers[:1]]
    plain = [row for row in results.rows if row.is_plain and row.points]
    found += [BestRun("Plain student", row, _typical(row), "baseline") for row in plain[:1]]
    for kind in kinds_of(results):
        measured = [item for item in _rows_of(results, *kind) if item[1].points]
        if measured:
            known = [item for item in measured if item[1].validation is not None]
            alpha, best = max(known or measured, key=lambda item: item[1].validation or item[1].mean_f1 or 0.0)
            found.append(BestRun(f"{kind_title(*kind)}, alpha {alpha:g}", best, _typical(best)))
    return tuple(found)


def how_chosen(results: StudyResults) -> str:
    """How `best_runs` chooses, for whoever looks at them."""
    name = score_name(results.study.primary_score)
    if any(row.validation is not None for row in results.rows):
        return f"Of each method the configuration with the best mean {name} on the validation images."
    return (
        "Of each method the configuration with the best weighted F1 on the test images, as there are no validation "
        "images. Choosing by test scores flatters the chosen."
    )


def kinds_of(results: StudyResults) -> tuple[Kind, ...]:
    """The kinds of distilled students that the study has, in the order of their colours: without curriculum first,
    methods as they are offered."""
    distilled = [row for row in results.without_controls if row.alpha is not None]
    several = len({row.redraw for row in distilled if row.curriculum}) > 1
    found = [(row.method, row.curriculum, row.redraw if several else "") for row in distilled]
    methods, redraws = list(METHODS), ["", *reversed(list(REDRAWS))]  # the paper's first
    return tuple(sorted(set(found), key=lambda kind: (kind[1], redraws.index(kind[2]), methods.index(kind[0]))))


def kind_title(method: str, curriculum: bool, redraw: str = "") -> str:
    """The kind in words: 'KL', 'DIST + curriculum', 'KL + curriculum (once for all epochs)'."""
    title = REDRAWS[redraw].title if redraw else ""
    drawn = f" ({title[0].lower()}{title[1:]})" if title else ""
    return f"{METHODS[method].title}{f' + curriculum{drawn}' if curriculum else ''}"


def _rows_of(results: StudyResults, method: str, curriculum: bool, redraw: str) -> list[tuple[float, StudyRow]]:
    """A kind's rows with their alphas, rising."""
    rows = [
        (row.alpha, row)
        for row in results.without_controls
        if (row.method, row.curriculum) == (method, curriculum) and redraw in ("", row.redraw) and row.alpha is not None
    ]
    return sorted(rows, key=lambda item: item[0])


def _typical(row: StudyRow) -> Path:
    mean = row.mean_f1 or 0.0
    nearest = min(range(len(row.points)), key=lambda index: abs(row.points[index][1] - mean))
    return row.folders[nearest]


def _method_line(
    axes: Axes, style: FigureStyle, index: int, title: str, rows: Sequence[tuple[float, StudyRow]]
) -> None:
    colour = style.colour(index + 2)  # as in figure 9, where teacher and plain come first
    marker, dashes = _MARKERS[index % len(_MARKERS)], DASHES[index % len(DASHES)]
    means = [(alpha, row.mean_f1) for alpha, row in rows if row.mean_f1 is not None]
    single = all(len(row.points) <= 1 for _, row in rows)
    if means:
        axes.plot([alpha for alpha, _ in means], [mean for _, mean in means], color=colour, linestyle=dashes,
                  linewidth=1.8, marker=marker if single else "", markersize=6, label=title, zorder=3)  # fmt: skip
    for alpha, row in rows:
        for seed, f1, _ in row.points:
            (mark,) = axes.plot(alpha, f1, color=colour, marker=marker, markersize=6 if single else 4.5,
                                linestyle="", zorder=4)  # fmt: skip
            mark.set_gid(gid_of(PointPick(row.key, seed)))
        if row.published_f1 is not None:
            axes.plot(alpha, row.published_f1, color=colour, marker="x", markersize=6, linestyle="", alpha=0.55)


def _level(
    axes: Axes, style: FigureStyle, value: float | None, title: str, dash: str | tuple[int, tuple[int, ...]]
) -> None:
    if value is not None:
        axes.axhline(
            value, color=style.text, linewidth=1.4, linestyle=dash, label=f"{title}: {fraction(value)}", zorder=2
        )


def _sparse(alphas: Sequence[float]) -> list[float]:
    """The alphas whose labels do not touch: those that most rows have first. `alphas` holds one for each row."""
    span = (max(alphas) - min(alphas)) or 1.0
    kept: list[float] = []
    for alpha in sorted(set(alphas), key=lambda value: (-alphas.count(value), value)):
        if all(abs(alpha - other) >= span * _LEAST_GAP for other in kept):
            kept.append(alpha)
    return sorted(kept)


__all__ = [
    "BestRun",
    "best_per_method",
    "best_runs",
    "confusion_grid",
    "f1_over_alpha",
    "how_chosen",
    "kind_title",
    "kinds_of",
]
