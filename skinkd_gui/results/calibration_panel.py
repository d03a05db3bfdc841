"""Whether a run is right as often as it is sure: reliability diagram and table; and test-time augmentation for it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from core.data.augmentation.augmentation import POSITIONS
from core.evaluation.promises import calibrating_images, promise_note
from core.events import CancelToken, Emit
from core.inference.test_time import ABOUT
from core.reporting.table import ResultsTable
from core.reporting.tables import calibration_table
from core.reporting.words import error_of
from core.runs.status import RunSummary
from skinkd_gui.results.figure_panel import FigurePanel
from skinkd_gui.results.findings import CalibrationFindings
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.results.notes import NotesList
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.run_chooser import RunChooser
from skinkd_gui.results.run_job import RunJob
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.layouts import column_of, split

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle

_FEW = 200
"""With fewer test images the error itself is uncertain."""
_AVERAGE, _ONE_VIEW = "Calibrate with flips and turns", "Calibrate without flips and turns"
_AVERAGED = (
    "Classify takes the mean over the eight flips and turns for this model; how well calibrated it is so stands on its "
    "card. The diagram is of the upright images, which its scores are of."
)


class CalibrationPanel(QWidget):
    """The diagram of the run in front; the table has the runs that are compared."""

    run_chosen = Signal(object)  # the folder of the run to show
    calibrated = Signal(object)  # the folder of a run that was calibrated anew

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("calibrationPanel")
        self._run: RunSummary | None = None
        self._averaged = False
        self.job = RunJob(_AVERAGE, "calibrate", self)
        self.job.button.setToolTip(f"For Classify and exports. {ABOUT} The scores stay those of the upright images.")
        self.job.wanted.connect(self._calibrate)
        self.job.finished.connect(self.calibrated)
        self.figure_panel = FigurePanel("How sure, and how often right", "calibration", self)
        self.runs = RunChooser("calibrationRun", "The run whose calibration is shown", self)
        self.runs.chosen.connect(self.run_chosen)
        self.figure_panel.add_control(self.runs)
        self.figure_panel.add_control(self.job.button)
        self.table_panel = TablePanel("Calibration", "calibration", "Calibration of the runs", self)
        self.said = NotesList("What this means", self)
        side = QWidget(self)
        area = FlowingArea("calibrationSentences", "What the calibration means", side)
        area.set_content(self.said)
        column_of((self.table_panel, 1), (area, 1), on=side, margins=0)
        self._side = side
        column_of(self.job.progress, split(self.figure_panel, side, sizes=(560, 660), parent=self), on=self)

    def show_runs(self, shown: Shown) -> None:
        """Show the calibration of the run in front."""
        run = self._run = shown.current
        known = shown.known(run)
        calibration = None if known is None else known.calibration
        self._averaged = known is not None and known.details.averaged
        self.job.set_text(_ONE_VIEW if self._averaged else _AVERAGE)
        self.job.button.setEnabled(self.job.busy or calibration is not None)
        self.runs.offer(shown, shown.together, run)
        self._side.setVisible(calibration is not None)
        title = shown.title(run)
        if calibration is None:
            self.figure_panel.set_figure(None, "", shown.why_not(run))
            self.table_panel.set_table(ResultsTable(""), "calibration")
            return
        found = calibration

        def build(style: FigureStyle) -> Figure:
            from core.reporting.comparison_figures import reliability_diagram

            return reliability_diagram(found.before, found.after, style)

        self.figure_panel.set_figure(build, f"calibration-{title}", "")
        self.table_panel.set_table(_table(shown), "calibration")
        self.said.set_notes([*_explain(title, found), *([_AVERAGED] if self._averaged else [])])

    @Slot()
    def _calibrate(self) -> None:
        if self._run is not None:
            work = partial(_calibrate, self._run.folder, 1 if self._averaged else POSITIONS)
            self.job.start(self._run.folder, work)


def _calibrate(folder: Path, positions: int, emit: Emit, token: CancelToken) -> None:
    from core.runs.assess import assess_run
    from core.runs.folder import RunFolder

    assess_run(RunFolder(folder), emit, token, positions=positions)


def _explain(title: str, findings: CalibrationFindings) -> list[str]:
    notes = [
        f"On average the probability that {title} gives its diagnosis is {error_of(findings.before)} off "
        "the share that is right (expected calibration error).",
    ]
    if findings.after is None:
        notes.append("There are no images to calibrate on, so no temperature was fitted.")
    else:
        direction = (
            "above 1: it was too sure" if findings.temperature > 1.02 else
            "below 1: it was not sure enough" if findings.temperature < 0.98 else "about 1: it needs no correction"
        )  # fmt: skip
        notes.append(
            f"The temperature {findings.temperature:.2f} ({direction}) was fitted on "
            f"{calibrating_images(findings.fitted_on, findings.part)}; with it the error is "
            f"{error_of(findings.after)}. It changes how sure the model is, never its diagnosis. "
            f"Classify and the lists of images use it. {promise_note(findings.part)}"
        )
    if findings.before.images < _FEW:
        notes.append(f"With {findings.before.images:,} test images the error itself is a rough guess.")
    return notes


def _table(shown: Shown) -> ResultsTable:
    known = [(shown.title(run), shown.known(run)) for run in shown.together]
    found = [(title, each.calibration) for title, each in known if each is not None and each.calibration is not None]
    return calibration_table([(title, each.before, each.after, each.temperature) for title, each in found])
