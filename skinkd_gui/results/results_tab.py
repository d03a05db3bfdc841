"""The Results tab: all runs in a table, and everything about the selected ones, or about their study, below it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QItemSelection, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QIcon, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.runs.status import RunState, RunSummary
from skinkd_gui.results.details_panel import RunDetailsPanel
from skinkd_gui.results.library import Library, read_library
from skinkd_gui.results.lower_part import LowerPart
from skinkd_gui.results.run_actions import RunActions
from skinkd_gui.results.runs_bar import RunsBar
from skinkd_gui.results.runs_model import RunsModel
from skinkd_gui.results.runs_table import RunsTable
from skinkd_gui.settings.store import open_store
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.dragged import dragged_files
from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.layouts import column_of, split
from skinkd_gui.widgets.parts import delay
from skinkd_gui.widgets.runs_watch import RunsWatch
from skinkd_gui.widgets.tab_order import tab_on
from skinkd_gui.widgets.theme import coloured_icon, colours, theme
from skinkd_gui.workers.job_slot import JobSlot, shut_down_jobs

_DELAY_MILLISECONDS = 60  # holding an arrow key passes over rows; only the one it stops at is shown
_SPLITTER = "results/splitter"
_SAID_MILLISECONDS = 20_000
_AT_WORK = (RunState.RUNNING, RunState.PAUSED)
_MOVING = (RunState.QUEUED, *_AT_WORK)


class ResultsTab(QWidget):
    """Reads the runs in `runs_root` when first shown, on `refresh`, and when their folders change."""

    train_requested = Signal()
    resume_requested = Signal(object)  # the run folder's Path
    changes_requested = Signal(object)  # the run folder's Path: ask what changes, then resume
    study_resume_requested = Signal(object)  # the study folder's Path
    data_requested = Signal(object, object)  # the run folder's Path, names of images to show in Data
    runs_binned = Signal()  # run folders may be gone, or there are new ones

    def __init__(self, parent: QWidget | None, runs_root: Path) -> None:
        super().__init__(parent)
        self.setObjectName("resultsTab")
        self.setAcceptDrops(True)
        self._root = runs_root
        self._listing = JobSlot(self, succeeded=self._take_library, failed=self._show_failure)
        self._ever_listed = False
        self._touched = False  # the user has selected other runs, so they are shown rather than a study
        self._stale = False  # changed on the disk while nobody looked
        self._wanted: tuple[Path, ...] = ()
        self._shown: tuple[RunSummary, ...] = ()
        self._model = RunsModel(self)
        self._delay = delay(self, self._show_selection, _DELAY_MILLISECONDS)
        self._watch = RunsWatch(self)
        self._watch.changed.connect(self._files_changed)
        self._build()
        theme().changed.connect(self._restyle)

    # Layout

    def _build(self) -> None:
        self.table = RunsTable(self._model, self)
        self.details = RunDetailsPanel(self)
        self.details.annotated.connect(self.refresh)
        self.details.images.data_asked.connect(self.data_requested)
        self.details.baseline_changed.connect(self._mark_baseline)
        self.below = LowerPart(self.details, self)
        self.below.study.resume_requested.connect(self.study_resume_requested)
        self.below.study.runs_requested.connect(self._select_runs)
        self._waiting = EmptyState("chart", "Reading the runs...", "", self)
        self._content = self._build_content()
        self._pages = QStackedWidget(self)
        for page in (self._waiting, self._content, self._build_empty()):
            self._pages.addWidget(page)
        column_of(self._pages, on=self, margins=0)
        tab_on(self.bar, self.table)
        tab_on(self.table, self.below)
        self.table.selectionModel().selectionChanged.connect(self._selection_changed)
        self.table.selectionModel().currentRowChanged.connect(self._current_changed)
        self.table.selection_restored.connect(self._selection_restored)
        self._mark_baseline()
        self.actions_.update()

    def _build_content(self) -> QWidget:
        upper = QWidget(self)
        column_of(self._build_bar(), self._build_message(), (self.table, 1), on=upper, margins=0)
        self._splitter = split(upper, self.below, sizes=(240, 460), parent=self, vertical=True, handle=10)
        self._splitter.setObjectName("resultsSplitter")
        self._splitter.setStretchFactor(0, 2)
        self._splitter.setStretchFactor(1, 5)
        state = open_store().value(_SPLITTER)
        if isinstance(state, QByteArray):
            self._splitter.restoreState(state)
        self._splitter.splitterMoved.connect(self._keep_splitter)
        content = QWidget(self)
        column_of(self._splitter, on=content, margins=(12, 12, 12, 8))
        return content

    def _build_empty(self) -> EmptyState:
        self._empty = EmptyState(
            "chart",
            "No runs yet",
            "Every training becomes a run, and its scores stand here when it has finished. Train a model on your own "
            "images, or on the sample images that come with SkinKD. Runs of other computers can be imported.",
            self,
        )
        self._empty.add_button("New training...", "resultsTrainButton", primary=True).clicked.connect(self._ask_train)
        self._empty.add_button("Import runs...", "resultsImportButton").clicked.connect(self.actions_.ask_import)
        return self._empty

    def _build_bar(self) -> RunsBar:
        self.bar = RunsBar(self.table, self)
        self.search = self.bar.search
        self.search.textChanged.connect(self._search)
        filters = self.bar.filters
        filters.changed.connect(self._filter)
        filters.cleared.connect(self.show_all)
        filters.group_button.setChecked(self._model.grouped)
        filters.grouping_asked.connect(self.table.group)
        shortcut = QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.actions_ = RunActions(self, self._model, self.table, self.bar, self.details)
        self.actions_.set_root(self._root)
        self.actions_.changed.connect(self.refresh)
        self.actions_.binned.connect(self.runs_binned)
        self.actions_.imported.connect(self._imported)
        self.actions_.resume_requested.connect(self.resume_requested)
        self.actions_.changes_requested.connect(self.changes_requested)
        self.below.study.report_requested.connect(self.actions_.report_study)
        return self.bar

    def _build_message(self) -> Banner:
        self.message = Banner(self)
        self.message.setObjectName("resultsMessage")
        self._cancel = self.message.add_button("Cancel", "cancelCopyButton")
        self._hush = delay(self, self._say_nothing, _SAID_MILLISECONDS)
        jobs = self.actions_.jobs
        self._cancel.clicked.connect(jobs.cancel)
        jobs.started.connect(self._say_doing)
        jobs.ended.connect(self._say_ended)
        self.actions_.said.connect(self._say_done)
        return self.message

    # Listing

    def showEvent(self, event: QShowEvent) -> None:
        """Read the runs when the tab is first looked at, and when they have changed since."""
        super().showEvent(event)
        if (not self._ever_listed or self._stale) and not self._listing.running:
            self.refresh()

    @Slot()
    def _files_changed(self) -> None:
        if self.isVisible():
            self.refresh()
        else:
            self._stale = True

    @Slot()
    def refresh(self) -> None:
        """Read the runs anew, off the GUI thread; the selection stays. Calls while it reads are joined."""
        root, self._stale = self._root, False

        def work(emit: Emit, token: CancelToken) -> Library:
            return read_library(root)

        self._listing.start_next(work)

    @property
    def listed(self) -> bool:
        """Whether the runs were read and nothing is being read now."""
        return self._ever_listed and not self._listing.running

    @property
    def details_ready(self) -> bool:
        """Whether the panels show everything about the selected runs."""
        return not self._delay.isActive() and self.details.ready and self.below.study.ready

    def set_runs_root(self, runs_root: Path) -> None:
        """Show the runs of another folder from now on."""
        self._root = runs_root
        self.actions_.set_root(runs_root)
        self.refresh()

    def select_run(self, folder: Path) -> None:
        """Select the run in this folder, as soon as it is listed."""
        self._wanted = (folder,)
        if self._model.lists(folder):
            self._apply_wanted()
        else:
            self.refresh()

    @Slot(object)
    def _take_library(self, library: Library) -> None:
        runs = library.runs
        if not self._ever_listed and not self._wanted and runs:
            self._wanted = (runs[0].folder,)
        self._ever_listed = True
        changed = runs != self._model.runs or library.studies != self._model.studies
        if changed:
            self._model.set_runs(runs, library.studies)
            self.bar.filters.offer(self._model)
        if changed or self.below.study.at_work:
            self.below.study.refresh()
        studies = [facts.folder for facts in library.studies.values() if facts.folder is not None]
        states = {run.folder: run.status.state for run in runs}
        complete = {folder for folder, state in states.items() if state not in _MOVING}
        self._watch.watch(self._root, complete, studies, at_work=bool({*states.values()} & {*_AT_WORK}))
        self._pages.setCurrentWidget(self._content if runs else self._empty)
        self._apply_wanted()
        self._say_count()
        self._update_lower()
        self.actions_.update()

    def _apply_wanted(self) -> None:
        listed = tuple(folder for folder in self._wanted if self._model.lists(folder))
        if any(self._model.row_of(folder) < 0 for folder in listed):
            self._unhide(listed)
        if listed:
            self.table.select(listed)
        if listed or not self._listing.waiting:  # a run that is newer than this reading comes with the next one
            self._wanted = ()

    def _unhide(self, folders: tuple[Path, ...]) -> None:
        """Take away what hides these runs: folded headings, then filters and search."""
        for run in self._model.runs:
            if run.folder in folders:
                self._model.fold(run.annotations.study, False)
        if any(self._model.row_of(folder) < 0 for folder in folders):
            self.show_all()

    # Search and filters

    @Slot()
    def show_all(self) -> None:
        """Clear the search and the filters."""
        self.search.clear()
        self.bar.filters.reset()

    @Slot(str)
    def _search(self, text: str) -> None:
        self._model.search(text)
        self._say_count()

    @Slot()
    def _filter(self) -> None:
        filters = self.bar.filters.filters
        study = filters.study
        self._model.filter(filters)
        self._say_count()
        self._update_lower()
        if study is not None and study in self._model.studies:
            self._touched = False
            self.below.show_study_first()

    def _say_count(self) -> None:
        filters = self.bar.filters
        filters.say_count(len(self._model.passing()), len(self._model.runs))
        filters.clear_button.setEnabled(filters.filters.active or bool(self.search.text()))

    # Selection

    @Slot(QItemSelection, QItemSelection)
    def _selection_changed(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        self._touched = self._touched or not self.table.restoring
        self.actions_.update()
        self._delay.start()

    @Slot()
    def _current_changed(self) -> None:
        self._delay.start()

    @Slot()
    def _selection_restored(self) -> None:
        self.actions_.update()
        self._say_count()
        self._delay.start()

    @Slot(object)
    def _select_runs(self, folders: tuple[Path, ...]) -> None:
        self._unhide(folders)
        self.table.select(folders)
        self.table.setFocus()

    @Slot()
    def _show_selection(self) -> None:
        runs, current = self.table.selected(), self.table.current()
        self._update_lower()
        shown = () if current is None else (current, *runs)
        if shown == self._shown:
            return
        same = {run.folder for run in shown} == {run.folder for run in self._shown}
        self._shown = shown
        if current is None:
            self.details.show_nothing()
        else:
            self.details.show_runs(runs, current)
            if not same and self._touched:
                self.below.show_runs_first()
        self._touched = False
        self._update_lower()

    def _update_lower(self) -> None:
        """Offer the study of the heading that the keyboard is on, or of the filter, beside the selected runs."""
        heading = self.table.current_heading()
        slug = self.bar.filters.filters.study if heading is None else heading.slug
        self.below.offer(None if slug is None else self._model.studies.get(slug), bool(self._shown))
        if heading is not None and not self.table.selected():
            self.below.show_study_first()

    # Actions

    @Slot()
    def _mark_baseline(self) -> None:
        pin = coloured_icon("pin", colours().accent)
        on_selection = coloured_icon("pin", colours().highlighttext)
        for size in pin.availableSizes():
            pin.addPixmap(on_selection.pixmap(size), QIcon.Mode.Selected)
        self._model.set_baseline(self.details.baseline, pin)

    @Slot()
    def _restyle(self) -> None:
        self.table.fit_columns()
        self._mark_baseline()

    @Slot(QPoint)
    def _open_menu(self, position: QPoint) -> None:
        self.actions_.update()
        self.bar.menu.popup(self.table.viewport().mapToGlobal(position))

    @Slot()
    def import_runs(self) -> None:
        """Choose runs to add."""
        self.actions_.ask_import()

    @Slot()
    def _ask_train(self) -> None:
        self.train_requested.emit()

    @Slot(object)
    def _imported(self, folder: Path) -> None:
        self.select_run(folder)
        self.runs_binned.emit()

    @Slot(int, int)
    def _keep_splitter(self, position: int, index: int) -> None:
        open_store().setValue(_SPLITTER, self._splitter.saveState())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take folders and zip files of runs."""
        if _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Import what was dropped."""
        event.acceptProposedAction()
        self.actions_.import_from(_dropped(event))

    # Messages

    @Slot(str)
    def _say_doing(self, text: str) -> None:
        self._hush.stop()
        self._cancel.setVisible(True)
        self.message.show_message(text)

    @Slot(str)
    def _say_done(self, text: str) -> None:
        self._cancel.setVisible(False)
        self.message.show_message(text, "success")
        self._hush.start()

    @Slot()
    def _say_ended(self) -> None:
        if not self._hush.isActive():
            self._say_nothing()

    @Slot()
    def _say_nothing(self) -> None:
        self.message.show_message("")

    @Slot(object)
    def _show_failure(self, error: SkinKDError) -> None:
        show_error(self, error)

    def shut_down(self) -> None:
        """Keep what was typed, and wait for what is at work; called before the window goes."""
        self._watch.stop()
        self.details.overview.annotations.shut_down()
        shut_down_jobs(self)


def _dropped(event: QDropEvent) -> list[Path]:
    """The folders and zip files in a drag."""
    return [path for path in dragged_files(event.mimeData()) if path.is_dir() or path.suffix.lower() == ".zip"]
