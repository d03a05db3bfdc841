"""The main window: tabs, menus, status bar; it owns the training queue and ends everything when it closes."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QPaintEvent
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QWidget

from core.errors import SkinKDError
from core.events import Event, Notice
from core.runs.status import RunSummary
from skinkd_gui.menus import Menus
from skinkd_gui.notifications import Notifier
from skinkd_gui.settings.keeper import SettingsChange, SettingsKeeper
from skinkd_gui.settings.store import open_store
from skinkd_gui.status_bar import StatusBar
from skinkd_gui.tabs import Tabs
from skinkd_gui.tour import Tour
from skinkd_gui.training.queue import MakeWork, QueueState, RunFailure, RunStopped, TrainingQueue
from skinkd_gui.training.queue_keeper import QueueKeeper
from skinkd_gui.training.suited import remember_device
from skinkd_gui.training.train_tab import TrainTab, end_notice
from skinkd_gui.training.work import Conditions, work_for
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.layouts import column_of
from skinkd_gui.widgets.question import Question, QuestionButton, ask
from skinkd_gui.widgets.theme import theme
from skinkd_gui.window_actions import WindowActions
from skinkd_gui.workers.job import running_jobs, shut_down_all
from skinkd_gui.workers.job_slot import JobSlot
from skinkd_gui.workers.preload import Engine, ModelsReady, load_engine, load_tabs

if TYPE_CHECKING:
    from skinkd_gui.classify.classify_tab import ClassifyTab
    from skinkd_gui.results.results_tab import ResultsTab

_SIZE = QSize(1280, 800)
_PATIENCE_MILLISECONDS = 60_000  # for a run to write its checkpoint and end, when the window closes
_SESSION_MILLISECONDS = 4_000  # Windows ends a program that does not answer for five seconds
_ROUNDS = 5

_log = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """Everything that the user sees. Lives as long as the program."""

    painted = Signal()  # once, after the first paint
    tabs_loaded = Signal()  # once, when every tab is there

    def __init__(
        self, runs_root: Path | None = None, make_work: MakeWork = work_for, *, opens_at_once: bool = False
    ) -> None:
        """`runs_root`: where runs are kept, otherwise as the settings say. `make_work` stands in for core in tests.

        With `opens_at_once` the tabs but Train are made when they are first looked at or asked for, or by
        `start_engine`: what they import takes several times as long as the rest of the window.
        """
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle("SkinKD")
        self.settings = SettingsKeeper(runs_root, self)
        self._was_painted = self._engine_started = self._engine_ready = False
        self._closing = self._leaving = self._may_close = False
        self._loading_tabs = JobSlot(self, ended=self._load_engine)
        self._loading_engine = JobSlot(
            self, reported=self._on_loading, succeeded=self._on_loaded, failed=self._on_load_failed
        )
        self._to_open: list[Path] = []
        self.queue_keeper = QueueKeeper(self.runs_root, self)
        self.queue = TrainingQueue(self._conditions(), make_work, self)
        self.tabs = Tabs(self.queue, self.runs_root, self)
        self.tour = Tour(self.tabs, self)
        middle = QWidget(self)
        column_of((self.tabs, 1), self.tour, on=middle, margins=0, spacing=0)
        self.setCentralWidget(middle)
        self.status = StatusBar(self.queue, self.train_tab.live, self)
        self.setStatusBar(self.status)
        self.commands = WindowActions(self, self.tabs, self.settings, self.tour)
        self.menus = Menus(self, self.tabs, self.queue, self.commands)
        self.menus.themes[self.settings.current.theme].setChecked(True)
        self._connect()
        self._restore_geometry()
        self.tabs.make_when_looked_at()
        if not opens_at_once:
            self.tabs.make_all()
        self.notifier = Notifier(self)
        self.notifier.enabled = self.settings.current.notify
        self.notifier.clicked.connect(self.come_forward)
        self.queue_keeper.told.connect(self.train_tab.tell)
        self.queue_keeper.keep(self.queue)
        self._show_queue(self.queue.state)

    @property
    def runs_root(self) -> Path:
        """The folder of runs."""
        return self.settings.runs_root

    @property
    def engine_ready(self) -> bool:
        """Whether everything heavy has been loaded."""
        return self._engine_ready

    @property
    def train_tab(self) -> TrainTab:
        """The tab Train."""
        return self.tabs.train

    @property
    def classify_tab(self) -> ClassifyTab:
        """The tab Classify."""
        return self.tabs.classify

    @property
    def results_tab(self) -> ResultsTab:
        """The tab Results."""
        return self.tabs.results

    def _connect(self) -> None:
        self.painted.connect(self.train_tab.refresh)
        self.settings.runs_root_changed.connect(self._move_runs_root)
        self.settings.changed.connect(self._apply_settings)
        self.tabs.level_chosen.connect(self._keep_level)
        self.tabs.results_made.connect(self._add_to_run_menu)
        self.queue.changed.connect(self._show_queue)
        self.queue.run_finished.connect(self._on_run_ended)
        self.queue.run_stopped.connect(self._on_run_ended)
        self.queue.failed.connect(self._on_run_ended)

    @Slot(object)
    def _add_to_run_menu(self, results: ResultsTab) -> None:
        bar = results.bar
        self.menus.add_to_run(bar.report, bar.statement, bar.export_model, bar.export_run)

    @Slot(object)
    def open_path(self, path: Path) -> None:
        """Open a run or model that the user opened outside of the window, as soon as the tabs are there."""
        if self.tabs.all_made:
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
        if self._engine_started or self._closing:
            return
        self._engine_started = True
        self.status.show_loading("Loading...")
        self._loading_tabs.start(load_tabs)

    @Slot()
    def _load_engine(self) -> None:
        """The modules of the tabs are there, so making the tabs takes a moment only; then the heavy libraries."""
        if self._closing:
            return
        self.tabs.make_all()
        self.tabs_loaded.emit()
        for path in self._to_open:
            self.commands.open_given(path)
        self._to_open.clear()
        self._loading_engine.start(load_engine)

    @Slot(object)
    def _on_loading(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.status.show_loading(event.text)
        elif isinstance(event, ModelsReady):
            self.classify_tab.load_model()

    @Slot(object)
    def _on_loaded(self, engine: Engine) -> None:
        self._engine_ready = True
        remember_device(engine.device.device)
        self.status.show_engine(engine)

    @Slot(object)
    def _on_load_failed(self, error: SkinKDError) -> None:
        self.status.show_engine_failure(error.title)
        show_error(self, error)

    # --- the queue ---

    @Slot(object)
    def _show_queue(self, state: QueueState) -> None:
        at_work = state.current is not None
        self.menus.pause.setText("&Go on" if state.paused else "&Pause")
        self.menus.pause.setEnabled(at_work and not state.stopping)
        self.menus.stop.setEnabled(at_work and not state.stopping)
        self.menus.start_waiting.setEnabled(state.can_start)
        self.setWindowTitle(f"SkinKD: {self.train_tab.live.progress.name}" if at_work else "SkinKD")
        if self._closing and not at_work:
            self._finish_closing()

    @Slot(object)
    def _on_run_ended(self, how: RunSummary | RunStopped | RunFailure) -> None:
        self.tabs.refresh_results()
        self.tabs.refresh_models()
        if not isinstance(how, RunStopped):  # by the user, who knows
            self.notifier.tell(end_notice(how).text)

    # --- settings ---

    def _conditions(self) -> Conditions:
        return Conditions(self.runs_root, self.settings.current.threads_left, self.queue_keeper.note)

    @Slot(object)
    def _apply_settings(self, change: SettingsChange) -> None:
        before, after = change.before, change.after
        if (before.theme, before.text_percent) != (after.theme, after.text_percent):
            theme().apply(after.theme, after.text_percent)
            self.menus.themes[after.theme].setChecked(True)
        self.queue.configure(self._conditions())
        self.notifier.enabled = after.notify
        if self.tabs.classify_if_made is not None:
            self.tabs.classify_if_made.apply_settings(after)

    @Slot(float)
    def _keep_level(self, level: float) -> None:
        self.settings.change(replace(self.settings.current, level=level))

    @Slot(object)
    def _move_runs_root(self, root: Path) -> None:
        """Work with another folder of runs; the run at work stays in its own."""
        self.queue_keeper.move(root)
        self.tabs.set_runs_root(root)

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
            if not self._leaving and self._ask_about_reviews():
                event.ignore()
                return
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
            self._leave()
        elif not self._closing:
            self._closing = True
            self.status.show_loading("Closing: the checkpoint is being written...")
            patience = QTimer(self, singleShot=True, interval=_PATIENCE_MILLISECONDS)
            patience.timeout.connect(self._finish_closing)
            patience.start()
            self.queue.close()

    @Slot()
    def save_session(self) -> None:
        """The user logs out: stop the run with a checkpoint, and ask nothing. The system ends the program afterwards;
        where the logout is called off, *Start* goes on with the queue."""
        if not self.queue.suspend(_SESSION_MILLISECONDS):
            _log.warning("the run did not end in time for the end of the session; it goes on from its last checkpoint")

    def _ask_to_close(self) -> None:
        name = self.train_tab.live.progress.name
        waiting = len(self.queue.state.waiting)
        runs = "waiting run" if waiting == 1 else f"{waiting} waiting runs"
        then = "wait until the next start" if self.queue_keeper.keeps else "be forgotten"
        more = f" The {runs} will {then}." if waiting else ""
        question = Question(
            "closeQuestion",
            "SkinKD",
            f"{name} is still at work.",
            f"Stop it and close? It can be resumed later where it stands.{more}",
            QuestionButton("Stop and close", "stopAndCloseButton"),
            QuestionButton("Keep training", "keepTrainingButton"),
        )
        ask(self, question).accepted.connect(self.close_without_asking)

    def _ask_about_reviews(self) -> bool:
        """Ask whether reviews that were not saved may be lost; False where there are none."""
        tab = self.tabs.classify_if_made
        count = 0 if tab is None else tab.unsaved_reviews
        if not count:
            return False
        question = Question(
            "unsavedReviewsQuestion",
            "SkinKD",
            f"Your reviews of {count:,} images are not saved.",
            "Close all the same? Sessions... on the tab Classify saves them, Export... writes them as a table.",
            QuestionButton("Close without saving", "closeUnsavedButton"),
            QuestionButton("Go back", "keepReviewsButton"),
        )
        ask(self, question).accepted.connect(self._leave)
        return True

    @Slot()
    def _leave(self) -> None:
        self._leaving = True
        self.close()

    @Slot()
    def _finish_closing(self) -> None:
        if not self._may_close:
            # Closed while it is visible: Qt ends the program only when a visible window was the last to close.
            self._leave()

    def _end_everything(self) -> None:
        """Keep the geometry, then leave no job running."""
        self._may_close = self._closing = True
        self._keep_geometry()
        for window in (self, *self.findChildren(QDialog)):
            window.hide()  # what still takes a moment happens out of sight
        self.notifier.shut_down()
        self.tabs.shut_down()
        for _ in range(_ROUNDS):
            if not shut_down_all():
                _log.error("a job did not end in time")
            QCoreApplication.sendPostedEvents()  # a view may answer the end of one job by starting the next
            if not running_jobs():
                break
        self.queue_keeper.close()
