"""The lower half of the Results tab: panels that show the selected run, or several."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QStackedWidget, QTabWidget, QWidget

from core.runs.status import RunSummary
from skinkd_gui.results.compare_panel import ComparePanel
from skinkd_gui.results.confusion_panel import ConfusionPanel
from skinkd_gui.results.curves_panel import CurvesPanel
from skinkd_gui.results.details import RunDetails
from skinkd_gui.results.f1_panel import F1Panel
from skinkd_gui.results.overview_panel import OverviewPanel
from skinkd_gui.results.recipe_panel import RecipePanel


class DetailsPanel(QTabWidget):
    """Overview or comparison, F1 of each class, confusion, curves and recipe."""

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

    def show_runs(self, runs: Sequence[RunSummary], current: RunSummary) -> None:
        """Show what the summaries know at once: all of `runs` where several fit, `current` elsewhere."""
        several = len(runs) > 1
        self._first.setCurrentWidget(self.compare if several else self.overview)
        self.setTabText(0, f"Comparison of {len(runs)}" if several else "Overview")
        self.compare.set_runs(runs if several else ())
        self.f1.set_runs(runs)
        self.overview.set_details(RunDetails(current))
        self.confusion.set_run(current)
        self.curves.set_history(None, current.status.name)
        self.recipe.set_run(current)

    def show_details(self, details: RunDetails) -> None:
        """Add what was read from the run's folder."""
        self.overview.set_details(details)
        self.curves.set_history(details.history, details.summary.status.name)
