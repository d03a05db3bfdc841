"""Page 4: the large model."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from core.models.catalog import SUGGESTED_TEACHERS
from core.recipe import field
from skinkd_gui.training.wizard.fields import FieldForm
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.model_chooser import FIELDS_BELOW, NetworkChooser
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.page_widgets import card
from skinkd_gui.training.wizard.state import WizardStep

_ABOUT = (
    "The teacher is trained first, with your labels. A larger network is usually a better teacher, and takes longer; "
    "of one that knows many images already it can be enough that its last layer learns, which takes minutes. "
    "Type in the field to search among all networks."
)


class TeacherPage(WizardPage):
    """Network, starting weights, which share learns, and what a step leaves out."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(model, WizardStep.TEACHER, _ABOUT, parent)
        self.chooser = NetworkChooser(model, "teacher", SUGGESTED_TEACHERS)
        self.chooser.show_suggestions(True)
        self.form = FieldForm(model, [field(f"teacher.{name}") for name in ("probe", *FIELDS_BELOW)])
        self.column.addWidget(card(self.chooser, self.form))
        self.column.addStretch(1)

    def entered(self) -> None:
        """Look the network up."""
        self.chooser.activate()
