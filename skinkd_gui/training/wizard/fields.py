"""Forms built from the recipe's declaration: title, editor, unit, help, reset, and what is wrong, one row per field."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from core.recipe import FieldSpec
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.editors import FieldEditor, make_editor, object_name, tooltip
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page_widgets import MessageLabel, help_label, section_toggle
from skinkd_gui.training.wizard.texts import choice_help, choice_text, help_text, number_text
from skinkd_gui.widgets.layouts import column_of

_TITLE_WIDTH = 160
_EDITOR_WIDTH = 240
_ROW_HEIGHT = 30


class FieldRow(QObject):
    """The widgets of one field in a form's grid, kept in step with the model."""

    def __init__(self, spec: FieldSpec, model: WizardModel, grid: QGridLayout, row: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._spec, self._model = spec, model
        self._grid, self._row = grid, row
        grid.setRowMinimumHeight(row, _ROW_HEIGHT)
        self.title = QLabel(spec.title)
        self.title.setToolTip(tooltip(spec))
        self.title.setWordWrap(True)
        self.title.setFixedWidth(_TITLE_WIDTH)
        self.editor: FieldEditor = make_editor(spec)
        self.editor.setFixedWidth(_EDITOR_WIDTH)
        self.editor.edited.connect(self._on_edited)
        self.title.setBuddy(self.editor.focusProxy() or self.editor)
        self.reset = self._reset_button()
        self.help = help_label(help_text(spec))
        self.problem = MessageLabel()
        self.problem.setObjectName(object_name(spec.key) + "Problem")
        self._texts = column_of(self.help, self.problem, margins=(0, 3, 0, 3), spacing=0)
        grid.addWidget(self.title, row, 0, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.editor, row, 1, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.reset, row, 2, Qt.AlignmentFlag.AlignVCenter)
        grid.addLayout(self._texts, row, 3)
        model.changed.connect(self.refresh)
        self.refresh()

    def set_visible(self, visible: bool) -> None:
        """Show or hide the whole row."""
        for widget in (self.title, self.editor, self.reset, self.help):
            widget.setVisible(visible)
        _keep_position(self.reset, visible)
        self._grid.setRowMinimumHeight(self._row, _ROW_HEIGHT if visible else 0)
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
        self.reset.setToolTip(f"Back to {self._spoken(default)}")

    def _reset_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("↺")
        button.setAutoRaise(True)
        button.setObjectName(object_name(self._spec.key) + "Reset")
        button.setAccessibleName(f"Set {self._spec.title} back")
        _keep_position(button, True)
        button.clicked.connect(self._on_reset)
        return button

    def _spoken(self, value: object) -> str:
        if self._spec.kind == "choice":
            return choice_text(self._spec, str(value))
        if self._spec.kind == "switch":
            return "on" if value else "off"
        if self._spec.kind == "texts":
            return "; ".join(map(str, value)) if isinstance(value, tuple) and value else "none"
        if isinstance(value, tuple):
            return " : ".join(number_text(share) for share in value)
        return number_text(value)

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

    def _grid(self, model: WizardModel, specs: list[FieldSpec]) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(0)  # which hidden rows would have too
        grid.setColumnStretch(3, 1)
        for row, spec in enumerate(specs):
            self.rows[spec.key] = FieldRow(spec, model, grid, row, holder)
        return holder

    def _hint_of_changes(self, model: WizardModel, experts: list[FieldSpec]) -> None:
        """Open the fold when something in it was changed, so that nothing unusual is hidden."""
        changed = any(
            wizard_state.shown_value(model.state, spec.key) != wizard_state.default_of(model.state, spec.key)
            for spec in experts
        )
        if changed and self.more is not None:
            self.more.setChecked(True)
