"""Above the gallery: which data set is open, another one to open, the run whose opinion is asked, a folder
to compare with, and the export."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QMenu, QWidget

from skinkd_gui.data.opening import OpenedData
from skinkd_gui.data.recents import RecentDataMenu
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import named, row_of
from skinkd_gui.widgets.parts import make_button


class DataTopBar(QWidget):
    """Asks; whoever has it does."""

    folder_wanted = Signal()
    reading_wanted = Signal()  # the same data once more, as they are now
    table_wanted = Signal()
    opened = Signal(object)  # Path of a recent data set
    run_chosen = Signal(object)  # RunSummary, or None
    comparison_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = make_label("", "heading", self, name="dataTitle")
        self.run = named(QComboBox(self), "dataRunCombo", "Run whose test predictions are compared with the labels")
        self.run.setToolTip("Labels that this run's test predictions make doubtful are listed, the most doubtful first")
        self.run.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.run.setMinimumContentsLength(16)
        self.run.currentIndexChanged.connect(self._tell_run)
        tip = "How your own pictures differ from these in light, colours, sharpness and classes"
        self.compare = make_button("Compare a folder...", "dataCompareButton", self, self.comparison_wanted, tip=tip)
        self.export = make_button("Export cleaned table...", "dataExportButton", self, self.export_wanted)
        open_button = make_button("Open", "dataOpenButton", self, accessible="Open another data set")
        open_button.setMenu(self._make_menu())
        row_of(open_button, (self._title, 1), self.run, self.compare, self.export, on=self, margins=0)
        self.show_path(Path())

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName("dataOpenMenu")
        for text, name, signal in (
            ("&Look again", "dataAgainAction", self.reading_wanted),
            ("&Folder...", "dataFolderAction", self.folder_wanted),
            ("&Table...", "dataTableAction", self.table_wanted),
        ):
            action = menu.addAction(text)
            action.setObjectName(name)
            action.triggered.connect(signal)
        recent = RecentDataMenu(self, "dataBarRecentMenu")
        recent.chosen.connect(self.opened)
        menu.addMenu(recent)
        return menu

    def show_path(self, path: Path) -> None:
        """A data set is being read."""
        self._title.setText(path.name)
        self._title.setToolTip(str(path))
        self._fill_runs(None)
        self.compare.setEnabled(False)
        self.export.setEnabled(False)

    def show_data(self, opened: OpenedData) -> None:
        """A data set was read."""
        self._fill_runs(opened)
        self.compare.setEnabled(True)
        self.export.setEnabled(True)

    def choose_run(self, folder: Path) -> None:
        """Ask the run in a folder, where it is one over these data."""
        for row in range(self.run.count()):
            run = self.run.itemData(row)
            if run is not None and run.folder == folder:
                self.run.setCurrentIndex(row)

    def _fill_runs(self, opened: OpenedData | None) -> None:
        self.run.blockSignals(True)  # nothing is asked
        self.run.clear()
        self.run.addItem("Compare with a run" if opened and opened.runs else "No finished run", None)
        for run in opened.runs if opened else ():
            self.run.addItem(run.status.name, run)
        self.run.blockSignals(False)
        self.run.setEnabled(bool(opened and opened.runs))

    @Slot()
    def _tell_run(self) -> None:
        self.run_chosen.emit(self.run.currentData())
