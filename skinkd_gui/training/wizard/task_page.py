"""Page 3: what the user wants to have at the end, and which settings to start from."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFileDialog,
    QHeaderView,
    QLabel,
    QRadioButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.events import CancelToken, Emit
from core.quantities import NONE, fraction
from core.recipe import PRESET_HELP, Preset
from core.runs.status import RunSummary
from core.study.paper import has_papers_classes
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.overwriting import replaced_words
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.page_widgets import Box, Note, help_label, row
from skinkd_gui.training.wizard.state import Goal, WizardState, WizardStep
from skinkd_gui.training.wizard.study_options import StudyOptions
from skinkd_gui.training.wizard.texts import GOAL_HELP, GOAL_TITLES, PRESET_TITLES, TOO_HIGH
from skinkd_gui.undo import undo_stack
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.labels import make_label, plain_tip
from skinkd_gui.widgets.layouts import named
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.workers.job_slot import JobSlot

_ABOUT = (
    "A teacher is a large, accurate model. A student is a small one that runs anywhere; with distillation it learns "
    "from the teacher's answers as well as from the labels."
)


class TaskPage(WizardPage):
    """Goal, finished teacher, preset."""

    def __init__(self, model: WizardModel, runs_root: Path, parent: QWidget | None = None) -> None:
        super().__init__(model, WizardStep.TASK, _ABOUT, parent)
        self._runs_root = runs_root
        self._listing = JobSlot(self, succeeded=self._on_listed)
        self._goals, self._goal_buttons = QButtonGroup(self), dict[Goal, QRadioButton]()
        self._presets, self._preset_buttons = QButtonGroup(self), dict[Preset, QRadioButton]()
        goals = self._card("What do you want to do?")
        for goal in GOAL_TITLES:
            name = f"goal{goal.name.title()}Button"
            button, about = _choice(goals, self._goals, name, GOAL_TITLES[goal], GOAL_HELP[goal])
            self._goal_buttons[goal] = button
            if goal is Goal.STUDY:
                self._paper = (button, about)
            if goal is Goal.DISTIL:
                self._build_teachers(goals)
        self.study = StudyOptions(model)
        goals.addWidget(self.study)
        presets = self._card("Which settings do you start from?")
        for preset in Preset:
            name = f"preset{preset.name.title().replace('_', '')}Button"
            title, help_text = PRESET_TITLES[preset], PRESET_HELP[preset]
            self._preset_buttons[preset], _ = _choice(presets, self._presets, name, title, help_text)
        self._replaced = Banner()
        self._replaced.setObjectName("replacedBanner")
        self._replaced.add_button("Undo", "undoPresetButton", self._undo_preset)
        self._replaced_for: WizardState | None = None
        presets.addWidget(self._replaced)
        self._own = Note("info", "ownSettingsLabel")
        presets.addWidget(self._own)
        self._leakage = Note("warning", "presetLeakageLabel")
        presets.addWidget(self._leakage)
        self.column.addStretch(1)
        self._goals.buttonClicked.connect(self._on_goal)
        self._presets.buttonClicked.connect(self._on_preset)
        model.changed.connect(self._refresh)
        self._refresh()

    def entered(self) -> None:
        """Look for finished teachers; another run may have ended meanwhile."""
        self._listing.start(partial(_list, self._runs_root))

    def _card(self, title: str) -> QVBoxLayout:
        card = Box("card")
        card.column.setSpacing(3)
        card.column.addWidget(make_label(title, "heading"))
        self.column.addWidget(card)
        return card.column

    def _build_teachers(self, goals: QVBoxLayout) -> None:
        self._holder = QWidget()
        column = QVBoxLayout(self._holder)
        column.setContentsMargins(24, 2, 0, 6)
        self.teachers = named(QTreeWidget(), "finishedTeachersList", "Finished teachers")
        self.teachers.setRootIsDecorated(False)
        self.teachers.setUniformRowHeights(True)
        self.teachers.setHeaderLabels(["Teacher", "Model", "Weighted F1", "Image size", "Data"])
        self.teachers.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.teachers.setFixedHeight(in_text(104))
        self.teachers.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.teachers.currentItemChanged.connect(self._on_teacher)
        self._taken_over = Note("info", "teacherSplitLabel")
        self.file_button = make_button(
            "Open a file of outputs…",
            "teacherFileButton",
            clicked=self._open_file,
            tip="What any other network said of your images: a .npz or .csv file with logits or features.",
        )
        column.addWidget(self.teachers)
        column.addLayout(row(self.file_button))
        column.addWidget(self._taken_over)
        goals.addWidget(self._holder)

    @Slot(object)
    def _on_listed(self, runs: tuple[RunSummary, ...]) -> None:
        self.model.update(replace(self.model.state, teachers=wizard_state.finished_teachers(runs)))

    @Slot(object)
    def _on_goal(self, button: QRadioButton) -> None:
        chosen = next(goal for goal, known in self._goal_buttons.items() if known is button)
        self.model.choose("goal", wizard_state.choose_goal(self.model.state, chosen))

    @Slot(object)
    def _on_preset(self, button: QRadioButton) -> None:
        chosen = next(preset for preset, known in self._preset_buttons.items() if known is button)
        before, after = self.model.state, wizard_state.choose_preset(self.model.state, chosen)
        words = replaced_words(before, after)
        self._replaced_for = after
        self.model.choose("settings to start from", after)
        self._replaced.show_message(words)

    @Slot()
    def _undo_preset(self) -> None:
        undo_stack(self.model).undo()

    @Slot(QTreeWidgetItem, QTreeWidgetItem)
    def _on_teacher(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        folder = item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None
        for teacher in self.model.state.teachers:
            if str(teacher.folder) == folder and folder != self.model.state.recipe.teacher.run:
                self.model.choose("teacher", wizard_state.choose_teacher(self.model.state, teacher))

    @Slot()
    def _open_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "A teacher's outputs", self.model.state.recipe.data.path, "Outputs (*.npz *.csv);;All files (*)"
        )
        if chosen:
            self.model.choose("teacher", wizard_state.set_value(self.model.state, "teacher.run", chosen))

    @Slot()
    def _refresh(self) -> None:
        state = self.model.state
        if self._replaced_for is None or state.recipe != self._replaced_for.recipe:
            self._replaced.show_message("")
        for widget in self._paper:  # other classes can not be compared with the paper's
            widget.setVisible(has_papers_classes(state.recipe))
        self._goal_buttons[state.goal].setChecked(True)
        if state.preset is not None:
            self._preset_buttons[state.preset].setChecked(True)
        self._own.show_text(
            "" if state.preset else "You came with settings of your own. Choosing one of these replaces them."
        )
        leaks = state.preview.leakage if state.preview is not None else None
        self._leakage.show_text(f"{leaks.sentence} {TOO_HIGH}" if leaks is not None and leaks.total.leaking else "")
        self._holder.setVisible(state.goal is Goal.DISTIL)
        self._show_teachers()
        self._taken_over.show_text(wizard_state.teacher_note(state))

    def _show_teachers(self) -> None:
        state = self.model.state
        shown = [self.teachers.topLevelItem(row) for row in range(self.teachers.topLevelItemCount())]
        folders = [item.data(0, Qt.ItemDataRole.UserRole) for item in shown if item is not None]
        self.teachers.blockSignals(True)
        if folders != [str(teacher.folder) for teacher in state.teachers]:
            self.teachers.clear()
            self.teachers.addTopLevelItems([_item(teacher) for teacher in state.teachers])
        chosen = wizard_state.chosen_teacher(state)
        for number, teacher in enumerate(state.teachers):
            item = self.teachers.topLevelItem(number)
            if teacher is chosen and item is not None:
                self.teachers.setCurrentItem(item)
        self.teachers.blockSignals(False)


def _choice(column: QVBoxLayout, group: QButtonGroup, name: str, text: str, about: str) -> tuple[QRadioButton, QLabel]:
    button = named(QRadioButton(text), name, text)
    button.setAccessibleDescription(about)
    group.addButton(button)
    label = help_label(about)
    label.setContentsMargins(24, 0, 0, 6)
    column.addWidget(button)
    column.addWidget(label)
    return button, label


def _list(root: Path, emit: Emit, token: CancelToken) -> tuple[RunSummary, ...]:
    from core.runs.listing import list_runs

    return list_runs(root)


def _item(teacher: RunSummary) -> QTreeWidgetItem:
    recipe = teacher.recipe
    assert recipe is not None  # finished_teachers returns only such
    score = fraction(teacher.scores.weighted_f1) if teacher.scores else NONE
    size = f"{recipe.data.image_size} pixels"
    name = teacher.status.name or teacher.folder.name
    texts = [name, recipe.teacher.architecture, score, size, Path(recipe.data.path).name]
    item = QTreeWidgetItem(texts)
    item.setData(0, Qt.ItemDataRole.UserRole, str(teacher.folder))
    item.setToolTip(0, plain_tip(str(teacher.folder)))
    item.setToolTip(4, plain_tip(recipe.data.path))
    return item
