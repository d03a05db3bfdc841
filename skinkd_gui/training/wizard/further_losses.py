"""The losses that are added to the method's: a row for each, with its method and weight."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from core.recipe import FieldSpec, term_fields
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.editors import CalmComboBox
from skinkd_gui.training.wizard.entry_list import show_as_entries
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page_widgets import MessageLabel, help_label
from skinkd_gui.training.wizard.texts import choice_help, number_text, parsed_number
from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.parts import make_button

KEY = "distillation.term"
_ABOUT = "Losses of other methods can be added to this one's. Their own settings are changed in the recipe file."

Term = dict[str, Any]


class LossRow(QWidget):
    """One further loss. Signals: `changed` when the user chose another method or weight, `removed`."""

    changed = Signal()
    removed = Signal()

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._method_field, self._weight_field = term_fields()
        self._term: Term = {}
        name = f"furtherLoss{number + 1}"
        self.method = named(CalmComboBox(), f"{name}Method", f"Further loss {number + 1}")
        _fill(self.method, self._method_field)
        self.method.activated.connect(self._on_chosen)
        self.weight = named(QLineEdit(), f"{name}Weight", f"Weight of further loss {number + 1}")
        self.weight.setFixedWidth(in_text(80))
        self.weight.setToolTip(self._weight_field.help)
        self.weight.textEdited.connect(self._on_weight)
        remove = make_button(
            "Remove", f"{name}Remove", clicked=self.removed.emit, accessible=f"Remove loss {number + 1}"
        )
        self._about = help_label()
        line = row_of(self.method, make_label("times"), self.weight, remove, STRETCH, spacing=8)
        column_of(line, self._about, on=self, margins=0, spacing=2)

    @property
    def term(self) -> Term:
        """The loss as the recipe's table: `method`, `weight` and, unless another method was chosen, its settings."""
        return self._term

    def show_term(self, term: Term) -> None:
        """Show a loss; emits nothing."""
        self._term = term
        with QSignalBlocker(self.method):
            self.method.setCurrentIndex(self.method.findData(term["method"]))
        if parsed_number(self.weight.text()) != term["weight"]:
            self.weight.setText(number_text(term["weight"]))
        self._about.setText(choice_help(self._method_field, term["method"]))

    @Slot(int)
    def _on_chosen(self, index: int) -> None:
        self._term = {"method": self.method.itemData(index), "weight": self._term["weight"]}
        self.changed.emit()

    @Slot(str)
    def _on_weight(self, text: str) -> None:
        self._term = {**self._term, "weight": parsed_number(text)}
        self.changed.emit()


class FurtherLosses(QWidget):
    """All further losses of the recipe, and a button for one more."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("furtherLosses")
        self._model = model
        self.rows: list[LossRow] = []
        self._list = QWidget()
        self._column = column_of(on=self._list, margins=0, spacing=4)
        self._problem = MessageLabel()
        self.add = make_button("Add a loss", "addFurtherLossButton", clicked=self._on_add)
        column_of(row_of(self.add, (help_label(_ABOUT), 1), spacing=8), self._list, self._problem, on=self, margins=0)
        model.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the recipe's losses, or what the user gave instead."""
        terms = _terms(self._model)
        while len(self.rows) > len(terms):
            row = self.rows.pop()
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(terms):
            row = LossRow(len(self.rows))
            row.changed.connect(self._on_changed)
            row.removed.connect(self._on_removed)
            self.rows.append(row)
            self._column.addWidget(row)
        for row, term in zip(self.rows, terms, strict=True):
            row.show_term(term)
        problems = [item.message for item in self._model.state.problems if item.key.startswith(KEY)]
        self._problem.show_message(problems[0] if problems else "")

    def _take(self, terms: list[Term]) -> None:
        self._model.set_value(KEY, tuple(terms))

    @Slot()
    def _on_add(self) -> None:
        method, weight = term_fields()
        taken = {self._model.state.recipe.distillation.method, *(row.term["method"] for row in self.rows)}
        names = [entry.name for entry in method.entries]
        name = next((name for name in names if name not in taken), names[0])
        self._take([*(row.term for row in self.rows), {"method": name, "weight": weight.default}])

    @Slot()
    def _on_changed(self) -> None:
        self._take([row.term for row in self.rows])

    @Slot()
    def _on_removed(self) -> None:
        self._take([row.term for row in self.rows if row is not self.sender()])


def _fill(combo: CalmComboBox, spec: FieldSpec) -> None:
    for name, title in spec.titles:
        combo.addItem(title, name)
    show_as_entries(combo, spec)


def _terms(model: WizardModel) -> list[Term]:
    """The losses as tables, of the recipe or as the user left them."""
    return [
        dict(term) if isinstance(term, dict) else term.model_dump(mode="json")
        for term in wizard_state.shown_value(model.state, KEY) or ()
    ]
