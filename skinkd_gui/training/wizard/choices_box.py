"""Questions that the data leave open: which column, which kind of pictures."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QWidget

from core.data.choices import Choice
from core.recipe import field
from skinkd_gui.training.wizard.editors import object_name
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page_widgets import Box, help_label
from skinkd_gui.training.wizard.questions import OFF, ON, field_value
from skinkd_gui.training.wizard.texts import choice_text
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import make_button


class ChoiceCard(Box):
    """One question with its possible answers, each with what speaks of it; once answered, a line that can be opened."""

    def __init__(self, choice: Choice, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__("card" if choice.taken else "warning", parent)
        self._choice, self._model = choice, model
        self._name = object_name(choice.setting)
        self._options = QWidget()
        self._buttons = QButtonGroup(self)
        column = column_of(on=self._options, margins=0, spacing=2)
        for number, option in enumerate(choice.options):
            text = self._spoken(option.value)
            button = named(QRadioButton(text), f"{self._name}Option{number}", f"{text}: {option.about}")
            button.setChecked(option.value == choice.taken)
            self._buttons.addButton(button, number)
            about = help_label(breakable(option.about))
            about.setContentsMargins(24, 0, 0, 4)
            column.addWidget(button)
            column.addWidget(about)
        self._buttons.idClicked.connect(self._on_chosen)
        self._question = make_label(f"{choice.question}?", "heading", wrap=True)
        self._taken = make_label(self._said(), "", wrap=True, name=f"{self._name}Answer")
        words = f"Change the answer: {choice.question}"
        self._change = make_button("Change…", f"{self._name}Change", clicked=self._open, accessible=words)
        self.column.addWidget(self._question)
        self.column.addLayout(row_of((self._taken, 1), self._change))
        self.column.addWidget(self._options)
        self._close(bool(choice.taken))

    def _spoken(self, value: str) -> str:
        switch = {ON: "Yes", OFF: "No"}
        return switch.get(value) or choice_text(field(self._choice.setting), value)

    def _said(self) -> str:
        taken = next((option for option in self._choice.options if option.value == self._choice.taken), None)
        return "" if taken is None else f"{self._choice.question}: {self._spoken(taken.value)} ({taken.about})"

    def _close(self, closed: bool) -> None:
        self._taken.setVisible(closed)
        self._change.setVisible(closed)
        self._question.setVisible(not closed)
        self._options.setVisible(not closed)

    @Slot()
    def _open(self) -> None:
        self._close(False)
        for button in self._buttons.buttons():
            if button.isChecked():
                button.setFocus()

    @Slot(int)
    def _on_chosen(self, number: int) -> None:
        setting = self._choice.setting
        self._model.set_value(setting, field_value(setting, self._choice.options[number].value))


class ChoicesBox(QWidget):
    """All questions of the present data; hidden without any."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dataChoices")
        self._model = model
        self._column = column_of(on=self, margins=0, spacing=8)
        self._shown: tuple[Choice, ...] = ()
        self.hide()

    def show_choices(self, choices: tuple[Choice, ...]) -> None:
        """Show these questions."""
        if choices == self._shown:
            return
        self._shown = choices
        while (item := self._column.takeAt(0)) is not None:
            if (card := item.widget()) is not None:
                card.hide()
                card.deleteLater()
        for choice in choices:
            self._column.addWidget(ChoiceCard(choice, self._model))
        self.setVisible(bool(choices))
