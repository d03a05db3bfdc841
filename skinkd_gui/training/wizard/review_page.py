"""Page 8: everything once more in plain words and as the recipe, to save, copy or start."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QPlainTextEdit, QWidget

from core.events import CancelToken, Emit
from core.recipe import recipe_to_toml
from core.runs.planning import PlannedRun
from core.study.folds import FOLDS
from skinkd_gui.training.wizard.commands import wizard_command
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.page_widgets import help_label, row, section_toggle
from skinkd_gui.training.wizard.state import (
    Goal,
    Wanted,
    WizardState,
    WizardStep,
    default_name_of,
    plan,
    recipe_of,
    set_name,
    wanted,
)
from skinkd_gui.training.wizard.texts import plan_text, summary_lines
from skinkd_gui.widgets.fitting import follow_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.numbers import WholeNumberBox
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.saving import save_text_as
from skinkd_gui.workers.job_slot import JobSlot

_ABOUT = (
    "Start puts this into the queue; you can follow it in the Train tab, pause it, stop it and go on with it later."
)
_FOLDS_HELP = "The test part is withheld until a model is chosen by its validation scores."
_TEACHERS = "Choose among the paper's teachers"
_TEACHERS_HELP = (
    "ResNet50V2, ResNet101V2 and EfficientNet-B7, each with nothing, half, and all but the last layer frozen: nine "
    "candidates, compared by their validation scores."
)


class ReviewPage(WizardPage):
    """Name, summary, recipe."""

    def __init__(self, model: WizardModel, runs_root: Path, parent: QWidget | None = None) -> None:
        super().__init__(model, WizardStep.REVIEW, _ABOUT, parent)
        self._runs_root = runs_root
        self._planned_for: Wanted | None = None
        self._planning = JobSlot(self, succeeded=self._on_planned)
        self._planned: tuple[PlannedRun, ...] = ()
        self._here = False
        self._build_name()
        self._build_folds()
        self._summary = QGridLayout()
        self._summary.setHorizontalSpacing(12)
        self._summary.setColumnStretch(1, 1)
        self._lines: list[QLabel] = []
        self.column.addLayout(self._summary)
        self._build_recipe()
        model.changed.connect(self._refresh)
        self._refresh()

    def entered(self) -> None:
        """Show the state as it is now."""
        self._here = True
        self._refresh()

    def left(self) -> None:
        """Nothing needs to be kept up to date out of view."""
        self._here = False

    def _build_name(self) -> None:
        self.name_edit = named(QLineEdit(maxLength=80), "runNameEdit", "Name of the run")
        self.name_edit.textEdited.connect(self._on_named)
        label = make_label("Na&me", buddy=self.name_edit)
        self.column.addLayout(row(label, self.name_edit, stretch=False))
        self._plan = help_label()
        self._plan.setObjectName("planLabel")
        self.column.addWidget(self._plan)

    def _build_folds(self) -> None:
        self.cross_validate = named(
            QCheckBox("Cross-validate: train once for each of"), "crossValidateBox", "Cross-validate"
        )
        self.folds = named(WholeNumberBox(minimum=2, maximum=20, value=FOLDS), "foldsSpin", "Folds")
        self._folds_row = QWidget()
        label = make_label("folds", buddy=self.folds)
        line = row_of(self.cross_validate, self.folds, label, STRETCH)
        column_of(line, help_label(_FOLDS_HELP), on=self._folds_row, margins=0, spacing=2)
        self.column.addWidget(self._folds_row)
        self.teachers = named(QCheckBox(_TEACHERS), "teacherCandidatesBox", _TEACHERS)
        self._teachers_help = help_label(_TEACHERS_HELP)
        self.column.addWidget(self.teachers)
        self.column.addWidget(self._teachers_help)
        self.teachers.toggled.connect(self._on_folds)
        self.cross_validate.toggled.connect(self._on_folds)
        self.folds.valueChanged.connect(self._on_folds)

    @Slot()
    def _on_folds(self) -> None:
        folds = self.folds.value() if self.cross_validate.isChecked() else 1
        state = replace(self.model.state, folds=folds, teacher_candidates=self.teachers.isChecked())
        if state != self.model.state:
            self.model.choose("cross-validation", state)

    def _show_folds(self, state: WizardState) -> None:
        self._folds_row.setVisible(state.goal is not Goal.STUDY)
        offered = state.goal is Goal.TEACHER and state.folds > 1
        self.teachers.setVisible(offered)
        self._teachers_help.setVisible(offered)
        for widget in (self.cross_validate, self.folds, self.teachers):
            widget.blockSignals(True)
        self.teachers.setChecked(state.teacher_candidates)
        self.cross_validate.setChecked(state.folds > 1)
        self.folds.setValue(state.folds if state.folds > 1 else self.folds.value())
        for widget in (self.cross_validate, self.folds, self.teachers):
            widget.blockSignals(False)

    def _build_recipe(self) -> None:
        self.toml = named(
            QPlainTextEdit(readOnly=True, lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap),
            "recipeText",
            "The recipe as TOML",
        )
        self.toml.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.toml.setTabChangesFocus(True)
        follow_text(self.toml, "setMinimumHeight", 240)
        save = make_button("Save recipe…", "saveRecipeButton", clicked=self._save)
        tip = "The command that does the same without this window"
        copy = make_button("Copy command", "copyCommandButton", clicked=self._copy, tip=tip)
        self._copied = help_label()
        self._copied.setObjectName("copiedLabel")
        buttons = row(save, copy, stretch=False)
        buttons.addWidget(self._copied, 1)
        self.column.addLayout(buttons)
        self.column.addWidget(section_toggle("The recipe, as a file", self.toml, "recipeFold"))
        self.column.addWidget(self.toml)
        self.column.addStretch(1)

    @Slot(str)
    def _on_named(self, text: str) -> None:
        self.model.choose("name", set_name(self.model.state, text), "name")

    @Slot()
    def _refresh(self) -> None:
        if not self._here:
            return
        state = self.model.state
        recipe = recipe_of(state)
        if wanted(state) != self._planned_for:
            self._planned_for = wanted(state)
            self._copied.setText("")
            self.toml.setPlainText(recipe_to_toml(recipe))
            self._planned = ()
            self._planning.start(partial(_plan, state, self._runs_root))
        self.name_edit.setPlaceholderText(default_name_of(state))
        if self.name_edit.text() != state.name:
            self.name_edit.setText(state.name)
        if self._planned:
            self._plan.setText(plan_text(self._planned, state))
        self._show_folds(state)
        self._show_summary(state)

    def _show_summary(self, state: WizardState) -> None:
        lines = summary_lines(state)
        while len(self._lines) < 2 * len(lines):
            at = len(self._lines) // 2
            what, choice = make_label("", "muted"), make_label("", "", wrap=True)
            self._summary.addWidget(what, at, 0)
            self._summary.addWidget(choice, at, 1)
            self._lines += [what, choice]
        texts = [text for line in lines for text in line]
        for number, label in enumerate(self._lines):
            label.setText(texts[number] if number < len(texts) else "")
            label.setVisible(number < len(texts))

    @Slot(object)
    def _on_planned(self, planned: tuple[PlannedRun, ...]) -> None:
        self._planned = planned
        self._refresh()

    @Slot()
    def _save(self) -> None:
        path = save_text_as(self, "Save the recipe", self.toml.toPlainText(), "recipe", "Recipes (*.toml)")
        if path is not None:
            self._copied.setText(f"Saved as {path}")

    @Slot()
    def _copy(self) -> None:
        state = self.model.state
        command = wizard_command(state, self._runs_root)
        QGuiApplication.clipboard().setText(command)
        self._copied.setText("Copied. Paste it into a terminal to do the same there.")


def _plan(state: WizardState, runs_root: Path, emit: Emit, token: CancelToken) -> tuple[PlannedRun, ...]:
    """Work out the runs; look for a finished teacher with the same settings."""
    return plan(state, runs_root)
