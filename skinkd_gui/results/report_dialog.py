"""The dialog "Make a report...": where to, what to include, progress, and the finished report one click away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QFileDialog, QGridLayout, QRadioButton, QWidget

from core.events import CancelToken, Emit
from core.reporting.report.content import STANDARD, Include
from core.runs.folder import slugify
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import named
from skinkd_gui.widgets.question import Question, QuestionButton
from skinkd_gui.widgets.saving_dialog import SavingDialog, SavingWords, documents, free_path
from skinkd_gui.workers.job import Work

_WORDS = SavingWords(
    name="report",
    make="&Make the report",
    make_name="reportMakeButton",
    begun="Reading the runs...",
    cancelled="Cancelled; there is no report.",
    ask_file="Save the report",
    replace=Question(
        "replaceReportQuestion",
        "Make a report",
        "Replace the file that is there?",
        "A PDF of this name exists already. What is in it is lost.",
        QuestionButton("Replace", "replaceReportButton"),
        QuestionButton("Keep it", "keepReportButton"),
    ),
)
_TWO_RUNS = "Needs two runs or more"


@dataclass(frozen=True)
class ReportOrder:
    """What is to be made: `target` is a PDF file or a folder."""

    folders: tuple[Path, ...]
    baseline: Path | None
    study: Path | None
    target: Path
    pdf: bool
    include: frozenset[Include]


def make_report(order: ReportOrder, emit: Emit, token: CancelToken) -> Path:
    """Make the report in whatever thread; returns what to open. Raises `SkinKDError` or `Cancelled`."""
    from core.reporting.report import check_folder, collect, report_html, write_content

    if not order.pdf:
        check_folder(order.target)
    content = collect(
        order.folders, study=order.study, baseline=order.baseline, include=order.include, emit=emit, token=token
    )
    if not order.pdf:
        return write_content(content, order.target, emit=emit, token=token)
    from skinkd_gui.results.pdf_report import write_pdf

    html = report_html(content, for_print=True, emit=emit, token=token)
    write_pdf(html, order.target, emit=emit, token=token)
    return order.target


class ReportDialog(SavingDialog):
    """Makes one report on these run folders; call `open`. With a `study`, the report may tell the whole study."""

    def __init__(
        self, parent: QWidget | None, folders: Sequence[Path], baseline: Path | None = None, study: Path | None = None
    ) -> None:
        super().__init__(parent, _WORDS)
        self.setObjectName("reportDialog")
        self.setWindowTitle("Make a report")
        self._folders, self._baseline, self._study = tuple(folders), baseline, study
        self._build()
        self._kind_changed()

    # Layout

    def _build(self) -> None:
        count = len(self._folders)
        heading = "Report on 1 run" if count == 1 else f"Report on {count} runs"
        text = (
            "Images and their division, versions, hashes, scores with intervals and limits are always in it; with the "
            "recipes, another group can repeat the work. Folders are named, but not where they lie on this computer."
        )
        self.form_layout.setSpacing(10)
        self._build_kind()
        self._build_target()
        self._build_parts()
        self.lay_out((make_label(heading, "title", self), make_label(text, "muted", self, wrap=True), self.form))

    def _build_kind(self) -> None:
        self.as_page = QRadioButton("&Page for the browser", self)
        self.as_page.setObjectName("reportPageRadio")
        self.as_pdf = QRadioButton("P&DF document", self)
        self.as_pdf.setObjectName("reportPdfRadio")
        group = QButtonGroup(self)
        for button in (self.as_page, self.as_pdf):
            button.setAccessibleName(button.text().replace("&", ""))
            group.addButton(button)
            self.form_layout.addWidget(button)
            if button is self.as_page:
                about = make_label(
                    "With its tables (CSV, LaTeX) and figures (PNG, SVG) as files.", "small", self, wrap=True
                )
                about.setIndent(26)
                self.form_layout.addWidget(about)
        self.as_page.setChecked(True)
        self.as_pdf.toggled.connect(self._kind_changed)

    def _build_target(self) -> None:
        row = self.target_row()
        self._where = make_label("", "", self, buddy=self.target)
        self.form_layout.addSpacing(4)
        self.form_layout.addWidget(self._where)
        self.form_layout.addLayout(row)

    def _build_parts(self) -> None:
        self.form_layout.addSpacing(4)
        self.form_layout.addWidget(make_label("What to include", "heading", self))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        self.parts: dict[Include, QCheckBox] = {}
        for place, part in enumerate(Include):
            box = named(QCheckBox(part.value, self), f"report{part.name.title()}Check", part.value)
            box.setChecked(part in STANDARD)
            self.parts[part] = box
            grid.addWidget(box, place // 2, place % 2)
        self.parts[Include.EXAMPLES].setToolTip(
            "Pictures of patients: mind the terms of the data and who gets the report"
        )
        several = len({*self._folders, *([self._baseline] if self._baseline else [])}) > 1 or self._study is not None
        if not several:
            comparison = self.parts[Include.COMPARISON]
            comparison.setChecked(False)
            comparison.setEnabled(False)
            comparison.setToolTip(_TWO_RUNS)
        self.form_layout.addLayout(grid)
        self.whole_study = named(
            QCheckBox("The whole st&udy", self),
            "reportStudyCheck",
            "The whole study",
            "All its finished runs, with the paper's figures",
        )
        self.whole_study.setVisible(self._study is not None)
        self.whole_study.setChecked(self._study is not None)
        self.form_layout.addWidget(self.whole_study)

    # Choosing

    @property
    def order(self) -> ReportOrder:
        """What the dialog shows."""
        study = self._study if self.whole_study.isChecked() else None
        return ReportOrder(
            folders=() if study is not None else self._folders,
            baseline=self._baseline,
            study=study,
            target=self.target_path(),
            pdf=self.as_pdf.isChecked(),
            include=frozenset(part for part, box in self.parts.items() if box.isChecked()),
        )

    def ending(self) -> str:
        """A PDF is a file; a page stands in a folder."""
        return ".pdf" if self.as_pdf.isChecked() else ""

    def file_filter(self) -> str:
        """PDF only."""
        return "PDF document (*.pdf)"

    def ask_target(self) -> str:
        """Ask for the file of a PDF, or for the folder of a page."""
        if self.as_pdf.isChecked():
            return super().ask_target()
        return QFileDialog.getExistingDirectory(self, "Folder for the report", str(self.target_path().parent))

    @Slot()
    def _kind_changed(self) -> None:
        pdf = self.as_pdf.isChecked()
        self._where.setText("File to &write:" if pdf else "New or empty folder to &write to:")
        self.target.setAccessibleName("File to write" if pdf else "Folder to write to")
        one = self._folders[0].name if len(self._folders) == 1 else ""
        stem = f"skinkd-report-{slugify(one)}" if one else "skinkd-report"
        self.target.setText(str(free_path(documents(), stem, self.ending())))

    # Making

    def begin(self) -> Work:
        """Make the report that is ordered."""
        order = self.order
        return lambda emit, token: make_report(order, emit, token)

    def show_result(self, result: Path) -> Path:
        """Say where the report is."""
        place = result if self.as_pdf.isChecked() else result.parent
        self.news.show_message("\n".join([f"The report is ready: {place}", *self.notices]), "success")
        return result
