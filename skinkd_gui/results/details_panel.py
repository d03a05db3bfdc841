"""The lower half of the Results tab: panels that show the selected run, or several, and how they compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QWidget

from core.errors import SkinKDError
from core.events import Progress
from core.reporting.baseline import choose_baseline
from core.runs.status import RunSummary
from skinkd_gui.results.baseline_button import BaselineButton
from skinkd_gui.results.calibration_panel import CalibrationPanel
from skinkd_gui.results.checklist_panel import ChecklistPanel
from skinkd_gui.results.compare_panel import ComparePanel
from skinkd_gui.results.confusion_panel import ConfusionPanel
from skinkd_gui.results.curves_panel import CurvesPanel
from skinkd_gui.results.differences_panel import DifferencesPanel
from skinkd_gui.results.evidence_loader import EvidenceLoader
from skinkd_gui.results.f1_panel import F1Panel
from skinkd_gui.results.findings import Findings
from skinkd_gui.results.image_windows import ImageWindows
from skinkd_gui.results.overview_panel import OverviewPanel
from skinkd_gui.results.recipe_panel import RecipePanel
from skinkd_gui.results.robustness_panel import RobustnessPanel
from skinkd_gui.results.shown import Shown
from skinkd_gui.results.subgroups_panel import SubgroupsPanel
from skinkd_gui.settings.store import open_store
from skinkd_gui.widgets.error_dialog import show_error

_BASELINE = "results/baseline"


class RunDetailsPanel(QTabWidget):
    """Overview or comparison, F1 of each class, confusion, differences, subgroups, calibration, robustness, curves,
    recipe and checklists.

    Reads the runs' folders itself; shows at once what the summaries know.
    """

    baseline_changed = Signal(object)  # the folder of the run that was pinned as baseline, or None
    annotated = Signal(object)  # the folder of a run whose tags or notes were changed here
    form_asked = Signal(object)  # the RunSummary whose study is to be described

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("resultDetails")
        self.setAccessibleName("Details of the selected runs")
        self.setDocumentMode(True)
        self.setUsesScrollButtons(True)
        self._shown: Shown | None = None
        self._baseline = _remembered_baseline()
        self._loader = EvidenceLoader(self)
        self._loader.loaded.connect(self._take)
        self._loader.failed.connect(self._fail)
        self._loader.progressed.connect(self._tell_progress)
        self.images = ImageWindows(self)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.overview = OverviewPanel(self)
        self.compare = ComparePanel(self)
        self.f1 = F1Panel(self)
        self.confusion = ConfusionPanel(self)
        self.differences = DifferencesPanel(self)
        self.subgroups = SubgroupsPanel(self)
        self.calibration = CalibrationPanel(self)
        self.curves = CurvesPanel(self)
        self.robustness = RobustnessPanel(self)
        self.checklist = ChecklistPanel(self)
        self.recipe = RecipePanel(self)
        self._first = QStackedWidget(self)
        self._first.addWidget(self.overview)
        self._first.addWidget(self.compare)
        for panel, title in (
            (self._first, "Overview"),
            (self.f1, "Per-class F1"),
            (self.confusion, "Confusion"),
            (self.differences, "Differences"),
            (self.subgroups, "Subgroups"),
            (self.calibration, "Calibration"),
            (self.robustness, "Robustness"),
            (self.curves, "Curves"),
            (self.recipe, "Recipe"),
            (self.checklist, "Checklists"),
        ):
            self.addTab(panel, title)
        self._button = BaselineButton(self)
        self._button.chosen.connect(self.set_baseline)
        self.setCornerWidget(self._button, Qt.Corner.TopRightCorner)

    def _connect(self) -> None:
        for panel in (self.confusion, self.differences, self.subgroups, self.calibration, self.robustness,
                      self.checklist):  # fmt: skip
            panel.run_chosen.connect(self._bring_forward)
        self.overview.annotations.saved.connect(self.annotated)
        self.robustness.measured.connect(self.read_again)
        self.calibration.calibrated.connect(self.read_again)
        self.checklist.form_asked.connect(self.form_asked)
        self.overview.class_asked.connect(self.images.open_class)
        self.f1.class_asked.connect(self.images.open_class)
        self.confusion.cell_asked.connect(self.images.open_cell)
        self.confusion.change_asked.connect(self.images.open_change)
        self.confusion.wrong_asked.connect(self.images.open_wrong)
        self.differences.won_asked.connect(self.images.open_won)
        self.differences.lost_asked.connect(self.images.open_lost)
        self.subgroups.group_asked.connect(self.images.open_group)

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
        if self._shown is not None:
            self.show_runs(self._shown.runs, self._shown.current)

    def show_runs(self, runs: Sequence[RunSummary], current: RunSummary) -> None:
        """Show what the summaries know at once, and what the folders say when it is read: all of `runs` where several
        fit, `current` elsewhere."""
        before = self._shown
        pinned = next((run for run in runs if run.folder == self._baseline), None)
        same = before is not None and [run.folder for run in before.runs] == [run.folder for run in runs]
        known = before.findings if before is not None and same else None  # tags were changed: nothing flickers
        self._show(Shown(tuple(runs), current, pinned or choose_baseline(runs), pinned is not None, known))
        self._loader.load(runs, self._baseline)

    @Slot()
    def read_again(self) -> None:
        """More is known of a selected run: read what has changed."""
        if self._shown is not None:
            self._loader.load(self._shown.runs, self._baseline)

    def show_nothing(self) -> None:
        """No run is selected."""
        self._shown = None
        self._loader.forget()

    def _show(self, shown: Shown) -> None:
        self._shown = shown
        self._first.setCurrentWidget(self.compare if shown.several else self.overview)
        self.setTabText(0, f"Comparison of {len(shown.runs)}" if shown.several else "Overview")
        self._button.show_runs(shown)
        self.images.set_shown(shown)
        if shown.several:
            self.compare.show_runs(shown)
        else:
            self.overview.show_run(shown)
        for panel in (self.f1, self.confusion, self.differences, self.subgroups, self.calibration, self.robustness,
                      self.curves, self.recipe, self.checklist):  # fmt: skip
            panel.show_runs(shown)

    @Slot(object)
    def _take(self, findings: Findings) -> None:
        shown = self._shown
        if shown is not None:
            baseline = findings.baseline
            pinned = baseline is not None and baseline.folder == self._baseline
            self._show(replace(shown, findings=findings, baseline=baseline, pinned=pinned))

    @Slot(object)
    def _tell_progress(self, progress: Progress) -> None:
        if self._shown is not None and self._shown.findings is None:
            self.compare.show_progress(progress)

    @Slot(object)
    def _bring_forward(self, folder: Path) -> None:
        """Show another of the runs in the panels that show one."""
        if self._shown is not None:
            run = next((each for each in self._shown.together if each.folder == folder), None)
            if run is not None:
                self._show(replace(self._shown, current=run))

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        show_error(self, error)


def _remembered_baseline() -> Path | None:
    text = str(open_store().value(_BASELINE, "") or "")
    return Path(text) if text else None
