"""A model calibrated on labelled images of one's own clinic: made, shown before and after, compared, removed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from core.data.drift import Drift
from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.inference.local_calibration import LocalCalibration
from core.reporting.local_calibration_table import local_calibration_table
from core.visible_text import visible
from skinkd_gui.data.folder_comparison import DriftDialog
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.training.wizard.data_widgets import JobProgressRow
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.fitting import size_in_text
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button
from skinkd_gui.widgets.question import Question, QuestionButton, ask
from skinkd_gui.workers.job_slot import JobSlot

_ABOUT = (
    "With 100 or more labelled lesions of your own, the model's probabilities, the diagnoses that remain possible and "
    "the limit for unlike pictures are made for your cameras and patients. What it learned stays the same. This is "
    "kept beside the model file, which stays as it is, with its own scores. Choose a folder with a table of labels, or "
    "one folder per diagnosis."
)
_SIZE, _SIZE_WITH_TABLE = QSize(720, 220), QSize(860, 600)
_REMOVE = Question(
    "removeOwnCalibrationQuestion",
    "Your own images",
    "Remove the calibration on your own images?",
    "The model's own calibration counts again. Your images stay where they are.",
    QuestionButton("Remove", "removeOwnCalibrationButton"),
    QuestionButton("Keep it", "keepOwnCalibrationButton"),
)


class OwnCalibrationDialog(PassingDialog):
    """Of the model of a run folder or model file; call `open`."""

    recalibrated = Signal(object)  # Path: the source of the model whose calibration is another now

    def __init__(self, parent: QWidget | None, source: Path) -> None:
        super().__init__(parent, "ownCalibrationDialog", "Your own images", _SIZE)
        self._source = source
        self._folder = Path()
        self._about = make_label(_ABOUT, "muted", self, wrap=True)
        self._sentence = make_label("", "", self, wrap=True, name="ownCalibrationSentence")
        self._news = Banner(self)
        self._news.setObjectName("ownCalibrationNews")
        self._table = TablePanel("", "ownCalibration", "Before and after, on your own images", self)
        self._row = JobProgressRow("ownCalibration", "Stop", self)
        self._working = JobSlot(
            self, reported=self._row.show_progress, succeeded=self._take, failed=self._fail, ended=self._end
        )
        self._row.stopped.connect(self._working.cancel)
        self._row.hide()
        self._calibrate = make_button("&Calibrate on a folder...", "ownCalibrationMake", self, self._ask_for_data)
        self._compare = make_button(
            "Compare a &later folder...", "ownCalibrationCompare", self, self._ask_for_folder,
            tip="How its pictures differ from those that the model was calibrated on",
        )  # fmt: skip
        self._remove = make_button("&Remove...", "ownCalibrationRemove", self, self._ask_to_remove)
        close = make_button("Close", "ownCalibrationClose", self, self.accept)
        close.setDefault(True)
        buttons = row_of(self._calibrate, self._compare, self._remove, STRETCH, close)
        told = (self._about, self._news, self._sentence)
        column_of(*told, (self._table, 1), STRETCH, self._row, buttons, on=self, margins=16)
        self._show(None)
        self._working.start(partial(_read, source))

    @property
    def busy(self) -> bool:
        """Whether anything is being read or made."""
        return self._working.running

    # --- work ---

    @Slot()
    def _ask_for_data(self) -> None:
        if name := QFileDialog.getExistingDirectory(self, "Folder with labelled images of your own"):
            self.calibrate(Path(name))

    def calibrate(self, data: Path) -> None:
        """Calibrate on labelled images; the outcome is shown."""
        self._begin("Calibrating on your images")
        self._working.start(partial(_make, self._source, data))

    @Slot()
    def _ask_for_folder(self) -> None:
        if name := QFileDialog.getExistingDirectory(self, "Folder with pictures to compare"):
            self.compare(Path(name))

    def compare(self, folder: Path) -> None:
        """Compare the pictures of a folder with those that the model was calibrated on."""
        self._folder = folder
        self._begin("Comparing the folder")
        self._working.start(partial(_drift, self._source, folder))

    @Slot()
    def _ask_to_remove(self) -> None:
        ask(self, _REMOVE).accepted.connect(self.remove)

    @Slot()
    def remove(self) -> None:
        """Remove the calibration on own images."""
        self._working.start(partial(_remove, self._source))

    def _begin(self, what: str) -> None:
        self._news.show_message("")
        for button in (self._calibrate, self._compare, self._remove):
            button.setEnabled(False)
        self._row.begin(what)

    # --- what came of it ---

    @Slot(object)
    def _take(self, result: object) -> None:
        if isinstance(result, Drift):
            DriftDialog(self, self._folder, result).open()
        elif isinstance(result, _Changed):
            self._show(result.local)
            self.recalibrated.emit(self._source)
        else:
            self._show(result if isinstance(result, LocalCalibration) else None)

    def _show(self, local: LocalCalibration | None) -> None:
        self._local = local
        self._table.setVisible(local is not None)
        self._about.setVisible(local is None)
        if local is None:
            self._sentence.setText("The model has its own calibration only.")
        else:
            self._sentence.setText(breakable(visible(local.sentence)))
            self._table.set_table(local_calibration_table(local), "own-images-before-and-after")
            self.resize(self.size().expandedTo(size_in_text(_SIZE_WITH_TABLE)).boundedTo(self.most()))
        self._end()

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        self._news.show_message(f"{error.title}. {error.summary}", "error")

    @Slot()
    def _end(self) -> None:
        self._row.hide()
        self._calibrate.setEnabled(True)
        for button in (self._compare, self._remove):
            button.setEnabled(self._local is not None)


@dataclass(frozen=True, eq=False)
class _Changed:
    """The calibration is another now, or none."""

    local: LocalCalibration | None


def _read(source: Path, emit: Emit, token: CancelToken) -> LocalCalibration | None:
    from core.inference.classifier import info_of, model_file_of
    from core.inference.local_calibration import read_local

    file = model_file_of(source)
    return read_local(file, info_of(file).classes)


def _make(source: Path, data: Path, emit: Emit, token: CancelToken) -> _Changed:
    from core.runs.local import calibrate_on_own

    return _Changed(calibrate_on_own(source, data, emit, token))


def _remove(source: Path, emit: Emit, token: CancelToken) -> _Changed:
    from core.inference.classifier import model_file_of
    from core.inference.local_calibration import remove_local

    remove_local(model_file_of(source))
    return _Changed(None)


def _drift(source: Path, folder: Path, emit: Emit, token: CancelToken) -> Drift:
    from core.inference.classifier import info_of, model_file_of
    from core.inference.local_calibration import read_local
    from core.inference.local_pictures import local_drift

    info = info_of(model_file_of(source))
    local = read_local(model_file_of(source), info.classes)
    if local is None:
        raise SkinKDError("The model was not calibrated on your own images", "Calibrate it first.")
    return local_drift(local, folder, info, emit, token)
