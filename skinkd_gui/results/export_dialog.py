"""The dialog "Export model...": in which form and where to, what may be lost, the check, and the file a click away."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.errors import SkinKDError
from core.events import CancelToken, Event, Progress, Report
from core.inference.export.exporting import ExportOrder, check_files, export_model
from core.inference.export.report import HEADER, INT8, PLAIN, TOLERANCES, ExportReport, explanation, table_rows, verdict
from core.places import expanded
from core.runs.folder import RunFolder, slugify
from skinkd_gui.results.grid import Cell, Column, Grid
from skinkd_gui.results.plain_table import PlainTable
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.question import Answer, Question, ask
from skinkd_gui.workers.job import Job, JobEnd, JobFailure, JobResult

_REPLACE = Question(
    "replaceExportQuestion",
    "Export the model",
    "Replace the file that is there?",
    "A model of this name exists already. It stays if the new one is refused.",
    Answer("Replace", "replaceExportButton"),
    Answer("Keep it", "keepExportButton"),
)
_WIDTH = 740
_FORMS = {
    PLAIN: ("exportPlainRadio", "&Same answers", "For other programs and systems. Every number keeps its 32 bits."),
    INT8: (
        "exportInt8Radio",
        "S&maller, for phones and small computers",
        "Most numbers get 8 bits: less than half of the size, and some answers change. Takes a minute or more.",
    ),
}


class ExportDialog(QDialog):
    """Exports the model of the run in `folder`; call `open`."""

    def __init__(self, parent: QWidget | None, folder: Path) -> None:
        super().__init__(parent)
        self.setObjectName("exportDialog")
        self.setWindowTitle("Export the model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._source = folder
        self._job: Job | None = None
        self._leaving = False
        self._made: Path | None = None
        self._typed_loss = False
        self._build()
        self._form_changed()
        self.target.setText(str(self._proposal()))
        self._update()
        self.resize(self.minimumWidth(), self.height())
        self._fit()

    # Layout

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(make_label(breakable(f"Export {self._name()}"), "title", self, wrap=True))
        text = (
            "The model becomes one ONNX file that other programs, phones and SkinKD's own Classify tab can open. It is "
            "first compared with the original on the test images, and written only if it is good enough."
        )
        layout.addWidget(make_label(text, "muted", self, wrap=True))
        self._form = QWidget(self)
        inner = QVBoxLayout(self._form)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        self._build_forms(inner)
        inner.addLayout(self._build_fields())
        layout.addWidget(self._form)
        self.news = Banner(self)
        self.news.setObjectName("exportNews")
        layout.addWidget(self.news)
        self._build_result(layout)
        layout.addStretch(1)
        layout.addWidget(self._build_progress())
        layout.addLayout(self._build_buttons())
        # The layout's own constraint takes wrapped labels for as high as at their narrowest; see `_fit`.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setMinimumWidth(max(_WIDTH, layout.minimumSize().width()))

    def _build_forms(self, layout: QVBoxLayout) -> None:
        group = QButtonGroup(self)
        self.forms: dict[str, QRadioButton] = {}
        for form, (name, words, explained) in _FORMS.items():
            button = QRadioButton(words, self)
            button.setObjectName(name)
            button.setAccessibleName(words.replace("&", ""))
            button.setAccessibleDescription(explained)
            group.addButton(button)
            note = make_label(explained, "small", self, wrap=True)
            note.setIndent(26)
            layout.addWidget(button)
            layout.addWidget(note)
            self.forms[form] = button
        self.forms[PLAIN].setChecked(True)
        self.forms[INT8].toggled.connect(self._form_changed)

    def _build_fields(self) -> QFormLayout:
        self.target = _edit("exportTargetEdit", "File to write", self)
        self.target.textChanged.connect(self._update)
        self.choose_button = _button("&Choose...", "exportChooseButton", self)
        self.choose_button.clicked.connect(self._ask_target)
        self.data = _edit("exportDataEdit", "Folder of the run's images", self)
        self.data.setPlaceholderText(str(self._own_data() or "Not known"))
        self.data_button = _button("C&hoose...", "exportDataButton", self)
        self.data_button.clicked.connect(self._ask_data)
        self.loss = QDoubleSpinBox(self)
        self.loss.setObjectName("exportLossSpin")
        self.loss.setAccessibleName("Weighted F1 that may be lost, in points")
        self.loss.setRange(0, 100)
        self.loss.setDecimals(1)
        self.loss.setSingleStep(0.5)
        self.loss.setSuffix(" points of weighted F1")
        self.loss.setMinimumHeight(self.target.sizeHint().height())
        self.loss.valueChanged.connect(self._loss_typed)
        self.unchecked = QCheckBox("Wi&thout images: do not check its scores", self)
        self.unchecked.setObjectName("exportUncheckedCheck")
        self.unchecked.setAccessibleName("Export without checking the scores")
        self.unchecked.setToolTip("For when the images are gone. The file says nothing of how good it is.")
        self.unchecked.toggled.connect(self._update)
        fields = QFormLayout()
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields.setContentsMargins(0, 8, 0, 0)
        fields.setVerticalSpacing(8)
        fields.setHorizontalSpacing(16)
        fields.addRow(_buddy("&File to write:", self.target), _row(self.target, self.choose_button))
        fields.addRow(_buddy("&Images of the run:", self.data), _row(self.data, self.data_button))
        fields.addRow("", self.unchecked)
        fields.addRow(_buddy("May &lose at most:", self.loss), _row(self.loss, None))
        return fields

    def _build_result(self, layout: QVBoxLayout) -> None:
        self.table = PlainTable("exportTable", "Check of the exported model beside the original", self)
        self.table.setSizeAdjustPolicy(QAbstractScrollArea.SizeAdjustPolicy.AdjustToContents)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.remarks = make_label("", "small", self, wrap=True)
        self.remarks.setObjectName("exportRemarks")
        layout.addWidget(self.table)
        layout.addWidget(self.remarks)
        self.table.hide()
        self.remarks.hide()

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
        self.folder_button = _button("Open the &folder", "exportFolderButton", self)
        self.folder_button.clicked.connect(self._open_folder)
        self.export_button = _button("&Export", "exportStartButton", self)
        self.export_button.setProperty("primary", True)
        self.export_button.setDefault(True)
        self.export_button.clicked.connect(self._ask_and_start)
        self.close_button = _button("Close", "exportCloseButton", self)
        self.close_button.clicked.connect(self._cancel_or_close)
        row = QHBoxLayout()
        row.addWidget(self.folder_button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        row.addWidget(self.export_button)
        return row

    # Choosing

    @property
    def order(self) -> ExportOrder:
        """What the dialog shows."""
        path = expanded(self.target.text().strip())
        named = self.data.text().strip()
        form = self._chosen()
        return ExportOrder(
            source=self._source,
            out=path if path.suffix.lower() == ".onnx" else path.with_name(f"{path.name}.onnx"),
            quantise=form,
            tolerance=round(self.loss.value() / 100, 6),
            data=expanded(named) if named else None,
            without_test=self.unchecked.isChecked() and form == PLAIN,
        )

    def _chosen(self) -> str:
        return INT8 if self.forms[INT8].isChecked() else PLAIN

    def _name(self) -> str:
        try:
            return RunFolder(self._source).status().name
        except SkinKDError:
            return self._source.name

    def _own_data(self) -> str:
        try:
            return RunFolder(self._source).recipe().data.path
        except SkinKDError:
            return ""

    def _proposal(self) -> Path:
        """A name in the user's documents that is not taken."""
        documents = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
        stem = slugify(self._name())
        names = [f"{stem}.onnx", *(f"{stem}-{number}.onnx" for number in range(2, 1000))]
        return next((documents / name for name in names if not (documents / name).exists()), documents / names[0])

    @Slot()
    def _form_changed(self) -> None:
        if not self._typed_loss:
            before = self.loss.blockSignals(True)
            self.loss.setValue(100 * TOLERANCES[self._chosen()])
            self.loss.blockSignals(before)
        self._update()

    @Slot()
    def _loss_typed(self) -> None:
        self._typed_loss = True

    @Slot()
    def _ask_target(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self,
            "Export the model",
            self.target.text(),
            "ONNX model (*.onnx)",
            options=QFileDialog.Option.DontConfirmOverwrite,  # asked when it is made, also for typed names
        )
        if name:
            self.target.setText(name)

    @Slot()
    def _ask_data(self) -> None:
        start = self.data.text() or self.data.placeholderText()
        name = QFileDialog.getExistingDirectory(self, "Images of the run", start)
        if name:
            self.data.setText(name)

    @Slot()
    def _update(self) -> None:
        busy = self._job is not None
        self._form.setEnabled(not busy)
        self.unchecked.setEnabled(self._chosen() == PLAIN)
        without = self.order.without_test if self.target.text().strip() else False
        for widget in (self.data, self.data_button, self.loss):
            widget.setEnabled(not without)
        self.export_button.setEnabled(not busy and bool(self.target.text().strip()))
        self.folder_button.setVisible(self._made is not None and not busy)
        self.close_button.setText("Cancel" if busy else "Close")
        self._strip.setCurrentIndex(1 if busy else 0)

    # Exporting

    @property
    def busy(self) -> bool:
        """Whether a model is being exported."""
        return self._job is not None

    @Slot()
    def _ask_and_start(self) -> None:
        if self.order.out.exists():
            ask(self, _REPLACE).accepted.connect(self._start)
        else:
            self._start()

    @Slot()
    def _start(self) -> None:
        order = self.order

        def work(report: Report, token: CancelToken) -> ExportReport:
            return export_model(order, report, token)

        self._made = None
        self._show_result(None)
        self._doing.setText("Starting...")
        self.progress.setRange(0, 0)
        self._job = Job(work)
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
            self.progress.setRange(0, event.total if event.total > 1 else 0)
            self.progress.setValue(event.done)

    @Slot(object)
    def _take(self, result: JobResult) -> None:
        found: ExportReport = result.value
        self._made = found.file
        self._show_result(found)

    def _show_result(self, found: ExportReport | None) -> None:
        self.table.setVisible(found is not None)
        self.remarks.setVisible(found is not None)
        if found is None:
            self.news.show_message("")
        else:
            self.table.fill(_grid(found))
            self.table.updateGeometry()
            notes = [explanation(found), *found.notes]
            if found.file is None:
                self.news.show_message(verdict(found), "error")
            else:
                words = f"{verdict(found)} It is ready: {found.file}"
                self.news.show_message(words, "success" if found.part else "warning")
                notes.append(f"The check is saved beside it: {check_files(found.file)[1].name}")
            self.remarks.setText(breakable("\n".join(notes)))
        self._fit()

    def _fit(self) -> None:
        """As high as the content at this width: wrapped labels tell their height only for a width."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            height = layout.totalHeightForWidth(self.width())
            self.setMinimumHeight(height)
            self.resize(self.width(), height)

    @Slot(object)
    def _show_failure(self, failure: JobFailure) -> None:
        show_error(self, failure.error)

    @Slot(object)
    def _ended(self, end: JobEnd) -> None:
        self._job = None
        if end.cancelled:
            self.news.show_message("Cancelled; nothing was written.", "info")
        self._update()
        self._fit()
        if self._made is not None:
            self.folder_button.setFocus()
        if self._leaving:
            super().reject()

    @Slot()
    def _open_folder(self) -> None:
        if self._made is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._made.parent)))

    @Slot()
    def _cancel_or_close(self) -> None:
        if self._job is None:
            self.reject()
        else:
            self._doing.setText("Stopping...")
            self._job.cancel()

    @Slot()
    def reject(self) -> None:
        """Close; while a model is being exported, as soon as that has stopped."""
        if self._job is None:
            super().reject()
            return
        self._leaving = True
        self._cancel_or_close()

    def shut_down(self) -> None:
        """End the work and wait for it; called before the window goes."""
        self._leaving = True
        if self._job is not None:
            self._job.shut_down()


def _grid(found: ExportReport) -> Grid:
    columns = tuple(Column(title, words=not number) for number, title in enumerate(HEADER))
    rows = tuple(tuple(Cell(text, (text,)) for text in row) for row in table_rows(found))
    return Grid("Check of the export", columns, rows)


def _button(text: str, name: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setObjectName(name)
    button.setAccessibleName(text.replace("&", "").rstrip("."))
    button.setAutoDefault(False)
    return button


def _edit(name: str, words: str, parent: QWidget) -> QLineEdit:
    edit = QLineEdit(parent)
    edit.setObjectName(name)
    edit.setAccessibleName(words)
    return edit


def _buddy(text: str, widget: QWidget) -> QLabel:
    label = make_label(text)
    label.setBuddy(widget)
    return label


def _row(left: QWidget, right: QWidget | None) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    if right is None:
        row.addWidget(left)
        row.addStretch(1)
    else:
        row.addWidget(left, 1)
        row.addWidget(right)
    return row
