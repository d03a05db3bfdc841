"""Tables of scores by class: all scores of one run, F1 of several. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluation.scores import ClassScore, Scores
from core.quantities import NONE, area
from core.reporting.words import no_width
from core.runs.status import RunSummary
from skinkd_gui.results.grid import Cell, Grid, GridColumn, best_of, compact, interval_fields, number, share
from skinkd_gui.results.shown import Shown

if TYPE_CHECKING:
    from core.evaluation.intervals import Interval

FEW_IMAGES = 10
"""Classes with fewer test images are marked, as in the figures."""

_HINT = "Double-click a row to see its images."
_MARKED = f"* fewer than {FEW_IMAGES} test images: one image more or less changes the score a lot."


def class_grid(shown: Shown, run: RunSummary) -> Grid:
    """Every score of each class of one run; specificity and AUC come with the findings."""
    if run.scores is None:
        return Grid("")
    evidence, intervals = shown.evidence(run), shown.intervals(run)
    details = {} if evidence is None else {item.code: item for item in evidence.detailed.per_class}
    classes = None if run.recipe is None else run.recipe.class_set
    rows = []
    for place, item in enumerate(run.scores.per_class):
        detail = details.get(item.code)
        interval = None if intervals is None else intervals.per_class_f1[place]
        rows.append(
            (
                Cell(item.code if classes is None else classes.title_of(item.code), (item.code,)),
                _images(item.support),
                share(item.recall),
                share(item.precision),
                Cell(NONE, (None,)) if detail is None else share(detail.specificity),
                compact(item.f1, interval),
                Cell(NONE, (None,)) if detail is None else Cell(area(detail.auc), (detail.auc,)),
            )
        )
    notes = [_HINT, "Undefined: there was nothing to count.", *_few([run.scores])]
    notes += no_width(() if intervals is None else intervals.per_class_f1)
    return Grid(f"Scores by class of {shown.title(run)}", _COLUMNS, tuple(rows), notes=tuple(notes))


_COLUMNS = (
    GridColumn("Class", words=True),
    GridColumn("Images", "Test images that truly are of this class"),
    GridColumn("Sensitivity", "Of the images that truly are of this class, the share that was found (recall)"),
    GridColumn("Precision", "Of the images that were given this class, the share that truly is of it"),
    GridColumn("Specificity", "Of the images of other classes, the share that was not given this class"),
    GridColumn("F1, in %", "Joins sensitivity and precision; with its 95 % interval", interval_fields("F1")),
    GridColumn("AUC", "Area under the ROC curve, this class against all others: 1 is perfect, 0.5 is guessing"),
)


def f1_grid(shown: Shown, runs: Sequence[RunSummary], remark: str) -> Grid:
    """F1 of each class, a column per run; the best of each class is bold."""
    scored = [(run, run.scores) for run in runs if run.scores is not None]
    codes = list(dict.fromkeys(code for _, scores in scored for code in scores.classes))
    columns = [GridColumn("F1, in %", words=True), GridColumn("Images", "Test images that truly are of this class")]
    columns += [_run_column(shown, run) for run, _ in scored]
    rows, bold = [], set()
    for row, code in enumerate(codes):
        found = [_find(scores, code) for _, scores in scored]
        values = [None if item is None else item.f1 for item in found]
        supports = sorted({item.support for item in found if item is not None})
        images = _images(supports[0]) if len(supports) == 1 else Cell(f"{supports[0]:,}–{supports[-1]:,}", (None,))
        cells = [compact(value, _interval(shown, run, code)) for (run, _), value in zip(scored, values, strict=True)]
        rows.append((Cell(code, (code,)), images, *cells))
        bold |= {(row, column + 2) for column in best_of(values)}
    notes = [remark] if remark else []
    notes += [_HINT, "F1 with 95 % intervals; the best of each class is bold.", *_few([scores for _, scores in scored])]
    found_intervals = [shown.intervals(run) for run, _ in scored]
    notes += no_width(each for found in found_intervals if found is not None for each in found.per_class_f1)
    return Grid("F1 of each class", tuple(columns), tuple(rows), frozenset(bold), tuple(notes))


def _run_column(shown: Shown, run: RunSummary) -> GridColumn:
    title, role = shown.title(run), shown.role(run)
    return GridColumn(title, f"{title} ({role})" if role else title, interval_fields(title))


def _interval(shown: Shown, run: RunSummary, code: str) -> Interval | None:
    intervals = shown.intervals(run)
    if intervals is None or run.scores is None or code not in run.scores.classes:
        return None
    return intervals.per_class_f1[run.scores.classes.index(code)]


def _images(support: int) -> Cell:
    return Cell(f"{support:,}*", (support,)) if support < FEW_IMAGES else number(support)


def _few(scores: Sequence[Scores]) -> list[str]:
    return [_MARKED] if any(item.support < FEW_IMAGES for found in scores for item in found.per_class) else []


def _find(scores: Scores, code: str) -> ClassScore | None:
    return next((item for item in scores.per_class if item.code == code), None)
