"""The figures of a report as functions of a style; matplotlib is loaded by the first that draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from core.classes import ClassSet
    from core.evaluation.calibration import Reliability
    from core.evaluation.comparison import Comparison
    from core.evaluation.intervals import ScoreIntervals
    from core.evaluation.scores import Scores
    from core.evaluation.subgroups import Subgroup
    from core.events import EpochRecord
    from core.reporting.curve_figures import Curve
    from core.reporting.style import FigureStyle
    from core.study.results import StudyResults

Role = Literal["", "teacher", "baseline"]


@dataclass(frozen=True)
class Bar:
    """A run in a figure of bars, as `bar_figures.BarRun`."""

    title: str
    scores: Scores
    intervals: ScoreIntervals
    role: Role


def bars(runs: Sequence[Bar], style: FigureStyle) -> Figure:
    """F1 of each class."""
    from core.reporting.bar_figures import BarRun, per_class_bars

    return per_class_bars([BarRun(run.title, run.scores, run.intervals, run.role) for run in runs], style)


def confusion(runs: Sequence[tuple[str, Scores]], style: FigureStyle) -> Figure:
    """Confusion matrices side by side, in per cent of the true class."""
    from core.reporting.confusion_figures import confusion_grid, confusion_matrix

    if len(runs) == 1:
        return confusion_matrix(runs[0][1], style, True, title=runs[0][0])
    return confusion_grid(runs, style, True)


def difference_matrix(baseline: Scores, other: Scores, style: FigureStyle) -> Figure:
    """The difference of two confusion matrices in percentage points."""
    from core.reporting import confusion_figures

    return confusion_figures.difference_matrix(baseline, other, style, True)


def curve(runs: Sequence[tuple[str, Sequence[EpochRecord]]], what: Curve, style: FigureStyle) -> Figure:
    """One value by epoch."""
    from core.reporting.curve_figures import overlaid_curves

    return overlaid_curves(runs, what, style)


def differences(comparison: Comparison, style: FigureStyle) -> Figure:
    """Score differences with intervals."""
    from core.reporting.comparison_figures import difference_plot

    return difference_plot(comparison, style)


def subgroups(groups: Sequence[Subgroup], style: FigureStyle) -> Figure:
    """Scores of groups of people."""
    from core.reporting.comparison_figures import subgroup_plot

    return subgroup_plot(groups, style)


def reliability(before: Reliability, after: Reliability | None, style: FigureStyle) -> Figure:
    """Confidence against accuracy."""
    from core.reporting.comparison_figures import reliability_diagram

    return reliability_diagram(before, after, style)


def distribution(counts: dict[str, int], classes: ClassSet, style: FigureStyle) -> Figure:
    """Images per class."""
    from core.reporting.class_figures import class_distribution

    return class_distribution(counts, classes, style)


def examples(images: Sequence[tuple[str, NDArray[np.uint8]]], style: FigureStyle) -> Figure:
    """Pictures, uint8 (H, W, 3), with their label below."""
    from core.reporting.class_figures import class_examples

    return class_examples(images, style, longest=24)


def alpha(results: StudyResults, style: FigureStyle) -> Figure:
    """F1 over alpha."""
    from core.reporting.study_figures import f1_over_alpha

    return f1_over_alpha(results, style)
