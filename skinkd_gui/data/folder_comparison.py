"""A folder of one's own pictures against the data set that is open: asked for, compared in a job, shown."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from core.data.drift import Drift, drift_of_folder
from core.reporting.drift_table import drift_table
from core.visible_text import visible
from skinkd_gui.data.opening import OpenedData
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.training.wizard.data_widgets import JobProgressRow
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button
from skinkd_gui.workers.job_slot import JobSlot

_ABOUT = (
    "Compared is what pictures look like from afar: light, colours, sharpness. The more unlike the training images "
    "they are, the less the scores of a model hold for them."
)


class FolderComparison(JobProgressRow):
    """How far the comparison is, while it runs; the window shows why it failed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("dataDrift", "Stop comparing", parent)
        self._folder = Path()
        self._comparing = JobSlot(self, reported=self.show_progress, succeeded=self._on_compared, ended=self.hide)
        self.stopped.connect(self._comparing.cancel)

    @property
    def busy(self) -> bool:
        """Whether a folder is being compared."""
        return self._comparing.running

    def ask_for_folder(self, opened: OpenedData) -> None:
        """Choose a folder, and compare its pictures with a data set."""
        if name := QFileDialog.getExistingDirectory(self, "Folder with pictures to compare with the data set"):
            self.compare(Path(name), opened)

    def compare(self, folder: Path, opened: OpenedData) -> None:
        """Compare, and show the outcome; in place of a comparison under way."""
        self._folder = folder
        self.begin("Comparing the folder")
        self._comparing.start(partial(drift_of_folder, folder, opened.dataset, opened.choices))

    def drop(self) -> None:
        """Another data set is opened."""
        self._comparing.drop()
        self.hide()

    @Slot(object)
    def _on_compared(self, drift: Drift) -> None:
        DriftDialog(self.window(), self._folder, drift).open()


class DriftDialog(PassingDialog):
    """Shows how the pictures of a folder differ; call `open`."""

    def __init__(self, parent: QWidget | None, folder: Path, drift: Drift) -> None:
        super().__init__(parent, "dataDriftDialog", f"Your folder against the {drift.against} images", QSize(620, 520))
        table = TablePanel(breakable(visible(folder.name)), "dataDrift", "How the folder differs from them", self)
        table.set_table(drift_table(drift), f"{folder.name}-compared")
        close = make_button("Close", "dataDriftClose", self, self.accept)
        close.setDefault(True)
        column_of(
            make_label(breakable(drift.sentence), "", self, wrap=True, name="dataDriftSentence"),
            make_label(_ABOUT, "muted", self, wrap=True),
            (table, 1),
            row_of(STRETCH, close),
            on=self,
        )
