"""The main window: three tabs, menus, status bar; it owns the training queue and ends everything when it closes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QTabWidget

from core.events import Event, Level, Notice
from core.runs.status import RunSummary
from skinkd_gui.late_tab import LateTab
from skinkd_gui.menus import Menus
from skinkd_gui.notifications import Notifier
from skinkd_gui.settings.store import Settings, chosen_runs_root, load_settings, open_store, save_settings
from skinkd_gui.status_bar import StatusBar
from skinkd_gui.training.queue import MakeWork, QueueState, RunFailure, RunStopped, TrainingQueue
from skinkd_gui.training.train_tab import TrainTab, end_notice
from skinkd_gui.training.waiting_file import WaitingList
from skinkd_gui.training.work import Conditions, QueuedRun, work_for
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.question import Answer, Question, ask
from skinkd_gui.widgets.theme import theme
from skinkd_gui.window_actions import WindowActions
from skinkd_gui.workers.job import Job, JobFailure, JobResult, running_jobs, shut_down_all
from skinkd_gui.workers.preload import ModelsReady, load_engine, load_tabs

if TYPE_CHECKING:
    from skinkd_gui.classify.classify_tab import ClassifyTab
    from skinkd_gui.results.results_tab import ResultsTab

_SIZE = QSize(1280, 800)
_PATIENCE_MILLISECONDS = 60_000  # for a run to write its checkpoint and end, when the window closes
_ROUNDS = 5

_log = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """Everything that the user sees. Lives as long as the program."""

    painted = Signal()  # once, after the first paint

    def __init__(
        self, runs_root: Path | None = None, make_work: MakeWork = work_for, *, opens_at_once: bool = False
    ) -> None:
        """`runs_root`: where runs are kept, otherwise as the settings say. `make_work` stands in for core in tests.

        With `opens_at_once` the tabs Classify and Results are made when they are first looked at or asked for, or by
        `start_engine`: what they import takes several times as long as the rest of the window.
        """
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle("SkinKD")
        self.folder_fixed = runs_root is not None
        self.settings = load_settings()
        self._runs_root = (runs_root or chosen_runs_root(self.settings)).expanduser().absolute()
        self._was_painted = self._engine_ready = self._closing = self._leaving = self._may_close = False
        self._engine_job: Job | None = None
        self._to_open: list[Path] = []
        self._tabs_there = False
        self.queue = TrainingQueue(self._conditions(), make_work, self)
        self.train_tab = TrainTab(self.queue, self._runs_root, self)
        self.tabs = self._make_tabs()
        self._classify = LateTab(self.tabs, "image", "Classify", self._make_classify)
        self.tabs.addTab(self.train_tab, "Train")
        self._results = LateTab(self.tabs, "chart", "Results", self._make_results)
        self.setCentralWidget(self.tabs)
        self.status = StatusBar(self.queue, self.train_tab.live, self)
        self.setStatusBar(self.status)
        self.commands = WindowActions(self)
        self.menus = Menus(self, self.commands)
        self.menus.themes[self.settings.theme].setChecked(True)
        self._connect()
        self._restore_geometry()
        for late in (self._classify, self._results):
            self.tabs.currentChanged.connect(late.open_if_current)
            if not opens_at_once:
                late.get()
        self.notifier = Notifier(self)
        self.notifier.enabled = self.settings.notify
        self.notifier.clicked.connect(self.come_forward)
        self._waiting_list = WaitingList(self._runs_root)
        self._restore_waiting()
        self._show_queue(self.queue.state)

    @property
    def runs_root(self) -> Path:
        """The folder of runs."""
        return self._runs_root

    def _make_tabs(self) -> QTabWidget:
        tabs = QTabWidget(self)
        tabs.setObjectName("mainTabs")
        tabs.setAccessibleName("Parts of SkinKD")
        tabs.setDocumentMode(True)
        return tabs

    @property
    def engine_ready(self) -> bool:
        """Whether everything heavy has been loaded."""
        return self._engine_ready

    @property
    def classify_tab(self) -> ClassifyTab:
        """The tab Classify."""
        return self._classify.get()

    @property
    def results_tab(self) -> ResultsTab:
        """The tab Results."""
        return self._results.get()

    def _make_classify(self) -> ClassifyTab:
        from skinkd_gui.classify.classify_tab import ClassifyTab

        tab = ClassifyTab(self, self._runs_root)
        tab.train_requested.connect(self.commands.new_training)
        tab.level_chosen.connect(self._keep_level)
        return tab

    def _make_results(self) -> ResultsTab:
        from skinkd_gui.results.results_tab import ResultsTab

        tab = ResultsTab(self, self._runs_root)
        tab.train_requested.connect(self.commands.new_training)
        tab.resume_requested.connect(self._resume)
        tab.study_resume_requested.connect(self._resume_study)
        tab.runs_binned.connect(self.train_tab.refresh)
        tab.runs_binned.connect(self._refresh_models)
        self.menus.add_to_run(tab.bar.report, tab.bar.export_model, tab.bar.export_run)
        return tab

    def _connect(self) -> None:
        self.painted.connect(self.train_tab.refresh)
        self.queue.changed.connect(self._show_queue)
        self.queue.run_finished.connect(self._on_run_ended)
        self.queue.run_stopped.connect(self._on_run_ended)
        self.queue.failed.connect(self._on_run_ended)
        self.train_tab.results_requested.connect(self.open_results)

    @Slot(object)
    def open_path(self, path: Path) -> None:
        """Open a run or model that the user opened outside of the window, as soon as the tabs are there."""
        if self._tabs_there:
            self.commands.open_given(path)
        else:
            self._to_open.append(path)

    # --- the engine ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell once that the window can be seen."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(50, self, self.painted.emit)

    @Slot()
    def start_engine(self) -> None:
        """Load the other tabs, then PyTorch and its kin, in threads and visibly."""
        if self._engine_job is not None or self._closing:
            return
        self.status.show_loading("Loading...")
        self._engine_job = Job(load_tabs, self)
        self._engine_job.ended.connect(self._load_engine)
        self._engine_job.start()

    @Slot(object)
    def _load_engine(self, _end: object) -> None:
        """The modules of the tabs are there, so making the tabs takes a moment only; then the heavy libraries."""
        if self._closing:
            return
        self._classify.get()
        self._results.get()
        self._tabs_there = True
        for path in self._to_open:
            self.commands.open_given(path)
        self._to_open.clear()
        job = Job(load_engine, self)
        job.reported.connect(self._on_loading)
        job.succeeded.connect(self._on_loaded)
        job.failed.connect(self._on_load_failed)
        self._engine_job = job
        job.start()

    @Slot(object)
    def _on_loading(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.status.show_loading(event.text)
        elif isinstance(event, ModelsReady):
            self.classify_tab.load_model()

    @Slot(object)
    def _on_loaded(self, result: JobResult) -> None:
        self._engine_ready = True
        self.status.show_engine(result.value)

    @Slot(object)
    def _on_load_failed(self, failure: JobFailure) -> None:
        self.status.show_engine_failure(failure.error.title)
        show_error(self, failure.error)

    # --- the queue ---

    @Slot(object)
    def _show_queue(self, state: QueueState) -> None:
        at_work = state.current is not None
        self.menus.pause.setText("&Go on" if state.paused else "&Pause")
        self.menus.pause.setEnabled(at_work and not state.stopping)
        self.menus.stop.setEnabled(at_work and not state.stopping)
        self.menus.start_waiting.setEnabled(state.held and not at_work)
        self.setWindowTitle(f"SkinKD: {self.train_tab.live.progress.name}" if at_work else "SkinKD")
        self._keep_waiting(state.waiting)
        if self._closing and not at_work:
            self._finish_closing()

    def _restore_waiting(self) -> None:
        self.queue.restore(self._waiting_list.load())
        if self._waiting_list.taken_by:
            self.train_tab.tell(Notice(f"Runs wait in this folder in another window: {self._waiting_list.taken_by}."))

    def _keep_waiting(self, runs: Sequence[QueuedRun]) -> None:
        kept = self._waiting_list.kept
        try:
            self._waiting_list.save(runs)
        except OSError:
            _log.warning("the waiting runs can not be written", exc_info=True)
        if kept and not self._waiting_list.kept:
            holder = self._waiting_list.taken_by
            text = f"What waits here is forgotten when this window closes: this folder's list is kept by {holder}."
            self.train_tab.tell(Notice(text, Level.WARNING))

    @Slot(object)
    def _on_run_ended(self, how: RunSummary | RunStopped | RunFailure) -> None:
        self._refresh_results()
        self._refresh_models()
        if not isinstance(how, RunStopped):  # by the user, who knows
            self.notifier.tell(end_notice(how).text)

    @Slot(object)
    def open_results(self, folder: Path) -> None:
        """Show a run of the window's folder of runs in Results."""
        self.tabs.setCurrentWidget(self.results_tab)
        self.results_tab.refresh()
        self.results_tab.select_run(folder)

    @Slot(object)
    def _resume(self, folder: Path) -> None:
        self.tabs.setCurrentWidget(self.train_tab)
        self.train_tab.resume_run(folder)

    @Slot(object)
    def _resume_study(self, folder: Path) -> None:
        self.tabs.setCurrentWidget(self.train_tab)
        self.train_tab.resume_study(folder)

    @Slot()
    def toggle_pause(self) -> None:
        """Pause the run, or let it go on."""
        if self.queue.state.paused:
            self.queue.resume()
        else:
            self.queue.pause()

    @Slot()
    def stop_run(self) -> None:
        """Stop the run; it can be resumed."""
        self.queue.stop_current()

    @Slot()
    def start_waiting(self) -> None:
        """Start the runs that wait."""
        self.queue.start_waiting()

    @Slot()
    def resume_last(self) -> None:
        """Go on with the newest unfinished run."""
        self.tabs.setCurrentWidget(self.train_tab)
        self.train_tab.resume_newest()

    @Slot()
    def refresh(self) -> None:
        """Look for new runs on disk."""
        self.train_tab.refresh()
        self._refresh_results()
        self._refresh_models()

    @Slot()
    def _refresh_models(self) -> None:
        if self._classify.made is not None:
            self._classify.made.refresh_models()

    def _refresh_results(self) -> None:
        if self._results.made is not None:
            self._results.made.refresh()

    # --- settings ---

    def _conditions(self) -> Conditions:
        return Conditions(self._runs_root, self.settings.threads_left)

    @Slot(object)
    def apply_settings(self, settings: Settings) -> None:
        """Use and keep other settings."""
        looks = (settings.theme, settings.text_percent)
        if looks != (self.settings.theme, self.settings.text_percent):
            theme().apply(*looks)
            self.menus.themes[settings.theme].setChecked(True)
        moved = settings.runs_folder != self.settings.runs_folder and not self.folder_fixed
        self.settings = settings
        save_settings(settings)
        if moved:
            self._move_runs_root(chosen_runs_root(settings).expanduser().absolute())
        self.queue.configure(self._conditions())
        self.notifier.enabled = settings.notify
        if self._classify.made is not None:
            self._classify.made.apply_settings(settings)

    @Slot(float)
    def _keep_level(self, level: float) -> None:
        self.settings = replace(self.settings, level=level)
        save_settings(self.settings)

    def _move_runs_root(self, root: Path) -> None:
        """Work with another folder of runs; the run at work stays in its own."""
        self._runs_root = root
        self._keep_waiting(())  # they go with the window, and must not come back there as well
        self._waiting_list.close()
        self._waiting_list = WaitingList(root)
        self._restore_waiting()
        self._keep_waiting(self.queue.state.waiting)
        for tab in (self.train_tab, self._results.made, self._classify.made):
            if tab is not None:
                tab.set_runs_root(root)

    def _restore_geometry(self) -> None:
        store = open_store()
        geometry = store.value("geometry")
        if geometry is None or not self.restoreGeometry(geometry):
            screen = QGuiApplication.primaryScreen().availableGeometry()
            size = _SIZE.boundedTo(screen.size())
            place = QRect(screen.topLeft(), size)
            place.moveCenter(screen.center())
            self.setGeometry(place)
        self.tabs.setCurrentIndex(1)
        tab = store.value("tab")
        if tab is not None and str(tab).isdecimal():
            self.tabs.setCurrentIndex(int(str(tab)))

    def _keep_geometry(self) -> None:
        store = open_store()
        store.setValue("geometry", self.saveGeometry())
        store.setValue("tab", self.tabs.currentIndex())
        store.sync()

    @Slot()
    def come_forward(self) -> None:
        """Be seen, above other programs, as far as the system lets a window."""
        if self._may_close:
            return
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        QApplication.alert(self)  # where the system keeps it behind

    # --- closing ---

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask while a run works; otherwise end everything and go."""
        if self._may_close:
            event.accept()
        elif self._leaving or not (self._closing or self.queue.busy):
            self._end_everything()
            event.accept()
        else:
            event.ignore()
            if not self._closing:
                self._ask_to_close()

    @Slot()
    def close_without_asking(self) -> None:
        """Stop the run with a checkpoint and close, as when the system asks the program to end."""
        if not self.queue.busy:
            self.close()
        elif not self._closing:
            self._closing = True
            self.status.show_loading("Closing: the checkpoint is being written...")
            QTimer.singleShot(_PATIENCE_MILLISECONDS, self, self._finish_closing)
            self.queue.close()

    def _ask_to_close(self) -> None:
        name = self.train_tab.live.progress.name
        waiting = len(self.queue.state.waiting)
        runs = "waiting run" if waiting == 1 else f"{waiting} waiting runs"
        then = "wait until the next start" if self._waiting_list.kept else "be forgotten"
        more = f" The {runs} will {then}." if waiting else ""
        question = Question(
            "closeQuestion",
            "SkinKD",
            f"{name} is still at work.",
            f"Stop it and close? It can be resumed later where it stands.{more}",
            Answer("Stop and close", "stopAndCloseButton"),
            Answer("Keep training", "keepTrainingButton"),
        )
        ask(self, question).accepted.connect(self.close_without_asking)

    @Slot()
    def _finish_closing(self) -> None:
        if not self._may_close:
            # Closed while it is visible: Qt ends the program only when a visible window was the last to close.
            self._leaving = True
            self.close()

    def _end_everything(self) -> None:
        """Keep the geometry, then leave no job running."""
        self._may_close = self._closing = True
        self._keep_geometry()
        self.hide()  # what still takes a moment happens out of sight
        self.notifier.shut_down()
        for tab in (self.train_tab, self._classify.made, self._results.made):
            if tab is not None:
                tab.shut_down()
        for _ in range(_ROUNDS):
            if not shut_down_all():
                _log.error("a job did not end in time")
            QCoreApplication.sendPostedEvents()  # a view may answer the end of one job by starting the next
            if not running_jobs():
                break
        self._waiting_list.close()
