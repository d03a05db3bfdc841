"""The wizard's frame: list of steps, pages, Back, Next, Start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from core.quantities import moment
from core.recipe import Recipe
from core.study.definition import Study
from skinkd_gui.training.wizard import flow
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.cost_page import CostPage
from skinkd_gui.training.wizard.data_page import DataPage
from skinkd_gui.training.wizard.draft import WizardDraft, discard_draft, save_draft
from skinkd_gui.training.wizard.labels_page import LabelsPage
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.review_page import ReviewPage
from skinkd_gui.training.wizard.schedule_page import SchedulePage
from skinkd_gui.training.wizard.state import WizardStep
from skinkd_gui.training.wizard.student_page import StudentPage
from skinkd_gui.training.wizard.task_page import TaskPage
from skinkd_gui.training.wizard.teacher_page import TeacherPage
from skinkd_gui.undo import add_undo_stack
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.fitting import FittingDialog, in_text
from skinkd_gui.widgets.labels import make_label, plain_tip
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.theme import coloured_icon, colours, theme
from skinkd_gui.workers.job_slot import shut_down_jobs

_SIZE = QSize(1100, 720)


@dataclass(frozen=True)
class WizardResult:
    """What the user decided: the recipe, and the name of the run (of the last one, when a teacher comes first);
    or studies of that name, whose base the recipe is."""

    recipe: Recipe
    name: str
    studies: tuple[Study, ...] = ()


class TrainingWizard(FittingDialog):
    """From a folder of images to a recipe, in eight steps."""

    accepted_plan = Signal(object)  # WizardResult, once, when Start is pressed

    def __init__(
        self,
        parent: QWidget | None,
        runs_root: Path,
        data_path: str = "",
        recipe: Recipe | None = None,
        draft: WizardDraft | None = None,
    ) -> None:
        """Begins with a recipe, the paper's without one, or with what was chosen before in a `draft`; `data_path`,
        where not empty, wins over the recipe's."""
        super().__init__(parent)
        self.setObjectName("trainingWizard")
        self.setWindowTitle("New training")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint, True)
        self.undo_stack = add_undo_stack(self)
        self._fresh = wizard_state.initial_state(recipe, data_path)
        self._saved = self._fresh if draft is None else draft.state  # what the disk has, or need not have
        self.model = WizardModel(self._saved, self)
        self.pages: dict[WizardStep, WizardPage] = {
            WizardStep.DATA: DataPage(self.model),
            WizardStep.LABELS: LabelsPage(self.model),
            WizardStep.TASK: TaskPage(self.model, runs_root),
            WizardStep.TEACHER: TeacherPage(self.model),
            WizardStep.STUDENT: StudentPage(self.model),
            WizardStep.SCHEDULE: SchedulePage(self.model),
            WizardStep.COST: CostPage(self.model, runs_root),
            WizardStep.REVIEW: ReviewPage(self.model, runs_root),
        }
        self._build()
        self._current: WizardStep | None = None
        self.model.changed.connect(self._refresh)
        theme().changed.connect(self._refresh)
        if draft is not None:
            self._recalled.show_message(f"Here is what you had chosen when you left, {moment(draft.saved)}.")
        self._refresh()
        self.resize_in_text(_SIZE)

    # --- building ---

    def _build(self) -> None:
        self.steps = named(QListWidget(), "wizardSteps", "Steps")
        self.steps.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.steps.setWordWrap(True)
        self.steps.setIconSize(QSize(in_text(18), in_text(18)))
        widest = 0
        for number, step in enumerate(WizardStep, 1):
            item = QListWidgetItem(f"{number}  {step.value}")
            item.setSizeHint(QSize(0, in_text(38)))
            self.steps.addItem(item)
            widest = max(widest, self.steps.fontMetrics().horizontalAdvance(item.text()))
        self.steps.setFixedWidth(widest + 44)
        self.steps.currentRowChanged.connect(self._on_step_chosen)
        self._title = make_label("", "title", name="wizardTitle")
        self._stack = QStackedWidget()
        for page in self.pages.values():
            self._stack.addWidget(page)
        self._recalled = Banner(self)
        self._recalled.setObjectName("wizardDraftBanner")
        self._recalled.add_button("Begin anew", "wizardAnewButton", self._begin_anew)
        right = column_of(self._title, self._recalled, (self._stack, 1), spacing=8)
        middle = row_of(self.steps, (right, 1), spacing=18)
        column_of((middle, 1), self._make_buttons(), on=self, margins=(14, 14, 14, 12), spacing=12)

    def _make_buttons(self) -> QHBoxLayout:
        self._message = QLabel()
        self._message.setObjectName("wizardMessage")
        self._message.setWordWrap(True)
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        tip = "What you chose is there again when you open the assistant next time"
        self.cancel_button = make_button("Cancel", "wizardCancelButton", clicked=self.reject, tip=tip)
        self.back_button = make_button("&Back", "backButton", clicked=self._go_back)
        self.next_button = make_button("&Next", "nextButton", clicked=self._go_on, primary=True)
        self.start_button = make_button("&Start", "startButton", clicked=self._start, primary=True)
        back = (
            (self.undo_stack.createUndoAction(self, "Undo"), QKeySequence.StandardKey.Undo),
            (self.undo_stack.createRedoAction(self, "Redo"), QKeySequence.StandardKey.Redo),
        )
        tools = [self._tool(action, key) for action, key in back]
        buttons = (self.cancel_button, self.back_button, self.next_button, self.start_button)
        return row_of(*tools, (self._message, 1), *buttons)

    def _tool(self, action: QAction, key: QKeySequence.StandardKey) -> QToolButton:
        """A button whose tip says what would be undone or done again."""
        word = action.text()
        action.setShortcuts(QKeySequence.keyBindings(key))
        action.setIconText(word)
        tool = named(QToolButton(), f"wizard{word}Button", word)
        tool.setDefaultAction(action)
        return tool

    # --- moving ---

    @Slot()
    def _go_on(self) -> None:
        following = flow.next_step(self.model.state)
        if following is not None:
            self.model.update(flow.go_to(self.model.state, following))

    @Slot()
    def _go_back(self) -> None:
        before = flow.previous_step(self.model.state)
        if before is not None:
            self.model.update(flow.go_to(self.model.state, before))

    @Slot(int)
    def _on_step_chosen(self, row: int) -> None:
        if 0 <= row < len(WizardStep):
            self.model.update(flow.go_to(self.model.state, list(WizardStep)[row]))
            self._refresh()  # back to the present step when the chosen one can not be opened yet

    @Slot()
    def _start(self) -> None:
        state = self.model.state
        if not flow.can_start(state):
            return
        result = WizardResult(
            wizard_state.recipe_of(state), wizard_state.name_of(state), wizard_state.studies_of(state)
        )
        self._shut_down()
        discard_draft()
        self.accepted_plan.emit(result)
        self.accept()

    # --- showing ---

    @Slot()
    def _refresh(self) -> None:
        state = self.model.state
        if self._current is not state.step:
            self._show_page(state.step)
        self._mark_steps()
        last = flow.next_step(state) is None
        message = flow.message_for(state, state.step)
        self._message.setText(message)
        self._message.setVisible(True)
        self.back_button.setEnabled(flow.previous_step(state) is not None)
        self.next_button.setVisible(not last)
        self.next_button.setEnabled(not message)
        self.start_button.setVisible(last)
        self.start_button.setEnabled(flow.can_start(state))
        (self.start_button if last else self.next_button).setDefault(True)

    def _show_page(self, step: WizardStep) -> None:
        if self._current is not None:
            self.pages[self._current].left()
            self._recalled.show_message("")
            self._save_draft()  # a program that is killed later has the choices of this page
        self._current = step
        self._title.setText(step.value)
        page = self.pages[step]
        self._stack.setCurrentWidget(page)
        page.verticalScrollBar().setValue(0)
        page.entered()
        # The field or button that had the focus went with its page, and Qt would hand the focus on to Cancel.
        if not self.steps.hasFocus():
            (page.first_field() or self.steps).setFocus(Qt.FocusReason.OtherFocusReason)

    def _mark_steps(self) -> None:
        state = self.model.state
        needed = flow.steps(state)
        self.steps.blockSignals(True)
        for row, step in enumerate(WizardStep):
            item = self.steps.item(row)
            can = flow.can_open(state, step)
            item.setFlags(Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled if can else Qt.ItemFlag.NoItemFlags)
            tip = "Not needed for this goal" if step not in needed else flow.message_for(state, step)
            item.setToolTip(plain_tip(tip))
            item.setIcon(coloured_icon(*self._mark(step)))
        self.steps.setCurrentRow(list(WizardStep).index(state.step))
        self.steps.blockSignals(False)

    def _mark(self, step: WizardStep) -> tuple[str, str]:
        state = self.model.state
        passed = list(WizardStep).index(step) < list(WizardStep).index(state.step)
        if step not in flow.steps(state):
            return "remove", colours().disabled
        if passed and flow.message_for(state, step):
            return "warning", colours().warning
        if passed:
            return "done", colours().success
        return "play", colours().highlighttext if step is state.step else colours().disabled

    # --- ending ---

    @Slot()
    def _begin_anew(self) -> None:
        """Forget what was chosen last time; it can be undone."""
        self._recalled.show_message("")
        anew = wizard_state.with_choices(self.model.state, self._fresh)
        self.model.choose("what was chosen last time", replace(anew, step=WizardStep.DATA))

    def _save_draft(self) -> None:
        state = replace(self.model.state, step=self._saved.step)
        if wizard_state.with_choices(state, self._saved) != state:
            self._saved = state
            begun = wizard_state.with_choices(state, replace(self._fresh, step=state.step)) != state
            (save_draft(state) if begun else discard_draft())

    def done(self, result: int) -> None:
        """Ends every job of every page before the dialog ends, however it ends; without a start the choices stay."""
        self._shut_down()
        if result == QDialog.DialogCode.Rejected:
            self._save_draft()
        super().done(result)

    def _shut_down(self) -> None:
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            shut_down_jobs(self)
        finally:
            QGuiApplication.restoreOverrideCursor()
