"""The headline scores of several runs side by side, and what their differences say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QSplitter, QWidget

from core.events import Progress
from core.quantities import NONE, duration, million
from core.reporting.words import kind_of_run, no_width
from core.runs.status import RunSummary
from skinkd_gui.results.details import same_test_images, tested_images
from skinkd_gui.results.facts_grid import facts_grid
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.results.grid import (
    Cell,
    Grid,
    GridColumn,
    best_of,
    bold_cells,
    compact,
    interval_fields,
    number,
    plain,
    share,
)
from skinkd_gui.results.notes import NotesList
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.sentences import headline_sentence
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.layouts import column_of

if TYPE_CHECKING:
    from core.runs.evidence import Evidence

_SCORES = (
    ("weighted_f1", "Weighted F1", "Mean F1 of the classes, each weighed by its number of test images"),
    ("accuracy", "Accuracy", "Share of the test images classified rightly"),
    ("balanced_accuracy", "Balanced accuracy", "Mean share found of each class; rare classes count fully"),
    ("macro_f1", "Macro F1", "Mean F1 of the classes; rare classes count fully"),
)
_MELANOMA_COLUMNS = (
    GridColumn(
        "Melanomas found, %",
        "The share of the melanomas that were given that diagnosis (sensitivity)",
        interval_fields("Melanoma sensitivity"),
    ),
    GridColumn(
        "at 90 % spec.",
        "The share of melanomas found (sensitivity) where 90 % of the other images are rightly not called melanoma "
        "(specificity)",
        ("Melanoma sensitivity at 90 % specificity",),
    ),
)
_MOST_SENTENCES = 12
_DIFFER = (
    "These runs were not all tested on the same images, so their scores do not compare like with like. The sentences "
    "below compare them on the images that they have in common."
)


class ComparePanel(QWidget):
    """One row per run; the best of each score is bold. Below it, in sentences, how each run compares with the
    baseline."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparePanel")
        self._warning = Banner(self)
        self.panel = TablePanel("", "compare", "Test scores of the selected runs", self)
        self.table = self.panel.table
        self.said = NotesList("What the differences say", self)
        area = FlowingArea("compareSentences", "What the differences say", self)
        area.set_content(self.said)
        self.facts = TablePanel("What they are", "compareFacts", "What the selected runs were trained on", self)
        lower = QSplitter(Qt.Orientation.Horizontal, self)
        lower.setChildrenCollapsible(False)
        lower.setHandleWidth(16)
        lower.addWidget(area)
        lower.addWidget(self.facts)
        lower.setSizes([510, 730])
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.panel)
        splitter.addWidget(lower)
        splitter.setSizes([235, 205])
        column_of(self._warning, (splitter, 1), on=self)

    def show_runs(self, shown: Shown) -> None:
        """Show the selected runs, and the baseline where it is another one."""
        runs = shown.together
        tested = [run for run in runs if run.scores is not None]
        differ = len(tested) > 1 and not same_test_images(tested)
        self._warning.show_message(_DIFFER if differ else "", "warning")
        self.panel.set_heading(f"{len(runs)} runs side by side")
        self.panel.set_grid(_grid(shown), "runs-compared")
        self.facts.set_grid(facts_grid(shown), "runs-facts")
        self.said.set_notes(_sentences(shown))

    @Slot(object)
    def show_progress(self, progress: Progress) -> None:
        """Say how many runs are looked at."""
        self.said.set_notes([f"Working out the intervals: run {progress.done + 1:,} of {progress.total:,}..."])


def _grid(shown: Shown) -> Grid:
    runs = shown.together
    columns = [GridColumn("Run", words=True), GridColumn("Kind", words=True)]
    columns += [GridColumn(f"{title}, %", tip, interval_fields(title)) for _, title, tip in _SCORES]
    melanoma = has_melanoma(runs)
    columns += _MELANOMA_COLUMNS if melanoma else ()
    columns += [
        GridColumn("Parameters", "The size of the model (M: millions of learned numbers)"),
        GridColumn("Time", "Computing time", ("Seconds",)),
        GridColumn("Test images"),
    ]
    bold: frozenset[tuple[int, int]] = frozenset()
    for place, (name, _, _) in enumerate(_SCORES, 2):
        bold |= bold_cells(place, best_of([_score(run, name) for run in runs]))
    found = [each for each in (shown.intervals(run) for run in runs) if each is not None]
    notes = (
        "On the test images; 95 % intervals in brackets, the best of each score bold.",
        *no_width(each.melanoma_sensitivity for each in found),
    )
    rows = tuple(_row(shown, run, melanoma=melanoma) for run in runs)
    return Grid("Test scores", tuple(columns), rows, bold, notes)


def has_melanoma(runs: Sequence[RunSummary]) -> bool:
    """Whether any of the runs has a class for melanoma."""
    return any(run.recipe is not None and run.recipe.class_set.melanoma is not None for run in runs)


def _row(shown: Shown, run: RunSummary, *, melanoma: bool) -> tuple[Cell, ...]:
    role = shown.role(run)
    name = f"{shown.title(run)} (baseline)" if role == "baseline" else shown.title(run)
    intervals, evidence = shown.intervals(run), shown.evidence(run)
    cells = [Cell(name, (shown.title(run),)), plain(kind_of_run(run.recipe))]
    for score, _, _ in _SCORES:
        value = _score(run, score)
        if value is None:
            cells.append(Cell(NONE, (None, None, None)))
        else:
            cells.append(compact(value, None if intervals is None else getattr(intervals, score)))
    if melanoma:
        cells += _melanoma_cells(evidence)
    seconds = run.status.seconds or None
    cells += [
        Cell(million(run.parameters), (run.parameters,)),
        Cell(NONE if seconds is None else duration(seconds), (seconds,)),
        number(tested_images(run) or None),
    ]
    return tuple(cells)


def _melanoma_cells(evidence: Evidence | None) -> tuple[Cell, Cell]:
    place = None if evidence is None else evidence.classes.melanoma
    if evidence is None or place is None:
        return Cell(NONE, (None, None, None)), Cell(NONE, (None,))
    found = evidence.detailed.per_class[place].sensitivity
    at_90 = share(evidence.detailed.melanoma_sensitivity_at_90_specificity)
    return compact(found, evidence.intervals.melanoma_sensitivity), at_90


def _sentences(shown: Shown) -> list[str]:
    if shown.findings is None:
        return ["Working out the intervals..."]
    if shown.baseline is None:
        return ["At least two tested runs are needed to compare."]
    baseline = shown.title(shown.baseline)
    found = []
    for run in shown.others:
        comparison = shown.comparison(run)
        if comparison is not None:
            found.append(headline_sentence(shown.title(run), baseline, comparison))
        elif shown.evidence(run) is None:
            found.append(f"{shown.title(run)} can not be compared. {shown.why_not(run)}")
    if not found and shown.evidence(shown.baseline) is None:
        found = [f"{baseline} is no baseline. {shown.why_not(shown.baseline)}"]
    if len(found) > _MOST_SENTENCES:
        rest = len(found) - _MOST_SENTENCES
        found = [*found[:_MOST_SENTENCES], f"{rest} more; choose fewer runs to read of them."]
    return found


def _score(run: RunSummary, name: str) -> float | None:
    return None if run.scores is None else float(getattr(run.scores, name))
