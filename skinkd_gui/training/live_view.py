"""The run at work: what is done, how far it is, how long it takes, how good it is so far."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QWidget

from core.errors import SkinKDError
from core.events import Event, Level, Notice, RunStarted
from core.quantities import fraction
from core.runs.status import RunSummary
from skinkd_gui.training import facts
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.facts_grid import FactsGrid
from skinkd_gui.training.live_charts import LiveCharts
from skinkd_gui.training.progress import RunProgress
from skinkd_gui.training.queue import QueueState, RunFailure, RunStopped, TrainingQueue
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.fitting import ScrolledBody, follow_text
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import column_of, row_of
from skinkd_gui.widgets.parts import delay, make_button, slim_bar
from skinkd_gui.widgets.theme import icon, theme
from skinkd_gui.workers.memory import memory_text

_STEPS = 1000
_REFRESH_MILLISECONDS = 250
_CHARTS_HEIGHT = 190  # pixels at 100 % of text, at least
_FACTS = (
    ("epoch", "Epoch"),
    ("speed", "Images per second"),
    ("left", "Time left, at most"),
    ("loss", "Loss"),
    ("label_loss", "Loss from the labels"),
    ("teacher_loss", "Loss from the teacher"),
    ("accuracy", "Best accuracy so far"),
    ("f1", "Weighted F1 of that epoch"),
    ("patience", "Patience left"),
)


class LiveView(ScrolledBody):
    """Listens to a queue; draws at most four times a second, however often the run reports."""

    results_requested = Signal(object)  # Path: the folder of the run whose results the user wants to see
    change_requested = Signal(object)  # Recipe of a failed run that the user wants to correct

    def __init__(self, queue: TrainingQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("liveView")
        self._queue = queue
        self._progress = RunProgress("")
        self._state = queue.state
        self._result_folder: Path | None = None
        self._error: SkinKDError | None = None
        self._failed: QueuedRun | None = None
        self._make_widgets()
        self._lay_out()
        self._refresh_timer = delay(self, self._refresh, _REFRESH_MILLISECONDS)
        queue.changed.connect(self._on_changed)
        queue.reported.connect(self._on_reported)
        queue.run_finished.connect(self._on_finished)
        queue.run_stopped.connect(self._on_stopped)
        queue.failed.connect(self._on_failed)
        theme().changed.connect(self._restyle)
        self._restyle()

    @property
    def progress(self) -> RunProgress:
        """What is known of the run shown."""
        return self._progress

    @property
    def worth_showing(self) -> bool:
        """Whether there is more to see than that a run was stopped before its first epoch."""
        known = self._progress.history or self._result_folder or self._error
        return self._state.current is not None or bool(known)

    # --- construction ---

    def _make_widgets(self) -> None:
        self._title = make_label("", "title", self, wrap=True, name="runTitle")
        self._plan = make_label("", "muted", self, wrap=True)
        queue = self._queue
        self.pause_button = make_button("Pause", "pauseButton", self, queue.toggle_pause, accessible="Pause the run")
        self.stop_button = make_button(
            "Stop",
            "stopButton",
            self,
            queue.stop_current,
            accessible="Stop the run; it can be resumed later",
            tip="Stops within a batch and keeps a checkpoint: the run can be resumed later.",
        )
        self.stop_button.setProperty("danger", True)
        self.banner = Banner(self)
        self.banner.setObjectName("runBanner")
        self._results_button = self.banner.add_button("See the results", "seeResultsButton")
        self._results_button.setProperty("primary", True)
        self._results_button.clicked.connect(self._ask_for_results)
        self._change_button = self.banner.add_button("Change settings...", "changeSettingsButton")
        self._change_button.setToolTip("Open the assistant with the settings of this run, to correct and start them")
        self._change_button.clicked.connect(self._ask_for_change)
        self._details_button = self.banner.add_button("Details...", "runErrorDetailsButton", self._show_details)
        self._phase = make_label("", "heading", self, wrap=True, name="phaseLabel")
        self._phase_help = make_label("", "muted", self, wrap=True)
        self._overall = make_label("", "muted", self, name="overallLabel")
        self.run_bar = slim_bar("trainingProgress", "Progress of the whole run", self, _STEPS)
        self.phase_bar = slim_bar("phaseProgress", "Progress of the present step", self, _STEPS)
        self._memory = make_label("", "small", self, name="runMemoryLabel")
        self.charts = LiveCharts(self)
        follow_text(self.charts, "setMinimumHeight", _CHARTS_HEIGHT)

    def _lay_out(self) -> None:
        layout = column_of(
            row_of(
                (self._title, 1),
                (self.pause_button, 0, Qt.AlignmentFlag.AlignTop),
                (self.stop_button, 0, Qt.AlignmentFlag.AlignTop),
            ),
            self._plan,
            self.banner,
            on=self,
            margins=0,
            spacing=10,
        )
        self._work_card = self._make_work_card()
        layout.addWidget(self._work_card)
        self._facts_card = self._make_facts_card()
        layout.addWidget(self._facts_card)
        layout.addWidget(self.charts, 1)
        layout.addStretch(0)

    def _make_work_card(self) -> QFrame:
        card = _card(self)
        grid = column_of(on=card, margins=(14, 10, 14, 12), spacing=5)
        top = row_of((self._phase, 1), self._overall)
        grid.addLayout(top)
        grid.addWidget(self.run_bar)
        self.phase_bar.setProperty("slim", False)
        self.phase_bar.setProperty("thin", True)
        grid.addWidget(self.phase_bar)
        grid.addWidget(self._phase_help)
        return card

    def _make_facts_card(self) -> QFrame:
        card = _card(self)
        self._facts = FactsGrid(_FACTS, card)
        column_of(self._facts, self._memory, on=card, margins=(14, 10, 14, 10), spacing=6)
        return card

    # --- the queue speaks ---

    @Slot(object)
    def _on_changed(self, state: QueueState) -> None:
        started = state.current is not None and state.current is not self._state.current
        self._state = state
        if started and state.current is not None:
            self._begin(state.current.name)
        self._show_state()

    def _begin(self, name: str) -> None:
        self._progress = RunProgress(name)
        self._result_folder = self._error = None
        self.charts.set_history(())
        self.banner.show_message("")
        self._refresh()

    @Slot(object)
    def _on_reported(self, event: Event) -> None:
        self._progress.feed(event)
        if isinstance(event, RunStarted):
            self._recall(event.folder)
        if not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _recall(self, folder: Path) -> None:
        """A resumed run has epochs behind it."""
        from core.runs.folder import RunFolder

        try:
            self._progress.recall(RunFolder(folder).history())
        except SkinKDError as error:
            self._progress.feed(Notice(f"{error.title}: {error.summary}", Level.WARNING))
        self.charts.set_history(tuple(self._progress.history))

    @Slot(object)
    def _on_finished(self, summary: RunSummary) -> None:
        self._result_folder = summary.folder
        scores = summary.scores
        text = f"{summary.status.name} is finished."
        if scores is not None:
            accuracy, weighted_f1 = fraction(scores.accuracy), fraction(scores.weighted_f1)
            text += f" On the test images: accuracy {accuracy}, weighted F1 {weighted_f1}."
        else:
            text += " It was not scored: there are no test images."
        self._tell(text, "success")

    @Slot(object)
    def _on_stopped(self, stopped: RunStopped) -> None:
        name = self._progress.name or stopped.run.name
        if stopped.waits:
            self._tell(f"{name} was stopped. It waits in the list: start it there to go on.", "info")
        elif stopped.folder is None:
            self._tell(f"{name} was taken out before it had begun.", "info")
        else:
            self._tell(
                f"{name} was stopped. It can be resumed where it stood, from the list of unfinished runs.", "info"
            )

    @Slot(object)
    def _on_failed(self, failure: RunFailure) -> None:
        self._error, self._failed = failure.error, failure.run
        self._tell(f"{self._progress.name or failure.run.name} failed. {failure.error.summary}", "error")

    def _tell(self, text: str, kind: str) -> None:
        self._refresh()
        self._details_button.setVisible(kind == "error")
        self._change_button.setVisible(kind == "error")
        self._results_button.setVisible(kind == "success")
        self.banner.show_message(text, kind)

    # --- drawing ---

    def _show_state(self) -> None:
        state = self._state
        at_work = state.current is not None
        self._work_card.setVisible(at_work)
        for part in (self._facts_card, self.charts):  # a run that failed early has nothing to show
            part.setVisible(at_work or bool(self._progress.history))
        self.pause_button.setVisible(at_work)
        self.stop_button.setVisible(at_work)
        self.pause_button.setEnabled(not state.stopping)
        self.pause_button.setText("Resume" if state.paused else "Pause")
        self.pause_button.setAccessibleName("Let the run go on" if state.paused else "Pause the run")
        self.stop_button.setEnabled(not state.stopping)
        self.stop_button.setText("Stopping..." if state.stopping else "Stop")
        if at_work and state.stopping:
            self._tell_work("Stopping: the checkpoint is being written. The run can be resumed later.")
        elif at_work and state.paused:
            self._tell_work("Paused. The run waits here; the checkpoint is on disk.")
        elif at_work:
            self._tell_work("")
        self._restyle()
        self._refresh()

    def _tell_work(self, text: str) -> None:
        self._details_button.hide()
        self._change_button.hide()
        self._results_button.hide()
        self.banner.show_message(text, "info")

    @Slot()
    def _refresh(self) -> None:
        progress = self._progress
        self._title.setText(breakable(progress.name))
        plan = facts.plan_text(progress) if self._state.current is not None else ""
        self._plan.setText(breakable(plan))
        self._plan.setVisible(bool(plan))
        self._phase.setText(facts.phase_title(progress))
        self._phase_help.setText(facts.phase_help(progress))
        self._overall.setText(facts.overall_text(progress))
        self.run_bar.setValue(round(progress.fraction * _STEPS))
        part = progress.phase_fraction
        self.phase_bar.setRange(0, 0 if part is None and not self._state.paused else _STEPS)
        self.phase_bar.setValue(round((part or 0.0) * _STEPS))
        self._show_facts()
        self.charts.set_history(tuple(progress.history))

    def _show_facts(self) -> None:
        progress = self._progress
        at_work = self._state.current is not None
        loss, label_loss, teacher_loss = facts.losses(progress)
        accuracy, weighted_f1 = facts.best(progress)
        texts = {
            "epoch": facts.epoch(progress),
            "speed": facts.speed(progress) if at_work else "–",
            "left": facts.time_left(progress) if at_work else "–",
            "loss": loss,
            "label_loss": label_loss,
            "teacher_loss": teacher_loss,
            "accuracy": accuracy,
            "f1": weighted_f1,
            "patience": facts.patience(progress),
        }
        self._facts.show_texts(texts)
        self._memory.setText(memory_text() if at_work else "")
        self._memory.setVisible(at_work)

    @Slot()
    def _restyle(self) -> None:
        self.pause_button.setIcon(icon("play" if self._state.paused else "pause"))
        self.stop_button.setIcon(icon("stop"))

    # --- the user acts ---

    @Slot()
    def _ask_for_results(self) -> None:
        if self._result_folder is not None:
            self.results_requested.emit(self._result_folder)

    @Slot()
    def _ask_for_change(self) -> None:
        from core.runs.folder import RunFolder

        run = self._failed
        try:
            recipe = run.recipe or (RunFolder(run.folder).recipe() if run.folder else None) if run else None
        except SkinKDError as error:
            show_error(self, error)
            return
        if recipe is not None:
            self.change_requested.emit(recipe)

    @Slot()
    def _show_details(self) -> None:
        if self._error is not None:
            show_error(self, self._error)


def _card(parent: QWidget) -> QFrame:
    frame = QFrame(parent)
    frame.setProperty("role", "card")
    return frame
