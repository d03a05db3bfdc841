"""The sections of a report that show what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from core.data.types import Part
from core.evaluation.comparison import Comparison
from core.evaluation.promises import promise_note
from core.reporting.comparison_tables import comparisons_table, differences_table
from core.reporting.family_tables import family_table
from core.reporting.measured_tables import brier_table
from core.reporting.privacy import shareable
from core.reporting.recipe_tables import recipes_table
from core.reporting.report.content import Block, FigureBlock, Include, Paragraph, Points, ReportSection, TableBlock
from core.reporting.report.gathering import ReportRun
from core.reporting.scored_runs import ScoredRun, scored_runs
from core.reporting.tables import (
    class_f1_table,
    confusion_table,
    per_class_table,
    runs_table,
    scores_table,
    subgroups_table,
)
from core.runs.evidence import compare_as_family, family_key
from core.runs.folder import slugify

if TYPE_CHECKING:
    from core.evaluation.scores import Scores
    from core.reporting.bar_figures import BarRun, Role
    from core.reporting.curve_figures import Curve
    from core.reporting.report.content import Build

MOST_DRAWN = 8
"""Figures of several runs stay readable up to this many."""

MOST_PLOTS = 4
"""So many runs have figures of their own."""

MOST_TABLES = 2
"""So many of a table that is made for each run are shown; the others are in the report's files."""

_CURVES: tuple[tuple[Curve, str], ...] = (
    ("loss", "Training loss in all"),
    ("distillation_loss", "The teacher's part of the training loss"),
    ("accuracy", "Accuracy on the validation images"),
    ("weighted_f1", "Weighted F1 on the validation images"),
    ("learning_rate", "Learning rate"),
)


@dataclass(frozen=True)
class Selection:
    """The runs of a report: all of them, those that are drawn in figures, the baseline among them (None for a single
    run), and the comparisons of the drawn ones with it. `study`: the study's section shows their bars and matrices."""

    runs: tuple[ReportRun, ...]
    drawn: tuple[ReportRun, ...]
    baseline: ReportRun | None
    comparisons: tuple[tuple[ReportRun, Comparison], ...] = ()
    study: bool = False

    def role(self, run: ReportRun) -> Role:
        """How a figure marks the run."""
        if run is self.baseline:
            return "baseline"
        return "teacher" if run.recipe.task == "teacher" else ""


def scores_section(chosen: Selection) -> ReportSection:
    """The headline: scores with intervals."""
    runs = scored(chosen.runs)
    blocks: list[Block] = [
        TableBlock("scores", scores_table(runs)),
        TableBlock("runs", runs_table(runs)),
    ]
    blocks += _left_out(chosen)
    return ReportSection("scores", "Scores", tuple(blocks))


def classes_section(chosen: Selection) -> ReportSection:
    """F1 of each class as a figure and as numbers."""
    from core.reporting import figures

    blocks: list[Block] = []
    if not chosen.study:
        blocks.append(
            FigureBlock(
                "f1-by-class",
                "F1 of each class on the test images, with 95 % intervals.",
                "Bars of F1 by class",
                partial(figures.per_class_bars, tuple(_bar(run, chosen) for run in chosen.drawn)),
            )
        )
    if len(chosen.drawn) > 1:
        blocks.append(TableBlock("f1-by-class", class_f1_table(scored(chosen.drawn))))
    for key, run in keyed(chosen.runs):
        quiet = run not in chosen.drawn or len(chosen.drawn) > MOST_PLOTS
        blocks.append(TableBlock(f"classes-{key}", per_class_table(scored([run])[0]), quiet=quiet))
    return ReportSection("classes", "Classes", tuple(blocks))


def confusion_section(chosen: Selection) -> ReportSection:
    """The matrices of the drawn runs, two in a row, all on one colour scale."""
    blocks: list[Block] = []
    shown = () if chosen.study else chosen.drawn
    pairs = [shown[place : place + 2] for place in range(0, len(shown), 2)]
    for number, pair in enumerate(pairs, 1):
        titles = " and ".join(run.title for run in pair)
        blocks.append(
            FigureBlock(
                f"confusion-{number}",
                f"Confusion matrix of {titles}, in per cent of the true class. Rows are the truth; what is right lies "
                "on the diagonal.",
                f"Confusion matrix of {titles}",
                confusion_of([(run.title, run.evidence.detailed.scores) for run in pair]),
            )
        )
    if chosen.study:
        blocks.append(Paragraph("They stand with the study; the tables of the report's folder hold those of all runs."))
    for key, run in keyed(chosen.runs):
        table = confusion_table(scored([run])[0])
        blocks.append(TableBlock(f"confusion-{key}", table, quiet=True))
    return ReportSection("confusion", "Confusion matrices", tuple(blocks))


def confusion_of(runs: Sequence[tuple[str, Scores]]) -> Build:
    """Confusion matrices (title, scores) side by side, in per cent of the true class."""
    from core.reporting import figures

    if len(runs) == 1:
        return partial(figures.confusion_matrix, runs[0][1], normalise=True, title=runs[0][0])
    return partial(figures.confusion_grid, runs, normalise=True)


def curves_section(chosen: Selection) -> ReportSection:
    """Losses, validation scores and learning rate by epoch."""
    from core.reporting import figures

    distilled = any(record.train_loss.distillation is not None for run in chosen.drawn for record in run.history)
    histories = tuple((run.title, run.history) for run in chosen.drawn)
    blocks = [
        FigureBlock(
            f"curve-{what.replace('_', '-')}",
            f"{caption}, by epoch.",
            caption,
            partial(figures.overlaid_curves, histories, what),
        )
        for what, caption in _CURVES
        if distilled or what != "distillation_loss"
    ]
    return ReportSection("curves", "Training", tuple(blocks))


def comparison_section(chosen: Selection) -> ReportSection | None:
    """Each drawn run against the baseline; None for a single run."""
    from core.reporting import figures

    if chosen.baseline is None or not chosen.comparisons:
        return None
    name = chosen.baseline.title
    blocks: list[Block] = [
        Paragraph(
            f"The baseline is {name}. Each run is compared with it image by image, on the test images that both have: "
            "the intervals are of the differences, and a difference may be chance when its interval holds 0."
        )
    ]
    listed = [(run.title, comparison) for run, comparison in chosen.comparisons]
    others = [run.evidence for run, _ in chosen.comparisons]
    titles = {family_key(run.evidence.summary): run.title for run in chosen.runs}
    blocks.append(TableBlock("differences", comparisons_table(name, listed)))
    if (family := compare_as_family(chosen.baseline.evidence, others)) is not None:
        blocks.append(TableBlock("family", family_table(family, titles)))
    keys = {id(run): key for key, run in keyed(chosen.runs)}
    for number, (run, comparison) in enumerate(chosen.comparisons):
        key = keys[id(run)]
        if not comparison.comparable:
            blocks.append(Paragraph(f"{run.title} and {name} can not be compared. {comparison.why_not}", "warning"))
            continue
        if number < MOST_PLOTS:
            blocks.append(
                FigureBlock(
                    f"difference-{key}",
                    f"{run.title} against {name}: differences in percentage points with 95 % intervals.",
                    f"Score differences of {run.title} and {name}",
                    partial(figures.difference_plot, comparison),
                )
            )
            blocks.append(
                FigureBlock(
                    f"confusion-difference-{key}",
                    f"What {run.title} says more or less often than {name}.",
                    f"Difference of the confusion matrices of {run.title} and {name}",
                    partial(
                        figures.difference_matrix,
                        chosen.baseline.evidence.detailed.scores,
                        run.evidence.detailed.scores,
                        normalise=True,
                    ),
                )
            )
        table = differences_table(comparison, name, run.title)
        blocks.append(TableBlock(f"difference-{key}", table, quiet=number >= MOST_TABLES))
    settings = recipes_table([(run.title, shareable(run.recipe)) for run in chosen.drawn])
    if settings.rows:
        blocks.append(TableBlock("settings", settings))
    return ReportSection("comparison", "Differences from the baseline", tuple(blocks))


def subgroups_section(chosen: Selection) -> ReportSection | None:
    """Scores by age, sex and site; None when nothing of them is known."""
    from core.evaluation.subgroups import Person, subgroup_scores
    from core.reporting import figures

    blocks: list[Block] = []
    for number, (key, run) in enumerate(keyed(chosen.runs)):
        evidence = run.evidence
        if all(person == Person() for person in evidence.people):
            continue
        found = subgroup_scores(
            evidence.predictions.labels,
            evidence.predictions.logits.argmax(axis=1),
            evidence.classes,
            evidence.people,
            evidence.groups,
        )
        plotted = number < MOST_PLOTS and run in chosen.drawn
        if plotted:
            blocks.append(
                FigureBlock(
                    f"subgroups-{key}",
                    f"{run.title}: weighted F1 by age band, sex, site and skin, with 95 % intervals.",
                    f"Weighted F1 of groups of people, {run.title}",
                    partial(figures.subgroup_plot, found),
                )
            )
        table = subgroups_table(found, run.title)
        blocks.append(TableBlock(f"subgroups-{key}", table, quiet=not plotted or number >= MOST_TABLES))
    if not blocks:
        return None
    first = Paragraph(
        "Scores of groups differ also because their lesions do: compare a group between runs rather than with another "
        "group."
    )
    return ReportSection("subgroups", "Groups of people", (first, *blocks))


def _promises(runs: Sequence[ReportRun]) -> tuple[str, ...]:
    """What the calibration of runs rests on; the runs are named where they are not alike."""
    named: dict[Part, list[str]] = {}
    for run in runs:
        if run.temperature is not None:
            named.setdefault(run.calibrated_on, []).append(run.title)
    one = len(named) == 1
    return tuple(f"{'' if one else ', '.join(titles) + ': '}{promise_note(part)}" for part, titles in named.items())


def calibration_section(chosen: Selection) -> ReportSection:
    """Whether the runs are as often right as they are sure."""
    from core.evaluation.calibration import reliability
    from core.reporting import figures

    blocks: list[Block] = [
        Paragraph(
            "A model is well calibrated when, of the diagnoses that it gives with a probability of 80 %, 80 % are "
            "right. The temperature divides the model's outputs; it is fitted on images that the model did not learn "
            "from."
        ),
        Points(_promises(chosen.drawn)),
    ]
    blocks.append(TableBlock("calibration", brier_table([(run.title, run.record) for run in chosen.drawn])))
    keys = {id(run): key for key, run in keyed(chosen.runs)}
    for run in chosen.drawn[:MOST_PLOTS]:
        rows = run.evidence.predictions
        told = partial(reliability, rows.labels, rows.logits, groups=run.evidence.groups)
        before, after = told(), None if run.temperature is None else told(run.temperature)
        known = "not calibrated" if run.temperature is None else f"temperature {run.temperature:.2f}"
        blocks.append(
            FigureBlock(
                f"reliability-{keys[id(run)]}",
                f"{run.title} ({known}): how often it is right, by how sure it is, on the test images.",
                f"Reliability diagram of {run.title}",
                partial(figures.reliability_diagram, before, after),
            )
        )
    return ReportSection("calibration", "Calibration", tuple(blocks))


def scored(runs: Sequence[ReportRun]) -> tuple[ScoredRun, ...]:
    """The runs for tables of scores."""
    return scored_runs([run.evidence for run in runs], [run.title for run in runs])


def keyed(runs: Sequence[ReportRun]) -> list[tuple[str, ReportRun]]:
    """Each run with a name for files that is unique in the report."""
    taken: set[str] = set()
    found = []
    for run in runs:
        slug = slugify(run.title)[:40].strip("-")
        key, number = slug, 2
        while key in taken:
            key, number = f"{slug}-{number}", number + 1
        taken.add(key)
        found.append((key, run))
    return found


SECTIONS = {
    Include.CLASSES: classes_section,
    Include.CONFUSION: confusion_section,
    Include.CURVES: curves_section,
    Include.COMPARISON: comparison_section,
    Include.SUBGROUPS: subgroups_section,
    Include.CALIBRATION: calibration_section,
}
"""The sections that can be left out, in their order."""


def _left_out(chosen: Selection) -> list[Block]:
    left = len(chosen.runs) - len(chosen.drawn)
    if not left:
        return []
    names = ", ".join(run.title for run in chosen.drawn)
    text = f"The figures show {len(chosen.drawn)} of the {len(chosen.runs)} runs: {names}. The tables hold all."
    return [Paragraph(text)]


def _bar(run: ReportRun, chosen: Selection) -> BarRun:
    from core.reporting.bar_figures import BarRun

    return BarRun(run.title, run.evidence.detailed.scores, run.evidence.intervals, chosen.role(run))
