"""How the run in front does on harmed test images and on images of other sources; both are measured from here."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Event, Progress
from core.reporting.measured_tables import external_table, robustness_table
from core.reporting.table import ResultsTable
from core.runs.status import RunSummary
from skinkd_gui.results.figure_panel import FigurePanel
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.run_chooser import RunChooser
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of, split
from skinkd_gui.widgets.parts import make_button, slim_bar
from skinkd_gui.workers.job import JobEnd, Work
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle

_MEASURE = "Measure robustness"
_UNMEASURED = (
    "Not measured yet. “Measure robustness” scores the model on its test images when they are blurred, noisy, too "
    "bright or dark, compressed, or hairy, in five severities each: thirty times as much as one test."
)
_NO_TEST = (
    "Labelled images of another clinic or camera show best what the model is worth. The result is kept with the run."
)


class RobustnessPanel(QWidget):
    """Figure and table of robustness, a table of other test sets, and a button for each."""

    run_chosen = Signal(object)  # the folder of the run to show
    measured = Signal(object)  # the folder of a run of which more is known now

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("robustnessPanel")
        self._run: RunSummary | None = None
        self._measuring: Path | None = None
        self.figure_panel = FigurePanel("Robustness", "robustness", self)
        self.runs = RunChooser("robustnessRun", "The run whose robustness is shown", self)
        self.runs.chosen.connect(self.run_chosen)
        self.measure = make_button(_MEASURE, "robustnessMeasureButton", self, self._measure)
        self.progress = slim_bar("robustnessProgress", "Progress of the measurement", self)
        self.progress.hide()
        self.table_panel = TablePanel("Weighted F1 by severity", "robustness", "Robustness of the run", self)
        self.external = TablePanel("Other test images", "external", "Tests on images of other sources", self)
        self.test = make_button("Test on other images...", "externalTestButton", self, self._ask_images)
        side = QWidget(self)
        column_of((self.table_panel, 1), (self.external, 1), on=side, margins=0)
        controls = row_of(self.runs, self.measure, STRETCH, self.test)
        column_of(controls, self.progress, split(self.figure_panel, side, sizes=(560, 660), parent=self), on=self)
        self._job = JobSlot(
            self, reported=self._show_progress, succeeded=self._take, failed=self._fail, ended=self._ended
        )

    def show_runs(self, shown: Shown) -> None:
        """Show what is known of the run in front."""
        run = self._run = shown.current
        known = shown.known(run)
        record = None if known is None or known.evidence is None else known.details
        self.runs.offer(shown, shown.together, run)
        self._update_buttons(testable=record is not None)
        found = None if record is None else record.robustness
        self.table_panel.setVisible(found is not None)
        if found is None:
            self.figure_panel.set_figure(None, "", shown.why_not(run) if record is None else _UNMEASURED)
            self.table_panel.set_table(ResultsTable(""), "robustness")
        else:
            measured = found

            def build(style: FigureStyle) -> Figure:
                from core.reporting.robustness_figures import robustness_figure

                return robustness_figure(measured, style)

            self.figure_panel.set_figure(build, f"robustness-{shown.title(run)}", "")
            self.table_panel.set_table(robustness_table(found), "robustness")
        tests = () if record is None else record.external
        table = external_table(tests, record) if record is not None and tests else ResultsTable("", notes=(_NO_TEST,))
        self.external.set_table(table, "external")

    @property
    def busy(self) -> bool:
        """Whether something is being measured."""
        return self._job.running

    def _update_buttons(self, *, testable: bool) -> None:
        self.measure.setText("Stop" if self.busy else _MEASURE)
        self.measure.setEnabled(self.busy or testable)
        self.test.setEnabled(testable and not self.busy)
        self.progress.setVisible(self.busy)

    @Slot()
    def _measure(self) -> None:
        if self.busy:
            self._job.cancel()
        elif self._run is not None:
            self._start(self._run.folder, partial(_measure_robustness, self._run.folder))

    @Slot()
    def _ask_images(self) -> None:
        if self._run is None:
            return
        folder = QFileDialog.getExistingDirectory(self, "Labelled images of another source")
        if folder:
            self.test_on(Path(folder))

    def test_on(self, data: Path) -> None:
        """Test the run in front on the labelled images in a folder, and keep that with the run."""
        if self._run is not None and not self.busy:
            self._start(self._run.folder, partial(_test_elsewhere, self._run.folder, data))

    def _start(self, folder: Path, work: Work) -> None:
        self._measuring = folder
        self.progress.setRange(0, 0)
        self._job.start(work)
        self._update_buttons(testable=True)

    @Slot(object)
    def _show_progress(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress.setRange(0, event.total if event.total > 1 else 0)
            self.progress.setValue(event.done)

    @Slot(object)
    def _take(self, result: object) -> None:
        if self._measuring is not None:
            self.measured.emit(self._measuring)

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        show_error(self, error)

    @Slot(object)
    def _ended(self, end: JobEnd) -> None:
        self._update_buttons(testable=True)


def _measure_robustness(folder: Path, emit: Emit, token: CancelToken) -> None:
    from core.runs.folder import RunFolder
    from core.runs.robustness import measure_robustness

    measure_robustness(RunFolder(folder), emit=emit, token=token)


def _test_elsewhere(folder: Path, data: Path, emit: Emit, token: CancelToken) -> None:
    from core.runs.evaluating import evaluate_on
    from core.runs.external import is_external, keep_external
    from core.runs.folder import RunFolder

    run = RunFolder(folder)
    if not is_external(run, data):
        raise SkinKDError(
            "These are the run's own images", f"{data} is where the run's images are. Choose images of another source."
        )
    keep_external(run, evaluate_on(folder, data, part="", device="auto", emit=emit, token=token))
