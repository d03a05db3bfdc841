"""The Results tab: all runs in a table, and everything about the selected ones below it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QItemSelection, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from core.events import CancelToken, Report
from core.runs.status import RunState, RunSummary
from skinkd_gui.results.bin import ask_about_bin, move_to_bin
from skinkd_gui.results.columns import COLUMNS
from skinkd_gui.results.details_panel import DetailsPanel
from skinkd_gui.results.exporting import save_table_as
from skinkd_gui.results.runs_bar import RunsBar
from skinkd_gui.results.runs_model import RunsModel, RunsProxy
from skinkd_gui.results.runs_table import RunsTable
from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.theme import theme
from skinkd_gui.workers.job import Job, JobFailure, JobResult

_SETTLE_MILLISECONDS = 60  # holding an arrow key passes over rows; only the one it stops at is shown
_BUSY = (RunState.RUNNING, RunState.PAUSED)


class ResultsTab(QWidget):
    """Reads the runs in `runs_root` when first shown and on `refresh`."""

    train_requested = Signal()
    resume_requested = Signal(object)  # the run folder's Path
    runs_binned = Signal()  # run folders may be gone

    def __init__(self, parent: QWidget | None, runs_root: Path) -> None:
        super().__init__(parent)
        self.setObjectName("resultsTab")
        self._root = runs_root
        self._list_job: Job | None = None
        self._bin_job: Job | None = None
        self._refresh_again = False
        self._ever_listed = False
        self._wanted: tuple[Path, ...] = ()
        self._shown: tuple[RunSummary, ...] = ()
        self._asked: tuple[RunSummary, ...] = ()
        self._model = RunsModel(self)
        self._proxy = RunsProxy(self._model, self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MILLISECONDS)
        self._settle.timeout.connect(self._show_selection)
        self._build()
        theme().changed.connect(self.table.fit_columns)

    # Layout

    def _build(self) -> None:
        self.table = RunsTable(self._proxy, self)
        self.details = DetailsPanel(self)
        self.details.annotated.connect(self.refresh)
        self._hint = EmptyState(
            "chart",
            "Choose a run",
            "Select one row above to see how good it is, or several rows (with Ctrl or Shift) to compare them.",
            self,
        )
        self._lower = QStackedWidget(self)
        self._lower.addWidget(self._hint)
        self._lower.addWidget(self.details)
        self._waiting = EmptyState("chart", "Reading the runs...", "", self)
        self._content = self._build_content()
        self._pages = QStackedWidget(self)
        for page in (self._waiting, self._content, self._build_empty()):
            self._pages.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)
        self.table.selectionModel().selectionChanged.connect(self._selection_changed)
        self.table.selectionModel().currentRowChanged.connect(self._current_changed)
        self._update_actions()

    def _build_content(self) -> QWidget:
        upper = QWidget(self)
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._build_bar())
        column.addWidget(self.table, 1)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setObjectName("resultsSplitter")
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(10)
        splitter.addWidget(upper)
        splitter.addWidget(self._lower)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 5)
        splitter.setSizes([220, 480])
        content = QWidget(self)
        inner = QVBoxLayout(content)
        inner.setContentsMargins(12, 12, 12, 8)
        inner.addWidget(splitter)
        return content

    def _build_empty(self) -> EmptyState:
        self._empty = EmptyState(
            "chart",
            "No runs yet",
            "Every training becomes a run, and its scores stand here when it has finished. Train a model on your own "
            "images, or on the sample images that come with SkinKD.",
            self,
        )
        self._empty.add_button("New training...", "resultsTrainButton", primary=True).clicked.connect(self._ask_train)
        return self._empty

    def _build_bar(self) -> RunsBar:
        self.bar = RunsBar(self.table, self)
        self.search = self.bar.search
        self.search.textChanged.connect(self._search)
        self.bar.open_folder.triggered.connect(self._open_folder)
        self.bar.resume.triggered.connect(self._resume)
        self.bar.save_table.triggered.connect(self._save_table)
        self.bar.bin.triggered.connect(self._ask_bin)
        shortcut = QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return self.bar

    # Listing

    def showEvent(self, event: QShowEvent) -> None:
        """Read the runs when the tab is first looked at."""
        super().showEvent(event)
        if not self._ever_listed and self._list_job is None:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Read the runs anew, off the GUI thread; the selection stays. Calls while it reads are joined."""
        if self._list_job is not None:
            self._refresh_again = True
            return
        root = self._root

        def work(report: Report, token: CancelToken) -> tuple[RunSummary, ...]:
            from core.runs.listing import list_runs

            return list_runs(root)

        self._list_job = Job(work)
        self._list_job.succeeded.connect(self._take_runs)
        self._list_job.failed.connect(self._show_failure)
        self._list_job.ended.connect(self._listing_ended)
        self._list_job.start()

    @property
    def listed(self) -> bool:
        """Whether the runs were read and nothing is being read now."""
        return self._ever_listed and self._list_job is None

    @property
    def details_ready(self) -> bool:
        """Whether the panels show everything about the selected runs."""
        return not self._settle.isActive() and self.details.ready

    def set_runs_root(self, runs_root: Path) -> None:
        """Show the runs of another folder from now on."""
        self._root = runs_root
        self.refresh()

    def select_run(self, folder: Path) -> None:
        """Select the run in this folder, as soon as it is listed."""
        self._wanted = (folder,)
        if self._model.row_of(folder) >= 0:
            self._apply_wanted()
        else:
            self.refresh()

    @Slot(object)
    def _take_runs(self, result: JobResult) -> None:
        runs: tuple[RunSummary, ...] = result.value
        if not self._ever_listed and not self._wanted and runs:
            self._wanted = (runs[0].folder,)
        self._ever_listed = True
        if runs != self._model.runs:
            keep = self._wanted or tuple(run.folder for run in self.table.selected())
            scroll = self.table.verticalScrollBar().value()
            self._model.set_runs(runs)
            self._wanted = keep
            self.table.verticalScrollBar().setValue(scroll)
        self._pages.setCurrentWidget(self._content if runs else self._empty)
        self._apply_wanted()
        self._say_count()
        self._update_actions()

    def _apply_wanted(self) -> None:
        listed = tuple(folder for folder in self._wanted if self._model.row_of(folder) >= 0)
        if any(not self._proxy.index_of(folder).isValid() for folder in listed):
            self.search.clear()
        if listed:
            self.table.select(listed)
        if listed or not self._refresh_again:  # a run that is newer than this reading comes with the next one
            self._wanted = ()

    @Slot(object)
    def _listing_ended(self, end: object) -> None:
        self._list_job = None
        if self._refresh_again:
            self._refresh_again = False
            self.refresh()

    @Slot(str)
    def _search(self, text: str) -> None:
        self._proxy.search(text)
        self._say_count()

    def _say_count(self) -> None:
        self.bar.say_count(self._proxy.rowCount(), len(self._model.runs))

    # Selection

    @Slot(QItemSelection, QItemSelection)
    def _selection_changed(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        self._update_actions()
        self._settle.start()

    @Slot()
    def _current_changed(self) -> None:
        self._settle.start()

    @Slot()
    def _show_selection(self) -> None:
        runs, current = self.table.selected(), self.table.current()
        if current is None:
            self._shown = ()
            self.details.show_nothing()
            self._lower.setCurrentWidget(self._hint)
            return
        shown = (current, *runs)
        if shown == self._shown:
            return
        self._shown = shown
        self._lower.setCurrentWidget(self.details)
        self.details.show_runs(runs, current)

    # Actions

    def _update_actions(self) -> None:
        selected = self.table.selected()
        one = selected[0] if len(selected) == 1 else None
        self.bar.open_folder.setEnabled(one is not None)
        self.bar.resume.setEnabled(one is not None and one.resumable and one.status.state not in _BUSY)
        self.bar.save_table.setEnabled(bool(self._model.runs))
        self.bar.bin.setEnabled(bool(selected) and all(run.status.state not in _BUSY for run in selected))

    @Slot()
    def _ask_train(self) -> None:
        self.train_requested.emit()

    @Slot()
    def _open_folder(self) -> None:
        run = self.table.current()
        if run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.folder)))

    @Slot()
    def _resume(self) -> None:
        run = self.table.current()
        if run is not None:
            self.resume_requested.emit(run.folder)

    @Slot()
    def _save_table(self) -> None:
        header = [*(column.title for column in COLUMNS[:-1]), "Started (UTC)", "Folder"]
        rows = [
            [
                *(column.value(run) if column.numeric else column.text(run) for column in COLUMNS[:-1]),
                run.status.created,
                str(run.folder),
            ]
            for run in self._proxy.runs()
        ]
        save_table_as(self, header, rows, "runs")

    @Slot()
    def _ask_bin(self) -> None:
        self._asked = self.table.selected()
        if self._asked:
            ask_about_bin(self, self._asked).accepted.connect(self._bin_agreed)

    @Slot()
    def _bin_agreed(self) -> None:
        if self._bin_job is not None:
            return
        folders = tuple(run.folder for run in self._asked)
        self._bin_job = Job(lambda report, token: move_to_bin(folders, token))
        self._bin_job.failed.connect(self._show_failure)
        self._bin_job.ended.connect(self._bin_ended)
        self._bin_job.start()

    @Slot(object)
    def _bin_ended(self, end: object) -> None:
        self._bin_job = None
        self.refresh()
        self.runs_binned.emit()

    @Slot(object)
    def _show_failure(self, failure: JobFailure) -> None:
        show_error(self, failure.error)

    def shut_down(self) -> None:
        """Wait for what is being read; called before the window goes."""
        self.details.shut_down()
        for job in (self._list_job, self._bin_job):
            if job is not None:
                job.shut_down()
