"""The dialog "Export model...": in which form and where to, what may be lost, the check, and the file a click away."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QSizePolicy,
    QWidget,
)

from core.errors import SkinKDError
from core.inference.export.exporting import ModelExportOrder, check_files
from core.inference.export.precisions import FP16, PRECISIONS
from core.inference.export.report import HEADER, INT8, PLAIN, ExportReport, explanation, table_rows, verdict
from core.inference.test_time import ABOUT
from core.reporting.model_card.bundle import PREPROCESSING, PROGRAMS, SAMPLES, export_bundle
from core.reporting.model_card.exported import card_file, export_with_card
from core.reporting.table import of_texts
from core.runs.folder import RunFolder, slugify
from core.user_paths import expanded
from skinkd_gui.results.plain_table import PlainTable
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import named
from skinkd_gui.widgets.numbers import NumberBox
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.question import Question, QuestionButton
from skinkd_gui.widgets.saving_dialog import SavingDialog, SavingWords, documents, free_path
from skinkd_gui.workers.job import Work

_WORDS = SavingWords(
    name="export",
    make="&Export",
    make_name="exportStartButton",
    begun="Starting...",
    cancelled="Cancelled; nothing was written.",
    ask_file="Export the model",
    replace=Question(
        "replaceExportQuestion",
        "Export the model",
        "Replace the file that is there?",
        "A model of this name exists already. It stays if the new one is refused.",
        QuestionButton("Replace", "replaceExportButton"),
        QuestionButton("Keep it", "keepExportButton"),
    ),
    can_open=False,  # nothing on this computer need know what to do with a model
)
_ENDING = ".onnx"
_FILE_TO_WRITE = "&File to write:"
_FORMS = {
    PLAIN: ("exportPlainRadio", "&Same answers", "For other programs and systems. Every number keeps its 32 bits."),
    FP16: (
        "exportFp16Radio",
        "Half the si&ze",
        "Numbers get 16 bits, as graphics processors of phones compute. Nearly the same answers.",
    ),
    INT8: (
        "exportInt8Radio",
        "S&maller, for phones and small computers",
        "Most numbers get 8 bits: less than half of the size, and some answers change. Takes a minute or more.",
    ),
}


class ModelExportDialog(SavingDialog):
    """Exports the model of the run in `folder`; call `open`."""

    width_wanted = 740

    def __init__(self, parent: QWidget | None, folder: Path) -> None:
        super().__init__(parent, _WORDS)
        self.setObjectName("exportDialog")
        self.setWindowTitle("Export the model")
        self._source = folder
        self._typed_loss = False
        self._build()
        self._form_changed()
        self.target.setText(str(free_path(documents(), slugify(self._name()), self.ending())))

    # Layout

    def _build(self) -> None:
        title = make_label(breakable(f"Export {self._name()}"), "title", self, wrap=True)
        text = (
            "The model becomes one ONNX file that other programs, phones and SkinKD's own Classify tab can open. It is "
            "first compared with the original on the test images, and written only if it is good enough."
        )
        self.form_layout.setSpacing(6)
        self._build_forms()
        self.form_layout.addLayout(self._build_fields())
        self._build_result()
        self.lay_out((title, make_label(text, "muted", self, wrap=True), self.form), (self.table, self.remarks))

    def _build_forms(self) -> None:
        group = QButtonGroup(self)
        self.forms: dict[str, QRadioButton] = {}
        for form, (name, words, explained) in _FORMS.items():
            button = named(QRadioButton(words, self), name, words.replace("&", ""))
            button.setAccessibleDescription(explained)
            group.addButton(button)
            note = make_label(explained, "small", self, wrap=True)
            note.setIndent(26)
            self.form_layout.addWidget(button)
            self.form_layout.addWidget(note)
            self.forms[form] = button
        self.forms[PLAIN].setChecked(True)
        group.buttonToggled.connect(self._form_changed)

    def _build_fields(self) -> QFormLayout:
        target = self.target_row()
        target.setSpacing(8)
        self.data = named(
            QLineEdit(self, placeholderText=str(self._own_data() or "Not known")),
            "exportDataEdit",
            "Folder of the run's images",
        )
        self.data_button = make_button("C&hoose...", "exportDataButton", self, clicked=self._ask_data)
        self.unchecked = named(
            QCheckBox("Wi&thout images: do not check its scores", self),
            "exportUncheckedCheck",
            "Export without checking the scores",
            "For when the images are gone. The file says nothing of how good it is.",
        )
        self.unchecked.toggled.connect(self.update_state)
        self.averaged = named(
            QCheckBox("&Average flips and turns (8 × the time)", self),
            "exportAveragedCheck",
            "Put the mean over eight flips and turns into the file",
            f"Test-time augmentation in the file. {ABOUT} The check shows what it gains and takes.",
        )
        self.bundle = named(
            QCheckBox("For a &programmer: a folder with programs and sample pictures", self),
            "exportBundleCheck",
            "Write a folder for a programmer",
            "The model with its check and card, how a picture becomes its input, programs in Python, Kotlin and Swift, "
            "and three drawn pictures with the numbers that they must give.",
        )
        self.bundle.toggled.connect(self._bundle_toggled)
        self.loss = named(
            NumberBox(self, minimum=0, maximum=100, decimals=1, singleStep=0.5, suffix=" points of weighted F1"),
            "exportLossSpin",
            "Weighted F1 that may be lost, in points",
        )
        self.loss.setMinimumHeight(self.target.sizeHint().height())
        self.loss.valueChanged.connect(self._loss_typed)
        fields = QFormLayout(fieldGrowthPolicy=QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields.setContentsMargins(0, 8, 0, 0)
        fields.setVerticalSpacing(8)
        fields.setHorizontalSpacing(16)
        self.target_label = make_label(_FILE_TO_WRITE, buddy=self.target)
        fields.addRow(self.target_label, target)
        fields.addRow(make_label("&Images of the run:", buddy=self.data), _row(self.data, self.data_button))
        fields.addRow("", self.unchecked)
        fields.addRow("", self.averaged)
        fields.addRow("", self.bundle)
        fields.addRow(make_label("May &lose at most:", buddy=self.loss), _row(self.loss, None))
        return fields

    def _build_result(self) -> None:
        self.table = PlainTable("exportTable", "Check of the exported model beside the original", self)
        self.table.setSizeAdjustPolicy(QAbstractScrollArea.SizeAdjustPolicy.AdjustToContents)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.remarks = make_label("", "small", self, wrap=True, name="exportRemarks")
        self.table.hide()
        self.remarks.hide()

    # Choosing

    @property
    def order(self) -> ModelExportOrder:
        """What the dialog shows."""
        named = self.data.text().strip()
        form = self._chosen()
        return ModelExportOrder(
            source=self._source,
            out=self.target_path(),
            quantise=form,
            tolerance=round(self.loss.value() / 100, 6),
            data=expanded(named) if named else None,
            without_test=self.unchecked.isChecked() and not PRECISIONS[form].scales,
            averaged=self.averaged.isChecked(),
        )

    def _chosen(self) -> str:
        return next(form for form, button in self.forms.items() if button.isChecked())

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

    def ending(self) -> str:
        """Of ONNX files, or none: a folder."""
        return "" if self.bundle.isChecked() else _ENDING

    def file_filter(self) -> str:
        """ONNX only."""
        return "ONNX model (*.onnx)"

    def ask_target(self) -> str:
        """For a folder, where a new one is to be put."""
        if not self.bundle.isChecked():
            return super().ask_target()
        where = QFileDialog.getExistingDirectory(self, "Where to put the folder", str(self.target_path().parent))
        return str(free_path(Path(where), slugify(self._name()), "")) if where else ""

    @Slot()
    def _bundle_toggled(self) -> None:
        """A file's name becomes a folder's, and back."""
        name = self.target.text().strip()
        self.target_label.setText("&Folder to write:" if self.bundle.isChecked() else _FILE_TO_WRITE)
        if self.bundle.isChecked():
            self.target.setText(name.removesuffix(_ENDING))
        elif name:
            self.target.setText(str(self.target_path()))
        self.update_state()

    @Slot()
    def _form_changed(self) -> None:
        if not self._typed_loss:
            with QSignalBlocker(self.loss):
                self.loss.setValue(100 * PRECISIONS[self._chosen()].tolerance)
        self.update_state()

    @Slot()
    def _loss_typed(self) -> None:
        self._typed_loss = True

    @Slot()
    def _ask_data(self) -> None:
        start = self.data.text() or self.data.placeholderText()
        name = QFileDialog.getExistingDirectory(self, "Images of the run", start)
        if name:
            self.data.setText(name)

    @Slot()
    def update_state(self) -> None:
        """Allow images and a bound only where the scores are checked."""
        super().update_state()
        self.unchecked.setEnabled(not PRECISIONS[self._chosen()].scales)
        without = self.order.without_test if self.target.text().strip() else False
        for widget in (self.data, self.data_button, self.loss):
            widget.setEnabled(not without)

    # Exporting

    def begin(self) -> Work:
        """Export as ordered."""
        order, make = self.order, export_bundle if self.bundle.isChecked() else export_with_card
        self._show_check(None)
        return lambda emit, token: make(order, emit, token)

    def show_result(self, result: ExportReport) -> Path | None:
        """Show the check, also that of a refusal."""
        self._show_check(result)
        return result.file

    def _show_check(self, report: ExportReport | None) -> None:
        self.table.setVisible(report is not None)
        self.remarks.setVisible(report is not None)
        if report is None:
            self.news.show_message("")
        else:
            self.table.fill(of_texts("Check of the export", HEADER, table_rows(report)))
            self.table.updateGeometry()
            notes = [explanation(report), *report.notes]
            if report.file is None:
                self.news.show_message(verdict(report), "error")
            else:
                words = f"{verdict(report)} It is ready: {report.file}"
                self.news.show_message(words, "success" if report.part else "warning")
                card = card_file(report.file).name
                notes.append(f"Check and model card are saved beside it: {check_files(report.file)[1].name}, {card}")
                if self.bundle.isChecked():
                    notes.append(f"So are {', '.join((PREPROCESSING, SAMPLES, *PROGRAMS))}.")
            self.remarks.setText(breakable("\n".join(notes)))
        self.fit()


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
