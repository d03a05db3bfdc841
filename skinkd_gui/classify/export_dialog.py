"""The dialog "Export...": which images, as what, where to; progress, and the finished file one click away."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.events import Event, Notice, Progress
from core.inference.results import Classification
from core.places import expanded
from skinkd_gui.classify.controls import make_button
from skinkd_gui.classify.exporting import MOST_IN_PDF, ExportOrder, ExportSource, Form, Written, export
from skinkd_gui.settings.store import open_store
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.question import Answer, Question, ask
from skinkd_gui.workers.job import Job, JobEnd, JobFailure, JobResult

__all__ = ["ExportDialog", "ExportSource"]

_FOLDER = "classify/export_folder"
_FORMS = {
    Form.PDF: ("&PDF report", "Picture, heat map, verdict and probabilities of each image, to print or to file"),
    Form.CSV: ("&CSV table", "One row per image, for a spreadsheet"),
    Form.JSON: ("&JSON document", "The same with everything in full, for other programs"),
}
_FILTERS = {Form.PDF: "PDF document (*.pdf)", Form.CSV: "CSV table (*.csv)", Form.JSON: "JSON document (*.json)"}
_REPLACE = Question(
    "replaceExportQuestion",
    "Export",
    "Replace the file that is there?",
    "A file of this name exists already. What is in it is lost.",
    Answer("Replace", "replaceExportButton"),
    Answer("Keep it", "keepExportButton"),
)


class ExportDialog(QDialog):
    """Writes one file from an `ExportSource`; call `open`."""

    def __init__(self, parent: QWidget, source: ExportSource, folder: Path) -> None:
        super().__init__(parent)
        self.setObjectName("classifyExportDialog")
        self.setWindowTitle("Export")
        self.setMinimumWidth(600)
        self._source = source
        self._folder = Path(str(open_store().value(_FOLDER, str(folder))))
        self._job: Job | None = None
        self._leaving = False
        self._written: Written | None = None
        self._remarks: list[str] = []
        self._build()
        self._choice_changed()

    @property
    def order(self) -> ExportOrder:
        """What the dialog shows."""
        return ExportOrder(self._source, self._rows(), self._form(), self._target(), self.heat.isChecked())

    # --- layout ---

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(10)
        self._parts = QWidget(self)
        form = QVBoxLayout(self._parts)
        form.setContentsMargins(0, 0, 0, 0)
        form.addWidget(make_label("Which images", "heading", self))
        self._build_rows(form)
        form.addSpacing(8)
        form.addWidget(make_label("As what", "heading", self))
        self._build_forms(form)
        form.addSpacing(8)
        form.addLayout(self._build_target())
        layout.addWidget(self._parts)
        self._limit = make_label("", "muted", self, wrap=True)
        self._limit.setObjectName("exportLimit")
        layout.addWidget(self._limit)
        self.news = Banner(self)
        self.news.setObjectName("exportNews")
        layout.addWidget(self.news)
        layout.addStretch(1)
        layout.addWidget(self._build_progress())
        layout.addLayout(self._build_buttons())

    def _build_rows(self, form: QVBoxLayout) -> None:
        source = self._source
        sets: list[tuple[str, str, tuple[Classification, ...]]] = [
            ("exportAllRadio", f"&All images ({len(source.every):,})", source.every)
        ]
        if len(source.shown) != len(source.every):
            sets.append(("exportShownRadio", f"The images &shown ({len(source.shown):,})", source.shown))
        if source.selected is not None and len(source.every) > 1:
            name = source.selected.path.name
            sets.append(("exportSelectedRadio", f"The s&elected image ({name[:60]})", (source.selected,)))
        self._row_group = QButtonGroup(self)
        self._row_sets: list[tuple[Classification, ...]] = []
        for number, (object_name, text, rows) in enumerate(sets):
            button = _radio(text, object_name, self)
            button.setEnabled(bool(rows))
            self._row_group.addButton(button, number)
            self._row_sets.append(rows)
            form.addWidget(button)
        first = 1 if len(sets) > 1 and "Shown" in sets[1][0] and source.shown else 0
        self._row_group.button(first).setChecked(True)
        self._row_group.idToggled.connect(self._choice_changed)

    def _build_forms(self, form: QVBoxLayout) -> None:
        self._form_group = QButtonGroup(self)
        for number, (kind, (text, tip)) in enumerate(_FORMS.items()):
            button = _radio(text, f"export{kind.name.title()}Radio", self)
            row = QHBoxLayout()
            row.addWidget(button)
            row.addWidget(make_label(tip, "small", self), 1)
            form.addLayout(row)
            self._form_group.addButton(button, number)
        self._form_group.button(list(_FORMS).index(Form.CSV)).setChecked(True)
        self._form_group.idToggled.connect(self._choice_changed)
        width = max(button.sizeHint().width() for button in self._form_group.buttons())
        for made in self._form_group.buttons():
            made.setMinimumWidth(width + 12)
        self.heat = QCheckBox("With &heat maps (takes longer)", self)
        self.heat.setObjectName("exportHeatCheck")
        self.heat.setAccessibleName("With heat maps")
        self.heat.setChecked(True)
        form.addWidget(self.heat)

    def _build_target(self) -> QHBoxLayout:
        self.target = QLineEdit(self)
        self.target.setObjectName("exportTargetEdit")
        self.target.setAccessibleName("File to write")
        self.target.textChanged.connect(self._update)
        label = make_label("&File:", "", self)
        label.setBuddy(self.target)
        choose = _plain(make_button("Choose...", "exportChooseButton", self))
        choose.clicked.connect(self._ask_target)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.target, 1)
        row.addWidget(choose)
        return row

    def _build_progress(self) -> QStackedWidget:
        row = QWidget(self)
        inner = QHBoxLayout(row)
        inner.setContentsMargins(0, 0, 0, 0)
        self._doing = make_label("", "muted", row)
        self.progress = QProgressBar(row)
        self.progress.setObjectName("exportProgress")
        self.progress.setAccessibleName("Progress of the export")
        inner.addWidget(self._doing)
        inner.addWidget(self.progress, 1)
        self._strip = QStackedWidget(self)
        self._strip.addWidget(QWidget(self))
        self._strip.addWidget(row)
        self._strip.setFixedHeight(row.sizeHint().height())
        return self._strip

    def _build_buttons(self) -> QHBoxLayout:
        self.open_button = _plain(make_button("&Open", "exportOpenButton", self))
        self.open_button.clicked.connect(self._open_file)
        self.folder_button = _plain(make_button("Open the fo&lder", "exportFolderButton", self))
        self.folder_button.clicked.connect(self._open_folder)
        self.close_button = _plain(make_button("Close", "exportCloseButton", self))
        self.close_button.clicked.connect(self._cancel_or_close)
        self.make_button = make_button("&Export", "exportMakeButton", self)
        self.make_button.setProperty("primary", True)
        self.make_button.setDefault(True)
        self.make_button.clicked.connect(self._ask_and_start)
        row = QHBoxLayout()
        row.addWidget(self.open_button)
        row.addWidget(self.folder_button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        row.addWidget(self.make_button)
        return row

    # --- choosing ---

    def _rows(self) -> tuple[Classification, ...]:
        return self._row_sets[self._row_group.checkedId()]

    def _form(self) -> Form:
        return list(_FORMS)[self._form_group.checkedId()]

    def _target(self) -> Path:
        path = expanded(self.target.text().strip())
        ending = self._form().value
        return path if path.suffix.lower() == ending else path.with_name(f"{path.name}{ending}")

    @Slot()
    def _choice_changed(self) -> None:
        form, rows = self._form(), self._rows()
        stem = "classification" if len(rows) == 1 else "classifications"
        self.target.setText(str(_free(self._folder, stem, form.value)))
        self.heat.setVisible(form is Form.PDF)
        too_many = form is Form.PDF and len(rows) > MOST_IN_PDF
        text = (
            f"A PDF holds at most {MOST_IN_PDF:,} images: the first {MOST_IN_PDF:,} of these {len(rows):,} in the "
            "order of the table. A table (CSV, JSON) holds all."
            if too_many
            else ""
        )
        if form is Form.PDF and not too_many and len(rows) > _own_pages():
            text = f"The first {_own_pages()} images get a page of their own; all {len(rows):,} are in the table."
        self._limit.setText(text)
        self._limit.setVisible(bool(text))
        self._update()

    @Slot()
    def _ask_target(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self,
            "Export",
            self.target.text(),
            _FILTERS[self._form()],
            options=QFileDialog.Option.DontConfirmOverwrite,  # asked when it is written, also for typed names
        )
        if name:
            self.target.setText(name)

    @Slot()
    def _update(self) -> None:
        busy = self._job is not None
        self._parts.setEnabled(not busy)
        self.make_button.setEnabled(not busy and bool(self.target.text().strip()))
        for button in (self.open_button, self.folder_button):
            button.setVisible(self._written is not None and not busy)
        self.close_button.setText("Cancel" if busy else "Close")
        self._strip.setCurrentIndex(1 if busy else 0)

    # --- writing ---

    @Slot()
    def _ask_and_start(self) -> None:
        if self._target().exists():
            ask(self, _REPLACE).accepted.connect(self._start)
        else:
            self._start()

    @Slot()
    def _start(self) -> None:
        order = self.order
        self._written, self._remarks = None, []
        self._folder = order.target.parent
        open_store().setValue(_FOLDER, str(self._folder))
        self.news.show_message("")
        self._doing.setText("Writing...")
        self.progress.setRange(0, 0)
        self._job = Job(partial(export, order))
        self._job.reported.connect(self._show_event)
        self._job.succeeded.connect(self._take)
        self._job.failed.connect(self._show_failure)
        self._job.ended.connect(self._ended)
        self._job.start()
        self._update()

    @Slot(object)
    def _show_event(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._doing.setText(f"{event.phase.value}...")
            self.progress.setRange(0, event.total)
            self.progress.setValue(event.done)
        elif isinstance(event, Notice):
            self._remarks.append(event.text)

    @Slot(object)
    def _take(self, result: JobResult) -> None:
        self._written = result.value
        pages = self._written.pages
        size = "" if not pages else " (1 page)" if pages == 1 else f" ({pages:,} pages)"
        self.news.show_message("\n".join([f"Written: {self._written.file}{size}", *self._remarks]), "success")

    @Slot(object)
    def _show_failure(self, failure: JobFailure) -> None:
        show_error(self, failure.error)

    @Slot(object)
    def _ended(self, end: JobEnd) -> None:
        self._job = None
        if end.cancelled:
            self.news.show_message("Cancelled; nothing was written.", "info")
        self._update()
        if self._leaving:
            self._close()

    @Slot()
    def _open_file(self) -> None:
        if self._written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written.file)))

    @Slot()
    def _open_folder(self) -> None:
        if self._written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written.file.parent)))

    @Slot()
    def _cancel_or_close(self) -> None:
        if self._job is None:
            self.reject()
        else:
            self._doing.setText("Stopping...")
            self._job.cancel()

    @Slot()
    def reject(self) -> None:
        """Close; while something is being written, as soon as that has stopped."""
        if self._job is None:
            self._close()
            return
        self._leaving = True
        self._cancel_or_close()

    def shut_down(self) -> None:
        """End the work and wait for it; called before the window goes."""
        self._leaving = True
        if self._job is not None:
            self._job.shut_down()

    def _close(self) -> None:
        super().reject()
        self.deleteLater()


def _own_pages() -> int:
    from core.reporting.classification_report import MOST_DETAILED

    return MOST_DETAILED


def _free(folder: Path, stem: str, ending: str) -> Path:
    """A name in the folder that is not taken."""
    names = [f"{stem}{ending}", *(f"{stem}-{number}{ending}" for number in range(2, 1000))]
    return next((folder / name for name in names if not (folder / name).exists()), folder / names[0])


def _radio(text: str, name: str, parent: QWidget) -> QRadioButton:
    button = QRadioButton(text, parent)
    button.setObjectName(name)
    button.setAccessibleName(text.replace("&", ""))
    return button


def _plain(button: QPushButton) -> QPushButton:
    button.setAutoDefault(False)
    return button
