"""What all pages of the wizard have in common."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page_widgets import help_label
from skinkd_gui.training.wizard.state import WizardStep
from skinkd_gui.widgets.fitting import ScrolledBody
from skinkd_gui.widgets.layouts import column_of


class WizardPage(QScrollArea):
    """One page: reads the model, writes to the model; the dialog alone decides about its buttons.

    Subclasses put their widgets into `column` and may override `entered` and `left`.
    """

    def __init__(self, model: WizardModel, step: WizardStep, about: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.step = step
        self.setObjectName(f"{step.name.lower()}Page")
        self.setAccessibleName(step.value)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = ScrolledBody()
        self.column = column_of(help_label(about), on=body, margins=(4, 4, 12, 4), spacing=10)
        self.setWidget(body)

    def entered(self) -> None:
        """The page has come into view."""

    def first_field(self) -> QWidget | None:
        """The first widget of the page that the keyboard can go to, or None."""
        field: QWidget | None = self.nextInFocusChain()
        while field is not None and self.isAncestorOf(field):
            takes_tab = field.focusPolicy() & Qt.FocusPolicy.TabFocus
            if takes_tab and field.isEnabled() and field.isVisibleTo(self) and field.focusProxy() is None:
                return field
            field = field.nextInFocusChain()
        return None

    def left(self) -> None:
        """The page has gone out of view."""
