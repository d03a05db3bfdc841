"""What can be done with the selected runs: rename, tag, pin, copy, save, report, export, import, move to the bin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog, QLineEdit, QWidget

from core.errors import SkinKDError
from core.events import CancelToken
from core.quantities import file_size
from core.reporting.run_columns import runs_list
from core.reporting.table import ResultsTable
from core.runs.amending import rename_run
from core.runs.annotations import Annotations, read_annotations, write_annotations
from core.runs.archive import export_run, import_run
from core.runs.folder import slugify
from core.runs.status import RunState, RunSummary
from skinkd_gui.results.bin import BinnedRuns, ask_about_bin
from skinkd_gui.results.details_panel import RunDetailsPanel
from skinkd_gui.results.export_run_dialog import ExportRunDialog
from skinkd_gui.results.exporting import save_table_as
from skinkd_gui.results.file_jobs import FileJobs, FileTask
from skinkd_gui.results.import_dialog import ImportDialog
from skinkd_gui.results.runs_bar import RunsBar
from skinkd_gui.results.runs_model import RunsModel
from skinkd_gui.results.runs_table import RunsTable
from skinkd_gui.results.statement_dialog import StatementDialog, open_statement, write_statements
from skinkd_gui.results.tags_dialog import TagsDialog
from skinkd_gui.undo import changed
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.helper import Helper
from skinkd_gui.widgets.opening import open_path
from skinkd_gui.widgets.saving import ask_for_file

_BUSY = (RunState.RUNNING, RunState.PAUSED)


@dataclass(frozen=True)
class _Imported:
    folders: tuple[Path, ...]
    failures: tuple[SkinKDError, ...]


class RunActions(Helper[QWidget]):
    """The slots behind the bar's actions. File work is done in jobs, one at a time."""

    changed = Signal()  # files of runs have changed: read them again
    binned = Signal()  # run folders may be gone
    imported = Signal(object)  # the Path of a new run folder
    resume_requested = Signal(object)  # the run folder's Path
    changes_requested = Signal(object)  # the run folder's Path: ask what changes, then resume
    said = Signal(str)  # how copying files has ended, "" when it has failed

    def __init__(
        self, parent: QWidget, model: RunsModel, table: RunsTable, bar: RunsBar, details: RunDetailsPanel
    ) -> None:
        super().__init__(parent)
        self._model, self._table, self._bar, self._details = model, table, bar, details
        self._root = Path()
        self.jobs = FileJobs(self)
        self.jobs.ended.connect(self.changed)
        self.jobs.ended.connect(details.read_again)
        self.jobs.failed.connect(self._show_failure)
        self._asked: tuple[RunSummary, ...] = ()
        for action, slot in (
            (bar.open_folder, self._open_folder),
            (bar.resume, self._resume),
            (bar.change, self._change),
            (bar.rename, self._ask_name),
            (bar.tags, self._ask_tags),
            (bar.baseline, self._toggle_baseline),
            (bar.report, self._make_report),
            (bar.statement, self._describe),
            (bar.export_model, self._export_model),
            (bar.export_run, self._ask_export),
            (bar.import_run, self.ask_import),
            (bar.copy, self._copy),
            (bar.copy_csv, self._copy_csv),
            (bar.copy_markdown, self._copy_markdown),
            (bar.copy_latex, self._copy_latex),
            (bar.save_table, self._save_table),
            (bar.bin, self._ask_bin),
        ):
            action.triggered.connect(slot)
        details.form_asked.connect(self.describe)

    def set_root(self, root: Path) -> None:
        """Where imported runs go."""
        self._root = root

    def update(self) -> None:
        """Enable what can be done with the selected runs."""
        bar, selected = self._bar, self._table.selected()
        one = selected[0] if len(selected) == 1 else None
        finished = one is not None and one.status.state is RunState.FINISHED
        idle = bool(selected) and all(run.status.state not in _BUSY for run in selected)
        bar.open_folder.setEnabled(one is not None)
        for action in (bar.resume, bar.change):
            action.setEnabled(one is not None and one.resumable and idle)
        bar.rename.setEnabled(one is not None and idle)
        bar.tags.setEnabled(bool(selected))
        bar.baseline.setEnabled(finished or (one is not None and one.folder == self._details.baseline))
        pinned = one is not None and one.folder == self._details.baseline
        bar.baseline.setText("No longer the baseline" if pinned else "Use as baseline")
        bar.report.setEnabled(any(run.scores is not None for run in selected))
        bar.statement.setEnabled(bool(selected) and idle)
        bar.export_model.setEnabled(finished)
        bar.export_run.setEnabled(one is not None and one.recipe is not None and idle)
        for action in (bar.copy, bar.copy_csv, bar.copy_markdown, bar.copy_latex, bar.save_table):
            action.setEnabled(bool(self._model.passing()))
        bar.bin.setEnabled(idle)

    # One run

    def _one(self) -> RunSummary | None:
        selected = self._table.selected()
        return selected[0] if len(selected) == 1 else None

    @Slot()
    def _open_folder(self) -> None:
        run = self._one()
        if run is not None:
            open_path(run.folder)

    @Slot()
    def _resume(self) -> None:
        run = self._one()
        if run is not None:
            self.resume_requested.emit(run.folder)

    @Slot()
    def _change(self) -> None:
        run = self._one()
        if run is not None:
            self.changes_requested.emit(run.folder)

    @Slot()
    def _ask_name(self) -> None:
        run = self._one()
        if run is None:
            return
        self._asked = (run,)
        dialog = QInputDialog(self.owner)
        dialog.setObjectName("renameDialog")
        dialog.setWindowTitle("Rename the run")
        dialog.setLabelText("Another name (the folder of the run keeps its own):")
        dialog.setTextValue(run.status.name)
        dialog.textValueSelected.connect(self._rename)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        edit = dialog.findChild(QLineEdit)
        if edit is not None:
            edit.setMinimumWidth(in_text(380))
            edit.selectAll()

    @Slot(str)
    def _rename(self, name: str) -> None:
        run = self._asked[0]
        old = run.status.name
        if name.strip() != old:
            folder = run.folder
            self._change_files(
                f"name of “{old}”", lambda token: rename_run(folder, name), lambda token: rename_run(folder, old)
            )

    def _change_files(self, text: str, do: Callable[[CancelToken], Any], undo: Callable[[CancelToken], Any]) -> None:
        """Change files of runs in a job; what succeeded can be undone."""
        redo, back = partial(self.jobs.start, FileTask(do)), partial(self.jobs.start, FileTask(undo))
        self.jobs.start(FileTask(do, lambda _: changed(self, text, redo, back, done=True)))

    @Slot()
    def _toggle_baseline(self) -> None:
        run = self._one()
        if run is not None:
            self._details.set_baseline(None if run.folder == self._details.baseline else run.folder)
            self.update()

    # Several runs

    @Slot()
    def _ask_tags(self) -> None:
        runs = self._table.selected()
        if runs:
            known = {tag for run in self._model.runs for tag in run.annotations.tags}
            dialog = TagsDialog(self.owner, runs, sorted(known))
            dialog.accepted.connect(self._tag)
            dialog.open()

    @Slot()
    def _tag(self) -> None:
        dialog = self.sender()
        changes = dialog.annotations if isinstance(dialog, TagsDialog) else ()
        if not changes:
            return

        def write(tags: Sequence[tuple[Path, Annotations]], token: CancelToken) -> None:
            for folder, wanted in tags:
                write_annotations(folder, replace(read_annotations(folder), tags=wanted.tags))

        self._table.show_column("tags")
        new = [(run.folder, wanted) for run, wanted in changes]
        old = [(run.folder, run.annotations) for run, _ in changes]
        count = f"{len(changes)} runs" if len(changes) > 1 else f"“{changes[0][0].status.name}”"
        self._change_files(f"tags of {count}", partial(write, new), partial(write, old))

    @Slot()
    def _describe(self) -> None:
        self._open_form(self._table.selected())

    @Slot(object)
    def describe(self, run: RunSummary) -> None:
        """Ask for what only people know of a run."""
        self._open_form((run,))

    def _open_form(self, runs: tuple[RunSummary, ...]) -> None:
        try:
            open_statement(self.owner, runs).accepted.connect(self._keep_form)
        except SkinKDError as error:
            show_error(self.owner, error)

    @Slot()
    def _keep_form(self) -> None:
        dialog = self.sender()
        if isinstance(dialog, StatementDialog) and dialog.changes:
            do, undo = partial(write_statements, dialog.after), partial(write_statements, dialog.before)
            self._change_files("description of the study", do, undo)

    @Slot()
    def _ask_bin(self) -> None:
        self._asked = self._table.selected()
        if self._asked:
            ask_about_bin(self.owner, self._asked).accepted.connect(self._bin_agreed)

    @Slot()
    def _bin_agreed(self) -> None:
        folders = tuple(run.folder for run in self._asked)
        if self._details.baseline in folders:
            self._details.set_baseline(None)

        binned = BinnedRuns(folders)
        several = f"{len(folders)} runs" if len(folders) > 1 else f"“{self._asked[0].status.name}”"

        def start(work: Callable[[CancelToken], None]) -> None:
            self.jobs.start(FileTask(work, ended=self.binned.emit))

        def remember() -> None:
            self.binned.emit()
            if binned.in_bin:
                do, undo = partial(start, binned.move), partial(start, binned.restore)
                changed(self, f"moving {several} to the bin", do, undo, done=True)

        self.jobs.start(FileTask(binned.move, ended=remember))

    @Slot()
    def _make_report(self) -> None:
        from skinkd_gui.results.report_dialog import ReportDialog

        runs = [run for run in self._table.selected() if run.scores is not None]
        if runs:
            slugs = {run.annotations.study for run in runs}
            facts = self._model.studies.get(slugs.pop()) if len(slugs) == 1 else None
            study = None if facts is None else facts.folder
            ReportDialog(self.owner, [run.folder for run in runs], self._details.baseline, study).open()

    @Slot(object)
    def report_study(self, folder: Path) -> None:
        """A report of all finished runs of the study in a folder."""
        from skinkd_gui.results.report_dialog import ReportDialog

        runs = [run for run in self._model.runs if run.annotations.study == folder.name and run.scores is not None]
        if runs:
            ReportDialog(self.owner, [run.folder for run in runs], self._details.baseline, folder).open()

    @Slot()
    def _export_model(self) -> None:
        from skinkd_gui.results.export_dialog import ModelExportDialog

        run = self._one()
        if run is not None:
            ModelExportDialog(self.owner, run.folder).open()

    # In and out

    @Slot()
    def _ask_export(self) -> None:
        run = self._one()
        if run is not None:
            dialog = ExportRunDialog(self.owner, run)
            dialog.accepted.connect(self._export)
            dialog.open()

    @Slot()
    def _export(self) -> None:
        dialog = self.sender()
        if not isinstance(dialog, ExportRunDialog):
            return
        run, checkpoint = dialog.run, dialog.checkpoint.isChecked()
        path = ask_for_file(self.owner, "Export run", slugify(run.status.name), "Zip file (*.zip)")
        if path is None:
            return

        def work(token: CancelToken) -> str:
            file = export_run(run.folder, path, checkpoint=checkpoint, token=token)
            return f"“{run.status.name}” is exported: {file} ({file_size(file.stat().st_size)})"

        self.jobs.start(FileTask(work, self.said.emit, text=f"Exporting “{run.status.name}”..."))

    @Slot()
    def ask_import(self) -> None:
        """Choose zip files and folders of runs."""
        dialog = ImportDialog(self.owner)
        dialog.accepted.connect(self._import)
        dialog.open()

    @Slot()
    def _import(self) -> None:
        dialog = self.sender()
        if isinstance(dialog, ImportDialog):
            self.import_from(dialog.sources)

    def import_from(self, sources: Sequence[Path]) -> None:
        """Import runs from zip files and folders, one after the other; what fails does not keep the others out."""
        if not sources:
            return
        root = self._root

        def work(token: CancelToken) -> _Imported:
            folders, failures = [], []
            for source in sources:
                try:
                    folders.append(import_run(source, root, token=token))
                except SkinKDError as error:
                    failures.append(error)
            return _Imported(tuple(folders), tuple(failures))

        names = sources[0].name if len(sources) == 1 else f"{len(sources)} runs"
        self.jobs.start(FileTask(work, self._take_imported, text=f"Importing {names}..."))

    def _take_imported(self, result: _Imported) -> None:
        count = len(result.folders)
        if count:
            names = result.folders[0].name if count == 1 else f"{count} runs"
            self.said.emit(f"Imported: {names}")
            self.imported.emit(result.folders[-1])
        if result.failures:
            first, others = result.failures[0], result.failures[1:]
            more = "\n".join(f"{error.title}: {error.summary}" for error in others)
            details = f"{first.details}\n{more}".strip()
            self._show_failure(SkinKDError(first.title, first.summary, details))

    # Copying

    def _rows(self, *, folders: bool = False, every: bool = False) -> ResultsTable:
        runs = self._model.passing() if every else self._table.selected() or self._model.passing()
        return runs_list(
            runs, tuple(dict.fromkeys((*self._table.layout_now().shown, *(["folder"] if folders else []))))
        )

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._rows().to_tabs())

    @Slot()
    def _copy_csv(self) -> None:
        QGuiApplication.clipboard().setText(self._rows(folders=True).to_csv())

    @Slot()
    def _copy_markdown(self) -> None:
        QGuiApplication.clipboard().setText(self._rows().to_markdown())

    @Slot()
    def _copy_latex(self) -> None:
        QGuiApplication.clipboard().setText(self._rows().to_latex())

    @Slot()
    def _save_table(self) -> None:
        save_table_as(self.owner, self._rows(folders=True, every=True), "runs")

    @Slot(object)
    def _show_failure(self, error: SkinKDError) -> None:
        show_error(self.owner, error)
