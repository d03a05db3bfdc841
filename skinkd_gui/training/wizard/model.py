"""The wizard's state as the pages see it: they change it through here and listen for what changed."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.recipe import field
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.state import WizardState
from skinkd_gui.undo import changed


class WizardModel(QObject):
    """Holds the one `WizardState`. The model is the truth, pages listen.

    Signals: `changed()` after every change of the state, in the GUI thread.
    """

    changed = Signal()

    def __init__(self, state: WizardState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state

    @property
    def state(self) -> WizardState:
        """The present state."""
        return self._state

    def update(self, state: WizardState) -> None:
        """Take the next state and tell everybody, when it differs."""
        if state != self._state:
            self._state = state
            self.changed.emit()

    def choose(self, text: str, state: WizardState, key: object = None) -> None:
        """Take a state that the user chose; undoing it leaves what was found out about data and models. See `changed`
        for `text` and `key`."""
        before = self._state
        self.update(state)
        if wizard_state.with_choices(state, before) != state:
            changed(self, text, partial(self._restore, state), partial(self._restore, before), done=True, key=key)

    def set_value(self, key: str, value: Any) -> None:
        """Give a recipe field a value, usable or not."""
        self.choose(field(key).title.lower(), wizard_state.set_value(self._state, key, value), key)

    def _restore(self, chosen: WizardState) -> None:
        self.update(wizard_state.with_choices(self._state, chosen))
