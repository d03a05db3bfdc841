"""The dialog "Make a report...": where to, what to include, progress, and the finished report one click away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.events import CancelToken, Event, Notice, Progress, Report
from core.places import expanded
from core.reporting.report.content import STANDARD, Include
from core.runs.folder import slugify
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.question import Answer, Question, ask
from skinkd_gui.workers.job import Job, JobEnd, JobFailure, JobResult

_REPLACE = Question(
    "replaceReportQuestion",
    "Make a report",
    "Replace the file that is there?",
    "A PDF of this name exists already. What is in it is lost.",
    Answer("Replace", "replaceReportButton"),
    Answer("Keep it", "keepReportButton"),
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


def make_report(order: ReportOrder, report: Report, token: CancelToken) -> Path:
    """Make the report in whatever thread; returns what to open. Raises `SkinKDError` or `Cancelled`."""
    from core.reporting.report import check_folder, collect, report_html, write_content

    if not order.pdf:
        check_folder(order.target)
    content = collect(
        order.folders, study=order.study, baseline=order.baseline, include=order.include, report=report, token=token
    )
    if not order.pdf:
        return write_content(content, order.target, report=report, token=token)
    from skinkd_gui.results.pdf_report import write_pdf

    html = report_html(content, for_print=True, report=report, token=token)
    write_pdf(html, order.target, report=report, token=token)
    return order.target


class ReportDialog(QDialog):
    """Makes one report on these run folders; call `open`. With a `study`, the report may tell the whole study."""

    def __init__(
        self, parent: QWidget | None, folders: Sequence[Path], baseline: Path | None = None, study: Path | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("reportDialog")
        self.setWindowTitle("Make a report")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._folders, self._baseline, self._study = tuple(folders), baseline, study
        self._job: Job | None = None
        self._leaving = False
        self._made: Path | None = None
        self._remarks: list[str] = []
        self._build()
        self._kind_changed()
        self._update()

    # Layout

    def _build(self) -> None:
        count = len(self._folders)
        heading = "Report on 1 run" if count == 1 else f"Report on {count} runs"
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(make_label(heading, "title", self))
        text = (
            "Images and their division, versions, hashes, scores with intervals and limits are always in it; with the "
            "recipes, another group can repeat the work. Folders are named, but not where they lie on this computer."
        )
        layout.addWidget(make_label(text, "muted", self, wrap=True))
        self._form = QWidget(self)
        form = QVBoxLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(10)
        self._build_kind(form)
        self._build_target(form)
        self._build_parts(form)
        layout.addWidget(self._form)
        self.news = Banner(self)
        self.news.setObjectName("reportNews")
        layout.addWidget(self.news)
        layout.addStretch(1)
        layout.addWidget(self._build_progress())
        layout.addLayout(self._build_buttons())
        self.setMinimumWidth(620)

    def _build_kind(self, form: QVBoxLayout) -> None:
        self.as_page = QRadioButton("&Page for the browser, with tables (CSV, LaTeX) and figures (PNG, SVG)", self)
        self.as_page.setObjectName("reportPageRadio")
        self.as_pdf = QRadioButton("P&DF document", self)
        self.as_pdf.setObjectName("reportPdfRadio")
        group = QButtonGroup(self)
        for button in (self.as_page, self.as_pdf):
            button.setAccessibleName(button.text().replace("&", ""))
            group.addButton(button)
            form.addWidget(button)
        self.as_page.setChecked(True)
        self.as_pdf.toggled.connect(self._kind_changed)

    def _build_target(self, form: QVBoxLayout) -> None:
        self.target = QLineEdit(self)
        self.target.setObjectName("reportTargetEdit")
        self.target.textChanged.connect(self._update)
        self._choose = _button("&Choose...", "reportChooseButton", self)
        self._choose.clicked.connect(self._ask_target)
        self._where = make_label("", "", self)
        self._where.setBuddy(self.target)
        form.addSpacing(4)
        form.addWidget(self._where)
        row = QHBoxLayout()
        row.addWidget(self.target, 1)
        row.addWidget(self._choose)
        form.addLayout(row)

    def _build_parts(self, form: QVBoxLayout) -> None:
        form.addSpacing(4)
        form.addWidget(make_label("What to include", "heading", self))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        self.parts: dict[Include, QCheckBox] = {}
        for place, part in enumerate(Include):
            box = QCheckBox(part.value, self)
            box.setObjectName(f"report{part.name.title()}Check")
            box.setAccessibleName(part.value)
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
        form.addLayout(grid)
        self.whole_study = QCheckBox("The &whole study: all its finished runs, with the paper's figures", self)
        self.whole_study.setObjectName("reportStudyCheck")
        self.whole_study.setAccessibleName("The whole study")
        self.whole_study.setVisible(self._study is not None)
        self.whole_study.setChecked(self._study is not None)
        form.addWidget(self.whole_study)

    def _build_progress(self) -> QStackedWidget:
        row = QWidget(self)
        inner = QHBoxLayout(row)
        inner.setContentsMargins(0, 0, 0, 0)
        self._doing = make_label("", "muted", row)
        self.progress = QProgressBar(row)
        self.progress.setObjectName("reportProgress")
        self.progress.setAccessibleName("Progress of the report")
        inner.addWidget(self._doing)
        inner.addWidget(self.progress, 1)
        self._strip = QStackedWidget(self)
        self._strip.addWidget(QWidget(self))
        self._strip.addWidget(row)
        self._strip.setFixedHeight(row.sizeHint().height())
        return self._strip

    def _build_buttons(self) -> QHBoxLayout:
        self.open_button = _button("&Open", "reportOpenButton", self)
        self.open_button.clicked.connect(self._open_report)
        self.folder_button = _button("Open the &folder", "reportFolderButton", self)
        self.folder_button.clicked.connect(self._open_folder)
        self.make_button = _button("&Make the report", "reportMakeButton", self)
        self.make_button.setProperty("primary", True)
        self.make_button.setDefault(True)
        self.make_button.clicked.connect(self._ask_and_start)
        self.close_button = _button("Close", "reportCloseButton", self)
        self.close_button.clicked.connect(self._cancel_or_close)
        row = QHBoxLayout()
        for button in (self.open_button, self.folder_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        row.addWidget(self.make_button)
        return row

    # Choosing

    @property
    def order(self) -> ReportOrder:
        """What the dialog shows."""
        study = self._study if self.whole_study.isChecked() else None
        return ReportOrder(
            folders=() if study is not None else self._folders,
            baseline=self._baseline,
            study=study,
            target=self._target_path(),
            pdf=self.as_pdf.isChecked(),
            include=frozenset(part for part, box in self.parts.items() if box.isChecked()),
        )

    def _target_path(self) -> Path:
        path = expanded(self.target.text().strip())
        return path.with_name(f"{path.name}.pdf") if self.as_pdf.isChecked() and path.suffix.lower() != ".pdf" else path

    @Slot()
    def _kind_changed(self) -> None:
        pdf = self.as_pdf.isChecked()
        self._where.setText("File to &write:" if pdf else "New or empty folder to &write to:")
        self.target.setAccessibleName("File to write" if pdf else "Folder to write to")
        self.target.setText(str(self._proposal(pdf)))

    def _proposal(self, pdf: bool) -> Path:
        """A name in the user's documents that is not taken."""
        documents = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
        one = self._folders[0].name if len(self._folders) == 1 else ""
        stem = f"skinkd-report-{slugify(one)}" if one else "skinkd-report"
        ending = ".pdf" if pdf else ""
        names = [f"{stem}{ending}", *(f"{stem}-{number}{ending}" for number in range(2, 1000))]
        return next((documents / name for name in names if not (documents / name).exists()), documents / names[0])

    @Slot()
    def _ask_target(self) -> None:
        if self.as_pdf.isChecked():
            name, _ = QFileDialog.getSaveFileName(
                self,
                "Save the report",
                self.target.text(),
                "PDF document (*.pdf)",
                options=QFileDialog.Option.DontConfirmOverwrite,  # asked when it is made, also for typed names
            )
        else:
            name = QFileDialog.getExistingDirectory(self, "Folder for the report", str(self._target_path().parent))
        if name:
            self.target.setText(name)

    @Slot()
    def _update(self) -> None:
        busy = self._job is not None
        self._form.setEnabled(not busy)
        self.make_button.setEnabled(not busy and bool(self.target.text().strip()))
        self.open_button.setVisible(self._made is not None and not busy)
        self.folder_button.setVisible(self._made is not None and not busy)
        self.close_button.setText("Cancel" if busy else "Close")
        self._strip.setCurrentIndex(1 if busy else 0)

    # Making

    @property
    def busy(self) -> bool:
        """Whether a report is being made."""
        return self._job is not None

    @Slot()
    def _ask_and_start(self) -> None:
        if self.as_pdf.isChecked() and self._target_path().exists():
            ask(self, _REPLACE).accepted.connect(self._start)
        else:
            self._start()

    @Slot()
    def _start(self) -> None:
        order = self.order
        self._made, self._remarks = None, []
        self.news.show_message("")
        self._doing.setText("Reading the runs...")
        self.progress.setRange(0, 0)
        self._job = Job(lambda report, token: make_report(order, report, token))
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
        self._made = result.value
        place = self._made if self.as_pdf.isChecked() else self._made.parent
        self.news.show_message("\n".join([f"The report is ready: {place}", *self._remarks]), "success")
        self.open_button.setFocus()

    @Slot(object)
    def _show_failure(self, failure: JobFailure) -> None:
        show_error(self, failure.error)

    @Slot(object)
    def _ended(self, end: JobEnd) -> None:
        self._job = None
        if end.cancelled:
            self.news.show_message("Cancelled; there is no report.", "info")
        self._update()
        if self._leaving:
            super().reject()

    @Slot()
    def _open_report(self) -> None:
        if self._made is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._made)))

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
        """Close; while a report is being made, as soon as that has stopped."""
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


def _button(text: str, name: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setObjectName(name)
    button.setAccessibleName(text.replace("&", "").rstrip("."))
    button.setAutoDefault(False)
    return button
