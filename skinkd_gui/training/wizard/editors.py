"""One editor widget per kind of recipe field, made from the field's declaration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QSlider, QWidget

from core.recipe import FieldSpec
from skinkd_gui.training.wizard.entry_list import show_as_entries
from skinkd_gui.training.wizard.texts import all_choices_help, choice_text, help_text, number_text, parsed_number
from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.numbers import WholeNumberBox

_HEIGHT = 26  # the same for every kind, and large enough to hit


class _Calm:
    """Turns with the wheel only when it has the focus, so that scrolling past it changes nothing."""

    def __init__(self: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)  # type: ignore[call-arg]  # of the widget that this is mixed into
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self: Any, event: QWheelEvent) -> None:
        """Qt's; passed on to the page without focus."""
        if self.hasFocus():
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


class CalmSpinBox(_Calm, WholeNumberBox):
    """A spin box that does not turn when the page scrolls past it."""


class CalmComboBox(_Calm, QComboBox):
    """A combo box that does not turn when the page scrolls past it."""


class FieldEditor(QWidget):
    """Edits one recipe field.

    Signals: `edited(object)` with the new value, usable or not, when the user (not the program) changed it.
    """

    edited = Signal(object)

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)

    def show_value(self, value: Any) -> None:
        """Show a value that came from elsewhere; emits nothing."""
        raise NotImplementedError

    def _adopt(self, widget: QWidget, suffix: str = "", spoken: str = "") -> None:
        """Name the inner widget for tests, scripts and screen readers, and take it in."""
        widget.setObjectName(object_name(self.spec.key) + suffix)
        widget.setAccessibleName(spoken or self.spec.title)
        widget.setAccessibleDescription(help_text(self.spec))
        widget.setMinimumHeight(in_text(_HEIGHT))
        widget.setToolTip(tooltip(self.spec))
        self._row.addWidget(widget)
        if self.focusProxy() is None:
            self.setFocusProxy(widget)

    def _finish(self) -> None:
        if self.spec.unit:
            self._row.addWidget(QLabel(self.spec.unit))
        self._row.addStretch(1)


class TextEditor(FieldEditor):
    """One line of free text; its kin read other values from the line."""

    edit_width = 0  # as wide as there is room
    read: Callable[[str], Any] = staticmethod(str)
    write: Callable[[Any], str] = staticmethod(str)

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self._edit = QLineEdit()
        self._edit.textEdited.connect(self._on_edited)
        self._build()

    def _build(self) -> None:
        self._adopt(self._edit)
        if self.edit_width:
            self._edit.setFixedWidth(in_text(self.edit_width))
            self._finish()

    def show_value(self, value: Any) -> None:
        """See `FieldEditor`."""
        if self.read(self._edit.text()) != value:
            self._edit.setText(self.write(value))

    @Slot(str)
    def _on_edited(self, text: str) -> None:
        self.edited.emit(self.read(text))


class NumberEditor(TextEditor):
    """A number, typed freely (also as 1e-5); what is no number is passed on as the text it is."""

    edit_width = 120
    read = staticmethod(parsed_number)
    write = staticmethod(number_text)


class SliderEditor(NumberEditor):
    """A share of 0 to 1: a slider in hundredths beside the number."""

    edit_width = 64

    def _build(self) -> None:
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, 100)
        self._slider.setPageStep(10)
        self._slider.setMinimumWidth(in_text(120))
        self._slider.valueChanged.connect(self._on_slid)
        self._adopt(self._slider, "Slider", f"{self.spec.title}, slider")
        super()._build()

    def show_value(self, value: Any) -> None:
        """See `FieldEditor`."""
        super().show_value(value)
        if isinstance(value, int | float):
            with QSignalBlocker(self._slider):
                self._slider.setValue(round(value * 100))

    @Slot(int)
    def _on_slid(self, hundredths: int) -> None:
        self.edited.emit(hundredths / 100)


class IntegerEditor(FieldEditor):
    """A whole number within the declared bounds."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self._spin = CalmSpinBox()
        self._spin.setRange(int(spec.minimum or 0), int(2**31 - 1 if spec.maximum is None else spec.maximum))
        self._spin.setFixedWidth(in_text(120))
        self._spin.valueChanged.connect(self._on_edited)
        self._adopt(self._spin)
        self._finish()

    def show_value(self, value: Any) -> None:
        """See `FieldEditor`."""
        if isinstance(value, int) and self._spin.value() != value:
            with QSignalBlocker(self._spin):
                self._spin.setValue(value)

    @Slot(int)
    def _on_edited(self, value: int) -> None:
        self.edited.emit(value)


class ChoiceEditor(FieldEditor):
    """One of the declared words, shown in plain language."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self._combo = CalmComboBox()
        for value in spec.choices:
            self._combo.addItem(choice_text(spec, value), value)
        if spec.entries:
            show_as_entries(self._combo, spec)
        self._combo.setMinimumWidth(in_text(120))
        self._combo.activated.connect(self._on_activated)
        self._adopt(self._combo)
        self._finish()

    def show_value(self, value: Any) -> None:
        """See `FieldEditor`."""
        index = self._combo.findData(value)
        if index != self._combo.currentIndex():
            self._combo.setCurrentIndex(index)

    @Slot(int)
    def _on_activated(self, index: int) -> None:
        self.edited.emit(self._combo.itemData(index))


class SwitchEditor(FieldEditor):
    """On or off."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self._box = QCheckBox()
        self._box.clicked.connect(self._on_clicked)
        self._adopt(self._box)
        self._finish()

    def show_value(self, value: Any) -> None:
        """See `FieldEditor`."""
        self._box.setChecked(bool(value))

    @Slot(bool)
    def _on_clicked(self, checked: bool) -> None:
        self.edited.emit(checked)


class SplitEditor(FieldEditor):
    """Three numbers: shares that sum to 1, or counts."""

    _PARTS = ("Training", "Validation", "Test")

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self._edits: list[QLineEdit] = []
        for part in self._PARTS:
            edit = QLineEdit()
            edit.setFixedWidth(in_text(64))
            edit.textEdited.connect(self._on_edited)
            self._edits.append(edit)
            self._adopt(edit, part, f"{part} share or number of images")
        self._finish()

    def show_value(self, value: Any) -> None:
        """See `FieldEditor`."""
        for edit, share in zip(self._edits, value, strict=True):
            if parsed_number(edit.text()) != share:
                edit.setText(number_text(share))

    @Slot(str)
    def _on_edited(self, _text: str) -> None:
        self.edited.emit(tuple(parsed_number(edit.text()) for edit in self._edits))


def _texts(line: str) -> tuple[str, ...]:
    return tuple(text.strip() for text in line.split(";") if text.strip())


class TextsEditor(TextEditor):
    """Any number of texts in one line, with semicolons between them."""

    read = staticmethod(_texts)
    write = staticmethod("; ".join)


_EDITORS: dict[str, type[FieldEditor]] = {
    "text": TextEditor,
    "choice": ChoiceEditor,
    "integer": IntegerEditor,
    "number": NumberEditor,
    "rate": NumberEditor,
    "switch": SwitchEditor,
    "shares": SplitEditor,
    "texts": TextsEditor,
}


_SLIDERS = ("distillation.alpha", "teacher.freeze", "student.freeze")


def make_editor(spec: FieldSpec, parent: QWidget | None = None) -> FieldEditor:
    """The editor for a field's kind."""
    if spec.key in _SLIDERS:
        return SliderEditor(spec, parent)
    return _EDITORS[spec.kind](spec, parent)


def object_name(key: str) -> str:
    """`optimisation.learning_rate` is edited by the widget `optimisationLearningRateField`."""
    first, *others = key.replace(".", "_").split("_")
    return first + "".join(word.capitalize() for word in others) + "Field"


def tooltip(spec: FieldSpec) -> str:
    """Help, range and the recipe's own name of a field."""
    low, high = spec.minimum, spec.maximum
    if low is not None and high is not None and high < 2**31 - 1:
        limits = f"\nFrom {number_text(low)} to {number_text(high)}{f' {spec.unit}' if spec.unit else ''}."
    else:
        limits = ""
    return f"{all_choices_help(spec)}{limits}\nIn the recipe: {spec.key}"
