"""The lower half of the Results tab: panels that show the selected run, or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QWidget

from core.errors import SkinKDError
from core.runs.status import RunSummary
from skinkd_gui.results.compare_panel import ComparePanel
from skinkd_gui.results.confusion_panel import ConfusionPanel
from skinkd_gui.results.curves_panel import CurvesPanel
from skinkd_gui.results.details import RunDetails
from skinkd_gui.results.evidence_loader import EvidenceLoader
from skinkd_gui.results.f1_panel import F1Panel
from skinkd_gui.results.findings import Findings
from skinkd_gui.results.overview_panel import OverviewPanel
from skinkd_gui.results.recipe_panel import RecipePanel
from skinkd_gui.settings.store import open_store
from skinkd_gui.widgets.error_dialog import show_error

_BASELINE = "results/baseline"


class DetailsPanel(QTabWidget):
    """Overview or comparison, F1 of each class, confusion, curves and recipe. Reads the runs' folders itself."""

    baseline_changed = Signal(object)  # the folder of the run that others are compared with, or None
    annotated = Signal(object)  # the folder of a run whose tags or notes were changed here

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("resultDetails")
        self.setAccessibleName("Details of the selected runs")
        self.setDocumentMode(True)
        self.overview = OverviewPanel(self)
        self.compare = ComparePanel(self)
        self.f1 = F1Panel(self)
        self.confusion = ConfusionPanel(self)
        self.curves = CurvesPanel(self)
        self.recipe = RecipePanel(self)
        self._first = QStackedWidget(self)
        self._first.addWidget(self.overview)
        self._first.addWidget(self.compare)
        self.addTab(self._first, "Overview")
        self.addTab(self.f1, "Per-class F1")
        self.addTab(self.confusion, "Confusion matrix")
        self.addTab(self.curves, "Training curves")
        self.addTab(self.recipe, "Recipe")

        self._runs: tuple[RunSummary, ...] = ()
        self._current: RunSummary | None = None
        self._baseline = _remembered_baseline()
        self._loader = EvidenceLoader(self)
        self._loader.loaded.connect(self._take)
        self._loader.failed.connect(self._fail)

    @property
    def ready(self) -> bool:
        """Whether everything about the selected runs is read."""
        return not self._loader.busy

    @property
    def baseline(self) -> Path | None:
        """The folder of the run that was pinned as baseline; remembered between starts."""
        return self._baseline

    @Slot(object)
    def set_baseline(self, folder: Path | None) -> None:
        """Compare with the run in this folder from now on, or with none that is pinned."""
        if folder == self._baseline:
            return
        self._baseline = folder
        open_store().setValue(_BASELINE, "" if folder is None else str(folder))
        self.baseline_changed.emit(folder)
        if self._current is not None:
            self.show_runs(self._runs, self._current)

    def show_runs(self, runs: Sequence[RunSummary], current: RunSummary) -> None:
        """Show what the summaries know at once, and what the folders say when it is read: all of `runs` where several
        fit, `current` elsewhere."""
        self._runs, self._current = tuple(runs), current
        several = len(runs) > 1
        self._first.setCurrentWidget(self.compare if several else self.overview)
        self.setTabText(0, f"Comparison of {len(runs)}" if several else "Overview")
        self.compare.set_runs(runs if several else ())
        self.f1.set_runs(runs)
        self.overview.set_details(RunDetails(current))
        self.confusion.set_run(current)
        self.curves.set_history(None, current.status.name)
        self.recipe.set_run(current)
        self._loader.load(runs, self._baseline)

    def show_nothing(self) -> None:
        """No run is selected."""
        self._runs, self._current = (), None
        self._loader.forget()

    def shut_down(self) -> None:
        """Stop reading and wait for it."""
        self._loader.shut_down()

    @Slot(object)
    def _take(self, findings: Findings) -> None:
        found = None if self._current is None else findings.of(self._current.folder)
        if found is not None:
            self.overview.set_details(found.details)
            self.curves.set_history(found.details.history, found.details.summary.status.name)

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        show_error(self, error)


def _remembered_baseline() -> Path | None:
    text = str(open_store().value(_BASELINE, "") or "")
    return Path(text) if text else None
