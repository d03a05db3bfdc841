"""A study: measured beside published, the paper's figures from measured results, and how far it has come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QProgressBar,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QWidget,
)

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.reporting.family_tables import arms_table, study_family_table
from core.reporting.paper_tables import study_tables
from core.reporting.study_tables import departures_table
from skinkd_gui.results.cross_validation_panel import CrossValidationPanel
from skinkd_gui.results.figure_panel import FigurePanel
from skinkd_gui.results.inherited_panel import InheritedPanel
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.study_findings import (
    StudyFindings,
    find_study,
    progress_of,
    warning_of,
)
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle
    from core.reporting.table import ResultsTable
    from core.study.results import StudyResults

_PROGRESS_WIDTH = 200  # pixels
_MATRIX_HEIGHT = 290  # pixels, with which every cell can be read


class StudyPanel(QWidget):
    """Shows the study in a folder; reads it in a job, and again on `refresh`."""

    resume_requested = Signal(object)  # the study folder's Path
    report_requested = Signal(object)  # the study folder's Path
    runs_requested = Signal(object)  # tuple of run folders to select

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("studyPanel")
        self._folder: Path | None = None
        self._findings: StudyFindings | None = None
        self._tables: dict[str, ResultsTable] = {}
        self._reading = JobSlot(self, succeeded=self._take, failed=self._fail)
        self._stopping = JobSlot(self, succeeded=self.refresh)
        self._chosen_notes: list[QLabel] = []
        self._build_controls()
        self.banner = Banner(self)
        self.banner.setObjectName("studyBanner")
        self.banner.setMinimumHeight(1)  # it takes what its text needs in the present width, which is little
        self._waiting = EmptyState("chart", "Reading the study...", "", self)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._waiting)
        self._pages.addWidget(_scrolled(self._build_tabs(), self))
        column_of(self.banner, (self._pages, 1), on=self, margins=0)

    def _build_controls(self) -> None:
        """Progress and buttons in a row, for whoever shows the panel to put where there is room."""
        self.controls = QWidget(self)
        self.progress = named(QProgressBar(self.controls), "studyProgress", "Finished runs of the study")
        self.progress.setFixedWidth(_PROGRESS_WIDTH)
        self.resume_button = make_button(
            "Go on with the study",
            "studyResumeButton",
            self.controls,
            tip="Train the runs that are not finished yet",
            clicked=self._resume,
        )
        self.report_button = make_button(
            "Report on the study...",
            "studyReportButton",
            self.controls,
            tip="One page with the tables and figures of the whole study",
            clicked=self._report,
        )
        self.stop_button = make_button(
            "Stop the study",
            "studyStopButton",
            self.controls,
            tip="Stop its runs within a batch, wherever they are made; they can be gone on with",
            clicked=self._stop,
        )
        row_of(self.progress, self.report_button, self.stop_button, self.resume_button, on=self.controls, margins=0)

    def _build_tabs(self) -> QTabWidget:
        self.tabs = named(QTabWidget(self, documentMode=True), "studyTabs", "Results of the study")
        self.table = TablePanel("Scores", "study", "Scores of the study's configurations", self)
        self.shown_table = named(QComboBox(self), "studyTableShown", "Which table of the study is shown")
        self.shown_table.currentIndexChanged.connect(self._show_table)
        self.table.add_control(self.shown_table)
        self.table.table.opened.connect(self._open_row)
        self.table.table.setToolTip("Double-click a row to select its runs")
        self.family = TablePanel(
            "Each configuration against the plain student",
            "studyFamily",
            "Configurations against the plain student",
            self,
        )
        self.arms = TablePanel("Each configuration on all test images", "studyArms", "Scores on all test images", self)
        self.alpha = FigurePanel("Weighted F1 over alpha (paper: figure 8)", "studyAlpha", self)
        self.best = FigurePanel("F1 of each class, best run per method (paper: figure 9)", "studyBest", self)
        self.confusion = FigurePanel("Confusion matrices (paper: figures 10 and 11)", "studyConfusion", self)
        self.shown = named(QComboBox(self), "studyConfusionShown", "What the cells show")
        self.shown.addItem("Per cent of the true class", True)
        self.shown.addItem("Number of images", False)
        self.shown.currentIndexChanged.connect(self._draw_confusion)
        self.confusion.add_control(self.shown)
        self.departures = TablePanel(
            "How data and recipe differ from the paper's", "studyDepartures", "Departures from the paper", self
        )
        self.candidates = CrossValidationPanel(self)
        self.candidates.tested.connect(self.refresh)
        self.tabs.addTab(self.candidates, "Cross-validation")
        self.tabs.addTab(self.table, "Scores")
        self.tabs.addTab(self.arms, "All test images")
        self.tabs.addTab(self.family, "More than chance?")
        self.tabs.addTab(self.alpha, "F1 over alpha")
        self.tabs.addTab(self._with_note(self.best), "Best runs by class")
        self.tabs.addTab(self._with_note(_scrolled(self.confusion, self)), "Confusion matrices")
        self.inherited = InheritedPanel(self)
        self.tabs.addTab(self.inherited, "Teacher's errors")
        self.tabs.addTab(self.departures, "Departures")
        return self.tabs

    def _with_note(self, content: QWidget) -> QWidget:
        page = QWidget(self)
        note = make_label("", "small", page, wrap=True)
        self._chosen_notes.append(note)
        column_of((content, 1), note, on=page, margins=0)
        return page

    @property
    def folder(self) -> Path | None:
        """The study that is shown."""
        return self._folder

    @property
    def ready(self) -> bool:
        """Whether nothing is being read."""
        return not self._reading.running and self.candidates.ready

    @property
    def at_work(self) -> bool:
        """Whether some program worked on the study when it was last read."""
        return self._findings is not None and self._findings.at_work

    def show_study(self, folder: Path) -> None:
        """Show the study in a folder; what is shown of the same one stays until it is read anew."""
        if folder != self._folder:
            self._findings = None
            self._waiting.set_text("Reading the study...", "")
            self._pages.setCurrentIndex(0)
            self.banner.show_message("")
            for widget in (self.progress, self.resume_button, self.stop_button, self.report_button):
                widget.setVisible(False)
        self._folder = folder
        self._read(folder)

    @Slot()
    def refresh(self) -> None:
        """Read the study that is shown anew."""
        if self._folder is not None:
            self._read(self._folder)

    def _read(self, folder: Path) -> None:
        def work(emit: Emit, token: CancelToken) -> StudyFindings:
            return find_study(folder, token)

        self._reading.start(work)

    @Slot(object)
    def _take(self, findings: StudyFindings) -> None:
        if findings.folder == self._folder and findings != self._findings:
            self._findings = findings
            self._show(findings)

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        self._waiting.set_text(error.title, f"{error.summary}\n{error.details}".strip())
        self._pages.setCurrentIndex(0)

    def _show(self, findings: StudyFindings) -> None:
        results = findings.results
        done, planned = progress_of(results)
        self.progress.setRange(0, max(1, planned))
        self.progress.setValue(done)
        working = f", {findings.running:,} at work" if findings.running else ""
        self.progress.setFormat(f"{done:,} of {planned:,} runs done{working}")
        self.progress.setVisible(True)
        self.resume_button.setVisible(done < planned and not findings.at_work)
        self.stop_button.setVisible(findings.at_work)
        self.stop_button.setEnabled(not findings.stopping)
        self.stop_button.setText("Stopping..." if findings.stopping else "Stop the study")
        self.report_button.setVisible(done > 0)
        self.banner.show_message(warning_of(results), "warning")
        self.inherited.show_students(findings.shared)
        self._offer_tables(results)
        self.arms.set_table(arms_table(results, findings.family), f"all-test-images-{results.study.name}")
        self.family.set_table(study_family_table(results, findings.family), f"against-plain-{results.study.name}")
        self.departures.set_table(departures_table(results), f"departures-{results.study.name}")
        if results.cross_validation is not None:
            self.candidates.show_candidates(findings.folder, results.study.name, results.cross_validation)
        self._show_tabs(findings)
        for note in self._chosen_notes:
            note.setText(findings.how_chosen)
        self._draw(findings)
        self._pages.setCurrentIndex(1)

    def _offer_tables(self, results: StudyResults) -> None:
        """The study's tables, one at a time: for the paper's study its tables 1 to 3."""
        before = self.shown_table.currentData()
        self._tables = dict(study_tables(results))
        with QSignalBlocker(self.shown_table):
            self.shown_table.clear()
            for key, table in self._tables.items():
                self.shown_table.addItem(table.title, key)
            self.shown_table.setCurrentIndex(max(0, self.shown_table.findData(before)))
        self.shown_table.setVisible(len(self._tables) > 1)
        self._show_table()

    @Slot()
    def _show_table(self) -> None:
        key = self.shown_table.currentData()
        if key in self._tables and self._findings is not None:
            self.table.set_table(self._tables[key], f"{key}-{self._findings.results.study.name}")

    def _show_tabs(self, findings: StudyFindings) -> None:
        """The tabs that have something to say; a study that withholds its test part is looked at by validation scores
        alone."""
        results = findings.results
        validates = results.cross_validation is not None
        fits = {
            self.candidates: validates,
            self.departures: results.study.paper,
            self.inherited: bool(findings.shared),
            self.alpha: any(row.alpha is not None for row in results.rows),
        }
        for place in range(self.tabs.count()):
            page = self.tabs.widget(place)
            assert page is not None
            self.tabs.setTabVisible(place, page is self.candidates if validates else fits.get(page, True))

    def _draw(self, findings: StudyFindings) -> None:
        results, name = findings.results, findings.results.study.name
        waiting = "Nothing of this study is finished yet."

        def over_alpha(style: FigureStyle) -> Figure:
            from core.reporting.study_figures import f1_over_alpha

            return f1_over_alpha(results, style)

        def by_class(style: FigureStyle) -> Figure:
            from core.reporting.study_figures import best_per_method

            return best_per_method(findings.best, style)

        self.alpha.set_figure(over_alpha if _any_point(results) else None, f"{name}-f1-over-alpha", waiting)
        self.best.set_figure(by_class if findings.best else None, f"{name}-best-by-class", waiting)
        self._draw_confusion()

    @Slot()
    def _draw_confusion(self) -> None:
        found = self._findings
        if found is None:
            return
        shares = bool(self.shown.currentData())
        runs = [(run.title, run.scores) for run in found.best]

        def build(style: FigureStyle) -> Figure:
            from core.reporting.confusion_figures import confusion_grid

            return confusion_grid(runs, style, shares)

        self.confusion.view.setMinimumHeight(_MATRIX_HEIGHT * max(1, (len(runs) + 1) // 2))
        stem = f"{found.results.study.name}-confusion"
        self.confusion.set_figure(build if runs else None, stem, "Nothing of this study is finished yet.")

    @Slot(int)
    def _open_row(self, row: int) -> None:
        if self._findings is None:
            return
        title = self.table.shown.rows[row][0].values[0]
        folders = next((item.folders for item in self._findings.results.rows if title in (item.title, item.key)), ())
        if folders:
            self.runs_requested.emit(folders)

    @Slot()
    def _resume(self) -> None:
        self.resume_requested.emit(self._folder)

    @Slot()
    def _stop(self) -> None:
        folder = self._folder
        if folder is None:
            return

        def work(emit: Emit, token: CancelToken) -> None:
            from core.study.folder import StudyFolder
            from core.study.stopping import ask_to_stop

            ask_to_stop(StudyFolder(folder))

        self._stopping.start(work)

    @Slot()
    def _report(self) -> None:
        self.report_requested.emit(self._folder)


def _scrolled(content: QWidget, parent: QWidget) -> QScrollArea:
    area = QScrollArea(parent)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(content)
    return area


def _any_point(results: StudyResults) -> bool:
    return any(row.points for row in results.rows)
