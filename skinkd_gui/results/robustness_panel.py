"""How the run in front does on harmed test images and on images of other sources; both are measured from here."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.reporting.measured_tables import external_table, robustness_table
from core.reporting.table import ResultsTable
from core.runs.status import RunSummary
from skinkd_gui.results.figure_panel import FigurePanel
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.run_chooser import RunChooser
from skinkd_gui.results.run_job import RunJob
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of, split
from skinkd_gui.widgets.parts import make_button

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
        self._testable = False
        self.figure_panel = FigurePanel("Robustness", "robustness", self)
        self.runs = RunChooser("robustnessRun", "The run whose robustness is shown", self)
        self.runs.chosen.connect(self.run_chosen)
        self.job = RunJob(_MEASURE, "robustnessMeasure", self)
        self.job.wanted.connect(self._measure)
        self.job.finished.connect(self.measured)
        self.job.changed.connect(self._update_buttons)
        self.table_panel = TablePanel("Weighted F1 by severity", "robustness", "Robustness of the run", self)
        self.external = TablePanel("Other test images", "external", "Tests on images of other sources", self)
        self.test = make_button("Test on other images...", "externalTestButton", self, self._ask_images)
        side = QWidget(self)
        column_of((self.table_panel, 1), (self.external, 1), on=side, margins=0)
        controls = row_of(self.runs, self.job.button, STRETCH, self.test)
        column_of(controls, self.job.progress, split(self.figure_panel, side, sizes=(560, 660), parent=self), on=self)

    def show_runs(self, shown: Shown) -> None:
        """Show what is known of the run in front."""
        run = self._run = shown.current
        known = shown.known(run)
        record = None if known is None or known.evidence is None else known.details
        self.runs.offer(shown, shown.together, run)
        self._testable = record is not None
        self._update_buttons()
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

    @Slot()
    def _update_buttons(self) -> None:
        self.job.button.setEnabled(self.job.busy or self._testable)
        self.test.setEnabled(self._testable and not self.job.busy)

    @Slot()
    def _measure(self) -> None:
        if self._run is not None:
            self.job.start(self._run.folder, partial(_measure_robustness, self._run.folder))

    @Slot()
    def _ask_images(self) -> None:
        if self._run is None:
            return
        folder = QFileDialog.getExistingDirectory(self, "Labelled images of another source")
        if folder:
            self.test_on(Path(folder))

    def test_on(self, data: Path) -> None:
        """Test the run in front on the labelled images in a folder, and keep that with the run."""
        if self._run is not None and not self.job.busy:
            self.job.start(self._run.folder, partial(_test_elsewhere, self._run.folder, data))


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
