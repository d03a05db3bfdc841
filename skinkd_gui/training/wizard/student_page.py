"""Page 5: the small model, and how it learns from the large one."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.models.catalog import SUGGESTED_STUDENTS
from core.recipe import Recipe, field, fields_of, possible_fields
from core.study.paper import has_papers_classes, paper_finding, study_words
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.fields import FieldForm
from skinkd_gui.training.wizard.further_losses import FurtherLosses
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.model_chooser import FIELDS_BELOW, NetworkChooser
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.page_widgets import Note, card, help_label
from skinkd_gui.training.wizard.state import Goal, WizardStep, recipe_of
from skinkd_gui.training.wizard.texts import alpha_sentence, coverage_text, size_comparison
from skinkd_gui.widgets.tab_order import tab_on

_ABOUT = "The student is the model that you will use: small enough for a telephone or an old computer."

_ASKING = ("teacher.also", "teacher.weighting", "teacher.source", "teacher.views")


class StudentPage(WizardPage):
    """Network and weights; method, its numbers and the order of images when there is a teacher."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(model, WizardStep.STUDENT, _ABOUT, parent)
        self.chooser = NetworkChooser(model, "student", SUGGESTED_STUDENTS)
        self._comparison = help_label()
        form = FieldForm(model, [field(f"student.{name}") for name in FIELDS_BELOW])
        self.column.addWidget(card(self.chooser, self._comparison, form))
        self.methods = FieldForm(model, [field("distillation.method")])
        self.settings: FieldForm | None = None  # of the chosen method
        self._shown = ""
        self._index = QWidget()
        QVBoxLayout(self._index).setContentsMargins(0, 0, 0, 0)
        self.further = FurtherLosses(model)
        self._pacing_fractions = help_label()
        self._pacing_fractions.setObjectName("alphaSentence")
        self._finding = Note("info", "paperFindingLabel")
        self._learning = card(
            self.methods,
            self._index,
            self._pacing_fractions,
            self.further,
            title="How the student learns from the teacher",
        )
        self.column.addWidget(self._learning)
        self.curriculum = FieldForm(model, possible_fields("curriculum"))
        self._coverage = Note("info", "coverageLabel")
        self._lessons = card(self.curriculum, self._coverage, title="Images of an epoch and their order")
        self.column.addWidget(self._lessons)
        self.column.addWidget(self._finding)
        self._study = Note("info", "studyMethodsLabel")
        self.column.addWidget(self._study)
        self.column.addStretch(1)
        model.changed.connect(self._refresh)
        self._refresh()

    def entered(self) -> None:
        """Look the network up."""
        self.chooser.activate()
        self._order_tab()

    def _order_tab(self) -> None:
        """The method's settings were made later than what stands below them."""
        if self.settings is not None and self.settings.window() is self.methods.window():
            tab_on(self.methods, self.settings)

    @Slot()
    def _refresh(self) -> None:
        state = self.model.state
        self.chooser.show_suggestions(state.goal is Goal.PLAIN)
        distils = state.goal in (Goal.DISTIL, Goal.WHOLE)
        self._learning.setVisible(distils)
        self._lessons.setVisible(distils)
        self.curriculum.show_rows(_curriculum_keys(state.recipe))
        self._coverage.show_text(coverage_text(state) if state.recipe.curriculum.unusual else "")
        self._study.show_text(
            f"The study trains this student again and again: {study_words()}." if state.goal is Goal.STUDY else ""
        )
        recipe = recipe_of(state)
        self._show_settings(state.recipe)
        self._pacing_fractions.setText("" if recipe.alpha is None else alpha_sentence(recipe.alpha))
        self._pacing_fractions.setVisible(recipe.alpha is not None)
        self.further.setVisible(recipe.alpha is not None)
        self._finding.show_text(paper_finding(recipe) if distils and has_papers_classes(recipe) else "")
        self._comparison.setText(
            size_comparison(wizard_state.facts_of(state, "teacher"), wizard_state.facts_of(state, "student"))
            if state.goal in (Goal.WHOLE, Goal.STUDY)
            else ""
        )
        self._comparison.setVisible(bool(self._comparison.text()))

    def _show_settings(self, recipe: Recipe) -> None:
        """The form of the chosen method's settings, and of how the teacher is asked, made anew for another method."""
        method, layout = recipe.distillation.method, self._index.layout()
        if self._shown == method or layout is None:
            return
        self._shown = method
        if self.settings is not None:
            layout.removeWidget(self.settings)
            self.settings.hide()
            self.settings.deleteLater()
        specs = [spec for spec in fields_of(recipe, "distillation") if spec.kind != "tables" and not spec.entries]
        specs += [field(key) for key in _ASKING if specs]
        self.settings = FieldForm(self.model, specs) if specs else None
        if self.settings is not None:
            layout.addWidget(self.settings)
            self._order_tab()
        self._index.setVisible(self.settings is not None)


def _curriculum_keys(recipe: Recipe) -> list[str]:
    """The fields that have an effect: a difficulty only where the order goes by it."""
    keys = [spec.key for spec in fields_of(recipe, "curriculum")]
    if not recipe.curriculum.entries.order.needs_difficulty:
        keys.remove("curriculum.difficulty")
    return keys
