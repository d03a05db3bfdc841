"""Whose pictures are in the list: typed, or from folders, a table or DICOM files; and their lesions, over time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QItemSelection, QSize, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QFileDialog, QTableView, QTabWidget, QWidget

from core.data.finding import TABLE_SUFFIXES
from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.inference.patients.facts import NOTHING_KNOWN, PatientFacts, folder_facts, merged, table_facts
from core.inference.patients.lesions import LesionOverTime
from core.inference.patients.tables import PatientColumns
from core.reporting.lesions_table import lesions_table
from skinkd_gui.classify.lesion_history import LesionHistory
from skinkd_gui.classify.patient_facts_model import PatientFactsModel
from skinkd_gui.classify.patient_sources import DicomElementsDialog, FolderLevelsDialog
from skinkd_gui.classify.patients import Patients
from skinkd_gui.results.plain_table import PlainTable
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, Gap, as_list, column_of, named, row_of, split
from skinkd_gui.widgets.parts import PassingDialog, delay, make_button
from skinkd_gui.workers.job_slot import JobSlot

Facts = dict[Path, PatientFacts]
_PRIVATE = (
    "All of it is optional. It is in this window's memory only, until you save the session or export; it is never "
    "sent. A number is better than a patient's name."
)


class PatientsDialog(PassingDialog):
    """Edits `Patients` and shows the lesions that `columns` finds; call `open`."""

    report_asked = Signal(object)  # PatientColumns: a PDF with a page for each lesion is wanted

    def __init__(
        self, parent: QWidget | None, patients: Patients, paths: list[Path], columns: Callable[[], PatientColumns]
    ) -> None:
        """`paths` are the images of the list; `columns` is asked again whenever a fact changes."""
        super().__init__(parent, "patientsDialog", "Patients and lesions", QSize(940, 620))
        self._patients, self._columns = patients, columns
        self._lesions: tuple[LesionOverTime, ...] = ()
        self._what = ""
        self.model = PatientFactsModel(patients, paths, self)
        self._news = Banner(self)
        self._news.setObjectName("patientsNews")
        self._filling = JobSlot(self, succeeded=self._fill, failed=self._fail, ended=self._update)
        self.tabs = named(QTabWidget(self), "patientsTabs", "Patients and lesions")
        self.tabs.addTab(self._build_facts(), "&Pictures")
        self.tabs.addTab(self._build_lesions(), "&Lesions")
        self.report = make_button(
            "PDF of the &lesions...", "patientsReport", self, self._ask_for_report,
            tip="A page for each lesion at each date, with space for your own assessment and signature",
        )  # fmt: skip
        close = make_button("Close", "patientsClose", self, self.accept)
        close.setDefault(True)
        column_of(
            make_label(_PRIVATE, "muted", self, wrap=True),
            self._news,
            (self.tabs, 1),
            row_of(STRETCH, self.report, close),
            on=self,
        )
        self._later = delay(self, self._update, 300)
        patients.changed.connect(self._update)
        self.model.refused.connect(self._fail)
        self._update()

    @property
    def busy(self) -> bool:
        """Whether files are being read."""
        return self._filling.running or self.history.busy

    # --- layout ---

    def _build_facts(self) -> QWidget:
        page = QWidget(self)
        self.table = named(QTableView(page), "patientsTable", "Whose picture each image is")
        self.table.setModel(self.model)
        as_list(self.table)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.horizontalHeader().setStretchLastSection(True)
        for column, width in enumerate((230, 150, 120, 120)):
            self.table.setColumnWidth(column, width)
        self.table.selectionModel().selectionChanged.connect(self._choose_rows)
        self.sources = (
            make_button("From &folders...", "patientsFolders", page, self._ask_for_folders,
                        tip="Take the names of the folders above each image"),
            make_button("From a &table...", "patientsTableButton", page, self._ask_for_table,
                        tip="A CSV or Excel table with columns such as image, patient, lesion, date and site"),
            make_button("From &DICOM...", "patientsDicom", page, self._ask_for_elements,
                        tip="Elements that you tick"),
        )  # fmt: skip
        self.forget = make_button("For&get all", "patientsForget", page, self._forget, tip="It can be undone")
        about = make_label(
            "Double-click to type; what you type goes to all selected rows. What was typed stays when you fill in.",
            "small",
            page,
            wrap=True,
        )
        row = row_of(make_label("Fill in:", "", page), *self.sources, STRETCH, Gap(8), self.forget)
        column_of(row, (self.table, 1), about, on=page, margins=8)
        return page

    def _build_lesions(self) -> QWidget:
        page = QWidget(self)
        self.lesions = PlainTable("patientsLesions", "Lesions and their answers", page)
        self.lesions.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.lesions.itemSelectionChanged.connect(self._show_lesion)
        self.history = LesionHistory(page)
        self._none = make_label("", "muted", page, wrap=True, name="patientsNoLesions")
        column_of(
            self._none,
            (split(self.lesions, self.history, sizes=[150, 400], parent=page, vertical=True), 1),
            on=page,
            margins=8,
        )
        return page

    # --- filling in ---

    @Slot()
    def _ask_for_folders(self) -> None:
        dialog = FolderLevelsDialog(self, self.model.paths[0])
        dialog.taken.connect(self._fill_from_folders)
        dialog.open()

    @Slot(object)
    def _fill_from_folders(self, levels: dict[str, int]) -> None:
        self._begin("facts from folders", partial(_from_folders, list(self.model.paths), levels))

    @Slot()
    def _ask_for_table(self) -> None:
        endings = " ".join(f"*{suffix}" for suffix in sorted(TABLE_SUFFIXES))
        name, _ = QFileDialog.getOpenFileName(self, "A table of patients and lesions", "", f"Tables ({endings})")
        if name:
            self.fill_from_table(Path(name))

    def fill_from_table(self, table: Path) -> None:
        """Take what a table says of the images."""
        self._begin("facts from a table", partial(_from_table, list(self.model.paths), table))

    @Slot()
    def _ask_for_elements(self) -> None:
        dialog = DicomElementsDialog(self)
        dialog.taken.connect(self._fill_from_dicom)
        dialog.open()

    @Slot(object)
    def _fill_from_dicom(self, ticked: tuple[str, ...]) -> None:
        self._begin("facts from DICOM files", partial(_from_dicom, list(self.model.paths), ticked))

    def _begin(self, what: str, work: Callable[[Emit, CancelToken], Facts]) -> None:
        self._what = what
        self._news.show_message("")
        self._filling.start(work)
        self._update()

    @Slot(object)
    def _fill(self, facts: Facts) -> None:
        known = self._patients.facts
        made = {path: merged(known.get(path, NOTHING_KNOWN), more) for path, more in facts.items()}
        self._patients.take(made, self._what)
        count = sum(bool(more) for more in facts.values())
        self._news.show_message(f"Filled in for {count:,} of {len(self.model.paths):,} images.", "success")

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        self._news.show_message(f"{error.title}. {error.summary}", "error")

    @Slot()
    def _forget(self) -> None:
        self._patients.take(dict.fromkeys(self._patients.facts, NOTHING_KNOWN), "what was known of patients")

    # --- what is shown ---

    @Slot(QItemSelection, QItemSelection)
    def _choose_rows(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        self.model.chosen = frozenset(index.row() for index in self.table.selectionModel().selectedRows())

    @Slot()
    def refresh(self) -> None:
        """Something more was classified: ask for the lesions again, once for all that comes together."""
        self._later.start()

    @Slot()
    def _update(self) -> None:
        columns = self._columns()
        self._lesions = tuple(columns.lesions)
        self.lesions.fill(lesions_table(self._lesions))
        self.lesions.setVisible(bool(self._lesions))
        self.history.setVisible(bool(self._lesions))
        known = any(facts.lesion for facts in columns.facts.values())
        text = "No image with a lesion is classified yet." if known else "Say which lesion an image shows, on Pictures."
        self._none.setText("" if self._lesions else text)
        self._none.setVisible(not self._lesions)
        self.history.show_lesion(None)
        for button in self.sources:
            button.setEnabled(bool(self.model.paths) and not self._filling.running)
        self.forget.setEnabled(bool(columns.facts))
        self.report.setEnabled(bool(self._lesions))

    @Slot()
    def _show_lesion(self) -> None:
        row = self.lesions.currentRow()
        if 0 <= row < self.lesions.rowCount():
            shown = [lesion for lesion in self._lesions for _ in lesion.visits]
            self.history.show_lesion(shown[row])

    @Slot()
    def _ask_for_report(self) -> None:
        self.report_asked.emit(self._columns())


def _from_folders(paths: list[Path], levels: dict[str, int], emit: Emit, token: CancelToken) -> Facts:
    return folder_facts(paths, levels)


def _from_table(paths: list[Path], table: Path, emit: Emit, token: CancelToken) -> Facts:
    return table_facts(paths, table)


def _from_dicom(paths: list[Path], ticked: tuple[str, ...], emit: Emit, token: CancelToken) -> Facts:
    from core.inference.patients.dicom_elements import dicom_facts

    return dicom_facts(paths, ticked)
