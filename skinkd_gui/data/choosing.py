"""A question that the data leave open, decided by a click: which column, which kind of picture."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QWidget

from core.data.choices import Choice, Choices
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.parts import make_button


class ChoiceView(QWidget):
    """Asks one question at a time."""

    decided = Signal(object)  # Choices

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice: Choice | None = None
        self._choices = Choices()
        self._question = make_label("", "title", self, wrap=True)
        self.options = named(QComboBox(self), "dataChoiceCombo", "What the data leave open")
        self.use = make_button("Use this", "dataChoiceButton", self, self._take, primary=True)
        row = row_of((self.options, 1), self.use)
        column_of(STRETCH, self._question, row, STRETCH, on=self, margins=40, spacing=14)

    def ask(self, choice: Choice, choices: Choices) -> None:
        """Ask; `choices` are the answers until now."""
        self._choice, self._choices = choice, choices
        self._question.setText(f"{choice.question}?")
        self.options.clear()
        for option in choice.options:
            self.options.addItem(f"{option.value}: {option.about}" if option.about else option.value, option.value)

    @Slot()
    def _take(self) -> None:
        if self._choice is not None:
            field = self._choice.setting.rpartition(".")[2]
            self.decided.emit(replace(self._choices, **{field: self.options.currentData()}))
