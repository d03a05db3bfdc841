"""The Train tab: what to do first, the run at work, the runs that wait, and those to go on with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Event, Level, Notice, Progress
from core.quantities import fraction
from core.runs.status import RunSummary
from skinkd_gui.training.live_view import LiveView
from skinkd_gui.training.queue import QueueState, RunFailure, RunStopped, TrainingQueue
from skinkd_gui.training.side_panel import Notices, UnfinishedRuns, WaitingRuns
from skinkd_gui.training.work import UnfinishedStudy, unfinished_studies
from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.fitting import Scrolled, ScrolledBody, follow_text, in_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, row_of
from skinkd_gui.widgets.parts import slim_bar
from skinkd_gui.widgets.theme import accent_icon, theme
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from core.recipe import Recipe
    from skinkd_gui.training.wizard.dialog import WizardResult

_FIRST_TITLE = "Train your first model"
_FIRST_TEXT = (
    "SkinKD turns a large classifier of skin lesions, the teacher, into a small one, the student, that runs on any "
    "computer. Choose a folder with labelled lesion images and the assistant leads you through the rest: it checks "
    "the images, proposes settings and tells beforehand how long it will take.\n\n"
    "No images at hand? Try everything with generated ones."
)
_IDLE_TITLE = "Nothing is being trained"
_IDLE_TEXT = "Start a new training, or go on with an unfinished run. Finished runs are in the Results tab."
_SIDE_WIDTH = 300  # pixels at 100 % of text
_SEARCHING_TEXT = "Looking for your runs..."


@dataclass(frozen=True)
class _ListedRuns:
    """What the runs folder holds; `any_run` is None until somebody looked."""

    any_run: bool | None = None
    unfinished: tuple[RunSummary, ...] = ()
    studies: tuple[UnfinishedStudy, ...] = ()


class _Side(Scrolled):
    """The lists: as wide as they like to be, unless the run at work needs the space."""

    def sizeHint(self) -> QSize:
        """The same width whatever they list."""
        return QSize(in_text(_SIDE_WIDTH), super().sizeHint().height())


class TrainTab(QWidget):
    """Owns the training queue's view; the queue itself belongs to the window."""

    results_requested = Signal(object)  # Path of a run folder

    def __init__(self, queue: TrainingQueue, runs_root: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("trainTab")
        self._queue = queue
        self._runs_root = runs_root
        self._listed = _ListedRuns()
        self._shown_once = False
        self._ends: list[Notice] = []  # how the runs of this session ended
        self._listing = JobSlot(self, succeeded=self._on_listed, ended=self._on_list_ended)
        self._sampling = JobSlot(
            self,
            reported=self._on_sample_progress,
            succeeded=self._on_sample_ready,
            failed=self._on_sample_failed,
            ended=self._on_sample_ended,
        )
        self._make_widgets()
        self._lay_out()
        queue.changed.connect(self._on_changed)
        queue.reported.connect(self._on_reported)
        queue.run_finished.connect(self._on_run_ended)
        queue.run_stopped.connect(self._on_run_ended)
        queue.failed.connect(self._on_run_ended)
        self.unfinished.resume_requested.connect(self.resume_run)
        self.unfinished.changes_requested.connect(self.ask_changes)
        self.unfinished.study_requested.connect(self.resume_study)
        self.live.results_requested.connect(self.results_requested)
        self.live.change_requested.connect(self.open_recipe)
        theme().changed.connect(self._restyle)
        self._restyle()
        self._arrange()

    def _make_widgets(self) -> None:
        self.empty = EmptyState("train", _FIRST_TITLE, _FIRST_TEXT, self)
        self.new_button = self.empty.add_button("New training...", "newTrainingButton", self.open_wizard, primary=True)
        self.sample_button = self.empty.add_button(
            "Try with the built-in sample images", "trySampleButton", self.try_sample
        )
        self._sample_bar = slim_bar("sampleProgress", "Writing the sample images", self)
        self._sample_bar.hide()
        self._sample_label = make_label("", "muted", self)
        self._sample_label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.live = LiveView(self._queue, self)
        self.waiting = WaitingRuns(self._queue, self)
        self.unfinished = UnfinishedRuns(self)
        self.notices = Notices(self)

    def _lay_out(self) -> None:
        first = QWidget(self)
        column_of((self.empty, 1), self._sample_label, self._sample_bar, on=first)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(first)
        self._stack.addWidget(Scrolled(self.live, "liveScroll", self))
        lists = ScrolledBody(self)
        self._side = _Side(lists, "trainSide", self)
        follow_text(self._side, "setMaximumWidth", _SIDE_WIDTH)
        self._side_column = QVBoxLayout(lists)
        self._side_column.setContentsMargins(0, 0, 0, 0)
        self._side_column.setSpacing(10)
        self._side_column.addWidget(self.waiting)
        self._side_column.addWidget(self.unfinished)
        self._side_column.addWidget(self.notices, 1000)
        self._side_column.addStretch(1)  # keeps the others at the top while there are no notices
        row_of((self._stack, 1), self._side, on=self, margins=(16, 14, 16, 12), spacing=14)

    # --- what the user asks for ---

    @Slot()
    def open_wizard(self) -> None:
        """The assistant for a new training."""
        self._open_wizard()

    def open_recipe(self, recipe: Recipe) -> None:
        """The assistant, starting from a recipe."""
        self._open_wizard(recipe=recipe)

    def _open_wizard(self, data_path: str = "", recipe: Recipe | None = None) -> None:
        from core.recipe import preset
        from skinkd_gui.training.suited import suited_preset
        from skinkd_gui.training.wizard.dialog import TrainingWizard
        from skinkd_gui.training.wizard.draft import load_draft

        draft = load_draft() if recipe is None and not data_path else None
        recipe = preset(suited_preset()) if recipe is None else recipe
        wizard = TrainingWizard(self, self._runs_root, data_path, recipe, draft)
        wizard.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        wizard.accepted_plan.connect(self._start)
        wizard.open()

    def set_runs_root(self, runs_root: Path) -> None:
        """Look at another folder of runs."""
        self._runs_root = runs_root
        self.refresh()

    @Slot()
    def try_sample(self) -> None:
        """Write the built-in sample set where it is missing, then open the assistant with it."""
        if self._sampling.running:
            return
        self.sample_button.setEnabled(False)
        self._sample_label.setText("Writing the sample images...")
        self._sample_bar.setRange(0, 0)
        self._sample_bar.show()
        from skinkd_gui.training.wizard.data_jobs import write_sample

        self._sampling.start(write_sample)

    @Slot(object)
    def resume_run(self, folder: Path) -> None:
        """Put an unfinished run into the queue."""
        name = next((run.status.name for run in self._listed.unfinished if run.folder == folder), "")
        self._queue.add_resume(folder, name)

    @Slot(object)
    def ask_changes(self, folder: Path) -> None:
        """Ask where the data and the teacher of an unfinished run are now and what else changes, then go on with it."""
        from skinkd_gui.training.resume_dialog import ResumeDialog

        try:
            dialog = ResumeDialog(self, folder)
        except SkinKDError as error:
            show_error(self, error)
            return
        dialog.amended.connect(self.resume_run)
        dialog.open()

    def resume_newest(self) -> None:
        """Put the newest unfinished run into the queue, if there is one."""
        if self.unfinished_runs:
            self.resume_run(self.unfinished_runs[0].folder)

    @property
    def unfinished_runs(self) -> tuple[RunSummary, ...]:
        """Runs that can be resumed and are not in the queue, newest first."""
        queued = {folder for run in self._queue.state.entries for folder in run.folders}
        return tuple(run for run in self._listed.unfinished if run.folder not in queued)

    def refresh(self) -> None:
        """Look for unfinished runs, in a thread."""
        root = self._runs_root

        def work(emit: Emit, token: CancelToken) -> _ListedRuns:
            from core.runs.listing import list_runs

            runs = list_runs(root)
            studies = unfinished_studies(root)
            slugs = {study.folder.name for study in studies}  # their runs are gone on with by the study
            alone = tuple(run for run in runs if run.resumable and run.annotations.study not in slugs)
            return _ListedRuns(bool(runs), alone, studies)

        self._listing.start_next(work)

    @Slot(object)
    def _start(self, result: WizardResult) -> None:
        if not result.studies:
            self._queue.add(result.recipe, result.name)
            return
        from core.study.folder import create_study, with_free_name

        for one in result.studies:
            try:
                study = replace(one, base=self._queue.under_conditions(one.base))
                study = with_free_name(study, self._runs_root)
                folder = create_study(study, self._runs_root)
            except (SkinKDError, OSError) as error:
                show_error(self, error if isinstance(error, SkinKDError) else _not_written(error))
                return
            self._queue.add_study(folder.path, study.name)

    @Slot(object)
    def resume_study(self, folder: Path) -> None:
        """Put an unfinished study into the queue."""
        from core.study.folder import StudyFolder

        try:
            self._queue.add_study(folder, StudyFolder(folder).study().name)
        except SkinKDError as error:
            show_error(self, error)

    def tell(self, notice: Notice) -> None:
        """Show a notice that stays while the window is open."""
        self._ends.append(notice)
        self._show_notices()
        self._arrange()

    # --- what happens ---

    @Slot(object)
    def _on_changed(self, state: QueueState) -> None:
        if state.current is not None:
            self._shown_once = True
        self._show_notices()
        self._arrange()

    @Slot(object)
    def _on_reported(self, event: Event) -> None:
        if isinstance(event, Notice):
            self._show_notices()

    @Slot(object)
    def _on_run_ended(self, how: RunSummary | RunStopped | RunFailure) -> None:
        """How a run ended stays in the notices while the next ones work."""
        self._ends.append(end_notice(how))
        self._show_notices()
        self.refresh()

    def _show_notices(self) -> None:
        self.notices.show_notices([*self._ends, *self.live.progress.notices])

    @Slot(object)
    def _on_listed(self, listed: _ListedRuns) -> None:
        self._listed = listed
        self._arrange()

    @Slot()
    def _on_list_ended(self) -> None:
        if self._listed.any_run is None:  # they could not be listed; Results says why
            self._listed = _ListedRuns(any_run=True)
            self._arrange()

    @Slot(object)
    def _on_sample_progress(self, event: Event) -> None:
        if isinstance(event, Progress) and event.total:
            self._sample_bar.setRange(0, event.total)
            self._sample_bar.setValue(event.done)
            self._sample_label.setText(f"Writing the sample images: {event.done} of {event.total}")

    @Slot(object)
    def _on_sample_ready(self, folder: Path) -> None:
        from core.recipe import Preset, preset

        self._open_wizard(str(folder), preset(Preset.QUICK))

    @Slot(object)
    def _on_sample_failed(self, error: SkinKDError) -> None:
        show_error(self, error)

    @Slot()
    def _on_sample_ended(self) -> None:
        self.sample_button.setEnabled(True)
        self._sample_label.setText("")
        self._sample_bar.hide()

    # --- drawing ---

    def _arrange(self) -> None:
        """Show what fits: the first steps, an idle page or the live view; with the lists where there is something."""
        state = self._queue.state
        queued = {run.study for run in state.entries}
        studies = [study for study in self._listed.studies if study.folder not in queued]
        self.unfinished.show_runs(self.unfinished_runs, studies)
        live = self._shown_once and self.live.worth_showing
        self._stack.setCurrentIndex(1 if live else 0)
        self.empty.set_text(*self._idle_words(bool(state.waiting)))
        lists = (self.waiting, self.unfinished, self.notices)
        self._side.setVisible(live or not all(part.isHidden() for part in lists))
        self._position_new_button(at_side=live)

    def _idle_words(self, waiting: bool) -> tuple[str, str]:
        """Title and text of the page without a training."""
        if self._listed.any_run or waiting or self._ends:
            return _IDLE_TITLE, _IDLE_TEXT
        return (_IDLE_TITLE, _SEARCHING_TEXT) if self._listed.any_run is None else (_FIRST_TITLE, _FIRST_TEXT)

    def _position_new_button(self, at_side: bool) -> None:
        """There is one button for a new training: in the middle while nothing works, above the lists otherwise."""
        if at_side and self._side_column.indexOf(self.new_button) < 0:
            self._side_column.insertWidget(0, self.new_button)
        elif not at_side:
            self.empty.insert_first(self.new_button)

    @Slot()
    def _restyle(self) -> None:
        self.new_button.setIcon(accent_icon("add"))


def _not_written(error: OSError) -> SkinKDError:
    return SkinKDError("The study could not be begun", "Its folder could not be written.", str(error))


def end_notice(how: RunSummary | RunStopped | RunFailure) -> Notice:
    """How a run ended, in a sentence."""
    if isinstance(how, RunFailure):
        return Notice(f"{how.run.name} failed: {how.error.title}. {how.error.summary}", Level.WARNING)
    if isinstance(how, RunStopped):
        if how.waits:
            return Notice(f"{how.run.name} was stopped and waits in the list.")
        return Notice(f"{how.run.name} was {'stopped' if how.folder else 'taken out before it had begun'}.")
    score = f", weighted F1 {fraction(how.scores.weighted_f1)}" if how.scores is not None else ""
    return Notice(f"{how.status.name} is finished{score}.")
