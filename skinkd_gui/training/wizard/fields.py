"""Forms built from the recipe's declaration: title, editor, unit, help, reset, and what is wrong, one row per field."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from core.recipe import FieldSpec
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.editors import FieldEditor, make_editor, object_name, tooltip
from skinkd_gui.training.wizard.form_grid import TITLE_WIDTH, FormGrid, FormRow
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.overwriting import spoken
from skinkd_gui.training.wizard.page_widgets import MessageLabel, help_label, section_toggle
from skinkd_gui.training.wizard.texts import choice_help, help_text
from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.layouts import column_of

_EDITOR_WIDTH = 240
_ROW_HEIGHT = 30


class FieldRow(QObject):
    """The widgets of one field in a form's grid, kept in step with the model."""

    def __init__(self, spec: FieldSpec, model: WizardModel, grid: FormGrid, row: int) -> None:
        super().__init__(grid)
        self._spec, self._model = spec, model
        self._grid, self._row = grid, row
        self.title = QLabel(spec.title)
        self.title.setToolTip(tooltip(spec))
        self.title.setWordWrap(True)
        self.title.setFixedWidth(in_text(TITLE_WIDTH))
        self.editor: FieldEditor = make_editor(spec)
        self.editor.setFixedWidth(in_text(_EDITOR_WIDTH))
        self.editor.edited.connect(self._on_edited)
        self.title.setBuddy(self.editor.focusProxy() or self.editor)
        self.reset = self._reset_button()
        self.help = help_label(help_text(spec))
        self.problem = MessageLabel()
        self.problem.setObjectName(object_name(spec.key) + "Problem")
        words = QWidget(grid)
        self._texts = column_of(self.help, self.problem, on=words, margins=(0, 3, 0, 3), spacing=0)
        grid.add(FormRow(self.title, self.editor, words, self.reset))
        grid.set_least_height(row, in_text(_ROW_HEIGHT))
        model.changed.connect(self.refresh)
        self.refresh()

    def set_visible(self, visible: bool) -> None:
        """Show or hide the whole row."""
        for widget in (self.title, self.editor, self.reset, self.help):
            widget.setVisible(visible)
        _keep_position(self.reset, visible)
        self._grid.set_least_height(self._row, in_text(_ROW_HEIGHT) if visible else 0)
        margin = 3 if visible else 0  # a hidden row has no height at all
        self._texts.setContentsMargins(0, margin, 0, margin)
        self.problem.setVisible(visible and bool(self.problem.text()))
        self._shown = visible
        if visible:
            self.refresh()

    _shown = True

    @Slot()
    def refresh(self) -> None:
        """Show the model's value, its problem, and whether there is something to reset."""
        value = wizard_state.shown_value(self._model.state, self._spec.key)
        self.editor.show_value(value)
        if not self._shown:
            return
        self.help.setText(choice_help(self._spec, value))
        problem = wizard_state.field_problem(self._model.state, self._spec.key)
        self.problem.show_message(problem)
        self.help.setVisible(not problem)
        default = wizard_state.default_of(self._model.state, self._spec.key)
        self.reset.setVisible(value != default)
        self.reset.setToolTip(f"Back to {spoken(self._spec, default)}")

    def _reset_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("↺")
        button.setAutoRaise(True)
        button.setObjectName(object_name(self._spec.key) + "Reset")
        button.setAccessibleName(f"Set {self._spec.title} back")
        _keep_position(button, True)
        button.clicked.connect(self._on_reset)
        return button

    @Slot(object)
    def _on_edited(self, value: object) -> None:
        self._model.set_value(self._spec.key, value)

    @Slot()
    def _on_reset(self) -> None:
        self._model.choose(self._spec.title.lower(), wizard_state.reset_value(self._model.state, self._spec.key))
        self.editor.setFocus()


def _keep_position(widget: QWidget, keep: bool) -> None:
    """Whether the widget's place stays empty while it is hidden."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(keep)
    widget.setSizePolicy(policy)


class FieldForm(QWidget):
    """Rows for the given fields; those declared as expert ones are folded away behind "More settings"."""

    def __init__(self, model: WizardModel, specs: Iterable[FieldSpec], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        specs = tuple(specs)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.rows: dict[str, FieldRow] = {}
        column.addWidget(self._grid(model, [spec for spec in specs if not spec.expert]))
        experts = [spec for spec in specs if spec.expert]
        self.more: QToolButton | None = None
        if experts:
            self._collapsed = frozenset(spec.key for spec in experts)
            self._fold = self._grid(model, experts)
            section = specs[0].key.partition(".")[0]
            self.more = section_toggle("More settings", self._fold, f"{section}MoreSettings")
            self._hint_of_changes(model, experts)
            column.addWidget(self.more)
            column.addWidget(self._fold)

    def show_rows(self, keys: Iterable[str]) -> None:
        """Show only the rows of these fields."""
        wanted = frozenset(keys)
        for key, row in self.rows.items():
            row.set_visible(key in wanted)
        if self.more is not None:
            any_folded = bool(wanted & self._collapsed)
            self.more.setVisible(any_folded)
            self._fold.setVisible(any_folded and self.more.isChecked())

    def _grid(self, model: WizardModel, specs: list[FieldSpec]) -> FormGrid:
        grid = FormGrid()
        for row, spec in enumerate(specs):
            self.rows[spec.key] = FieldRow(spec, model, grid, row)
        return grid

    def _hint_of_changes(self, model: WizardModel, experts: list[FieldSpec]) -> None:
        """Open the fold when something in it was changed, so that nothing unusual is hidden."""
        changed = any(
            wizard_state.shown_value(model.state, spec.key) != wizard_state.default_of(model.state, spec.key)
            for spec in experts
        )
        if changed and self.more is not None:
            self.more.setChecked(True)
