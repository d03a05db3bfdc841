"""The dialog "Export...": which images, as what, where to; progress, and the finished file one click away."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QRadioButton, QWidget

from core.inference.results import Classification
from skinkd_gui.classify.exporting import MOST_IN_PDF, ClassificationExportOrder, ExportSource, Form, Written, export
from skinkd_gui.settings.store import open_store
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import named, row_of
from skinkd_gui.widgets.question import Question, QuestionButton
from skinkd_gui.widgets.saving_dialog import SavingDialog, SavingWords, free_path
from skinkd_gui.workers.job import Work

__all__ = ["ClassificationExportDialog", "ExportSource"]

_FOLDER = "classify/export_folder"
_FORMS = {
    Form.PDF: ("&PDF report", "Picture, heat map, verdict and probabilities of each image, to print or to file"),
    Form.CSV: ("&CSV table", "One row per image, for a spreadsheet"),
    Form.JSON: ("&JSON document", "The same with everything in full, for other programs"),
}
_FILTERS = {Form.PDF: "PDF document (*.pdf)", Form.CSV: "CSV table (*.csv)", Form.JSON: "JSON document (*.json)"}
_WORDS = SavingWords(
    name="export",
    make="&Export",
    make_name="exportMakeButton",
    begun="Writing...",
    cancelled="Cancelled; nothing was written.",
    ask_file="Export",
    replace=Question(
        "replaceExportQuestion",
        "Export",
        "Replace the file that is there?",
        "A file of this name exists already. What is in it is lost.",
        QuestionButton("Replace", "replaceExportButton"),
        QuestionButton("Keep it", "keepExportButton"),
    ),
    open_folder="Open the fo&lder",
)


class ClassificationExportDialog(SavingDialog):
    """Writes one file from an `ExportSource`; call `open`."""

    def __init__(self, parent: QWidget, source: ExportSource, folder: Path, *, by_lesion: bool = False) -> None:
        """With `by_lesion` a PDF with a page for each lesion is chosen."""
        super().__init__(parent, _WORDS)
        self.setObjectName("classifyExportDialog")
        self.setWindowTitle("Export")
        self._source = source
        self._folder = Path(str(open_store().value(_FOLDER, str(folder))))
        self._build()
        if by_lesion and source.patients.lesions:
            self.lesions.setChecked(True)
            self._form_group.button(list(_FORMS).index(Form.PDF)).setChecked(True)
        self._choice_changed()

    @property
    def order(self) -> ClassificationExportOrder:
        """What the dialog shows."""
        return ClassificationExportOrder(
            self._source,
            self._rows(),
            self._form(),
            self.target_path(),
            self.heat.isChecked(),
            by_lesion=self.lesions.isChecked() and self._form() is Form.PDF,
        )

    # --- layout ---

    def _build(self) -> None:
        form = self.form_layout
        form.addWidget(make_label("Which images", "heading", self))
        self._build_rows()
        form.addSpacing(8)
        form.addWidget(make_label("As what", "heading", self))
        self._build_forms()
        form.addSpacing(8)
        target = self.target_row("Choose...")
        label = make_label("&File:", "", self, buddy=self.target)
        target.insertWidget(0, label)
        form.addLayout(target)
        self._limit = make_label("", "muted", self, wrap=True, name="exportLimit")
        self.lay_out((self.form, self._limit))

    def _build_rows(self) -> None:
        source = self._source
        sets: list[tuple[str, str, tuple[Classification, ...]]] = [
            ("exportAllRadio", f"&All images ({len(source.every):,})", source.every)
        ]
        if len(source.shown) != len(source.every):
            sets.append(("exportShownRadio", f"The images &shown ({len(source.shown):,})", source.shown))
        if source.selected and len(source.every) > 1:
            name = source.selected[0].path.name
            one = f"The s&elected image ({name[:60]})"
            many = f"The s&elected images ({len(source.selected):,})"
            sets.append(("exportSelectedRadio", one if len(source.selected) == 1 else many, source.selected))
        self._row_group = QButtonGroup(self)
        self._row_sets: list[tuple[Classification, ...]] = []
        for number, (object_name, text, rows) in enumerate(sets):
            button = _radio(text, object_name, self)
            button.setEnabled(bool(rows))
            self._row_group.addButton(button, number)
            self._row_sets.append(rows)
            self.form_layout.addWidget(button)
        first = 1 if len(sets) > 1 and "Shown" in sets[1][0] and source.shown else 0
        self._row_group.button(first).setChecked(True)
        self._row_group.idToggled.connect(self._choice_changed)

    def _build_forms(self) -> None:
        self._form_group = QButtonGroup(self)
        for number, (kind, (text, tip)) in enumerate(_FORMS.items()):
            button = _radio(text, f"export{kind.name.title()}Radio", self)
            row = row_of(button, (make_label(tip, "small", self, wrap=True), 1))
            self.form_layout.addLayout(row)
            self._form_group.addButton(button, number)
        self._form_group.button(list(_FORMS).index(Form.CSV)).setChecked(True)
        self._form_group.idToggled.connect(self._choice_changed)
        width = max(button.sizeHint().width() for button in self._form_group.buttons())
        for made in self._form_group.buttons():
            made.setMinimumWidth(width + 12)
        self.heat = named(QCheckBox("With &heat maps (takes longer)", self), "exportHeatCheck", "With heat maps")
        self.heat.setChecked(True)
        self.form_layout.addWidget(self.heat)
        answers = sum(len(lesion.visits) for lesion in self._source.patients.lesions)
        self.lesions = named(
            QCheckBox(f"A page for each &lesion at each date ({answers:,}), all its pictures together", self),
            "exportLesionsCheck",
            "A page for each lesion at each date",
        )
        self.form_layout.addWidget(self.lesions)

    # --- choosing ---

    def _rows(self) -> tuple[Classification, ...]:
        return self._row_sets[self._row_group.checkedId()]

    def _form(self) -> Form:
        return list(_FORMS)[self._form_group.checkedId()]

    def ending(self) -> str:
        """Of the chosen form."""
        return self._form().value

    def file_filter(self) -> str:
        """Of the chosen form."""
        return _FILTERS[self._form()]

    @Slot()
    def _choice_changed(self) -> None:
        form, rows = self._form(), self._rows()
        stem = "classification" if len(rows) == 1 else "classifications"
        self.target.setText(str(free_path(self._folder, stem, form.value)))
        self.heat.setVisible(form is Form.PDF)
        self.lesions.setVisible(form is Form.PDF and bool(self._source.patients.lesions))
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
        self.update_state()

    # --- writing ---

    def begin(self) -> Work:
        """Write what is ordered; the next dialog proposes the same folder."""
        order = self.order
        self._folder = order.target.parent
        open_store().setValue(_FOLDER, str(self._folder))
        return partial(export, order)

    def show_result(self, result: Written) -> Path:
        """Say where the file is."""
        size = "" if not result.pages else " (1 page)" if result.pages == 1 else f" ({result.pages:,} pages)"
        self.news.show_message("\n".join([f"Written: {result.file}{size}", *self.notices]), "success")
        return result.file


def _own_pages() -> int:
    from core.reporting.classification_report import MOST_DETAILED

    return MOST_DETAILED


def _radio(text: str, name: str, parent: QWidget) -> QRadioButton:
    return named(QRadioButton(text, parent), name, text.replace("&", ""))
