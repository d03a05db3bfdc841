"""Page 4: the small model, and how it learns from the large one."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from core.models.catalog import SUGGESTED_STUDENTS
from core.recipe import Recipe, field, fields_of, possible_fields, section_fields
from core.study.paper import has_papers_classes, has_papers_curriculum
from skinkd_gui.training.wizard import state as brain
from skinkd_gui.training.wizard.fields import FieldForm
from skinkd_gui.training.wizard.look import Note, card, help_label
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.model_chooser import ModelChooser
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.state import Goal, Step, recipe_of
from skinkd_gui.training.wizard.texts import alpha_sentence, paper_finding, size_comparison

_ABOUT = "The student is the model that you will use: small enough for a telephone or an old computer."
_STUDY = (
    "The study trains this student again and again: without a teacher, with KL and with DIST at alpha 0.1, 0.3, "
    "0.5, 0.7 and 0.9, each with and without the curriculum."
)
_ROWS = {
    "none": (),
    "kl": ("distillation.alpha", "distillation.temperature", "distillation.kl_direction"),
    "dist": ("distillation.alpha", "distillation.temperature", "distillation.beta", "distillation.gamma"),
}


class StudentPage(WizardPage):
    """Network and weights; method, its numbers and the order of images when there is a teacher."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(model, Step.STUDENT, _ABOUT, parent)
        self.chooser = ModelChooser(model, "student", SUGGESTED_STUDENTS)
        self._comparison = help_label()
        self.column.addWidget(card(self.chooser, self._comparison, FieldForm(model, [field("student.freeze")])))
        self.methods = FieldForm(model, [field("distillation.method")])
        kinds = {"kl_direction": True}
        self.numbers = FieldForm(
            model,
            [
                replace(spec, expert=kinds.get(spec.key.partition(".")[2], spec.expert))
                for spec in section_fields("distillation")
                if spec.key != "distillation.method"
            ],
        )
        self._shares = help_label()
        self._shares.setObjectName("alphaSentence")
        self._finding = Note("info", "paperFindingLabel")
        self._learning = card(
            self.methods, self.numbers, self._shares, self._finding, title="How the student learns from the teacher"
        )
        self.column.addWidget(self._learning)
        self.curriculum = FieldForm(model, possible_fields("curriculum"))
        self._lessons = card(self.curriculum, title="Which images an epoch shows, and in which order")
        self.column.addWidget(self._lessons)
        self._study = Note("info", "studyMethodsLabel")
        self.column.addWidget(self._study)
        self.column.addStretch(1)
        model.changed.connect(self._refresh)
        self._refresh()

    def entered(self) -> None:
        """Look the network up."""
        self.chooser.activate()

    def shut_down(self) -> None:
        """See `WizardPage`."""
        self.chooser.shut_down()
        super().shut_down()

    @Slot()
    def _refresh(self) -> None:
        state = self.model.state
        method = state.recipe.distillation
        self.chooser.show_suggestions(state.goal is Goal.PLAIN)
        self._learning.setVisible(state.goal in (Goal.DISTIL, Goal.WHOLE))
        self._lessons.setVisible(state.goal in (Goal.DISTIL, Goal.WHOLE))
        self.curriculum.show_rows(_curriculum_keys(state.recipe))
        self._study.show_text(_STUDY if state.goal is Goal.STUDY else "")
        self.numbers.show_rows(_ROWS[method.method])
        self._shares.setText(alpha_sentence(method.alpha) if method.method != "none" else "")
        said = paper_finding(method.method, has_papers_curriculum(recipe_of(state)), method.alpha)
        self._finding.show_text(said if has_papers_classes(state.recipe) else "")
        self._comparison.setText(
            size_comparison(brain.facts_of(state, "teacher"), brain.facts_of(state, "student"))
            if state.goal in (Goal.WHOLE, Goal.STUDY)
            else ""
        )
        self._comparison.setVisible(bool(self._comparison.text()))


def _curriculum_keys(recipe: Recipe) -> list[str]:
    """The fields that have an effect: a difficulty only where the order goes by it."""
    keys = [spec.key for spec in fields_of(recipe, "curriculum")]
    if not recipe.curriculum.entries.order.needs_difficulty:
        keys.remove("curriculum.difficulty")
    return keys
