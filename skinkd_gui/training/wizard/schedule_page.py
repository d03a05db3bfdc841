"""Page 6: how the weights are changed, by which views of the images, and for how long."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from core.recipe import fields_of, possible_fields
from skinkd_gui.training.wizard.fields import FieldForm
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.page_widgets import card
from skinkd_gui.training.wizard.state import WizardStep

_ABOUT = (
    "These settings hold for the teacher and for the student. The ones you start from are a good choice; "
    "↺ brings a changed one back."
)


class SchedulePage(WizardPage):
    """Every field of the recipe's optimisation section, with the settings of what is chosen in it."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(model, WizardStep.SCHEDULE, _ABOUT, parent)
        self.form = FieldForm(model, possible_fields("optimisation"))
        self.column.addWidget(card(self.form))
        self.column.addStretch(1)
        model.changed.connect(self._refresh)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        self.form.show_rows(spec.key for spec in fields_of(self.model.state.recipe, "optimisation"))
