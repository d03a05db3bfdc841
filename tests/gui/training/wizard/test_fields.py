"""Forms built from the recipe's declaration."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QLineEdit, QSlider, QSpinBox, QToolButton
from pytestqt.qtbot import QtBot

from core.recipe import field, section_fields, value_of
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.editors import object_name
from skinkd_gui.training.wizard.fields import FieldForm
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.texts import number_text, parsed_number

_SECTIONS = ("data", "teacher", "student", "distillation", "curriculum", "optimisation", "hardware")


def _form(qtbot: QtBot, *keys: str) -> tuple[WizardModel, FieldForm]:
    model = WizardModel(wizard_state.initial_state())
    form = FieldForm(model, [field(key) for key in keys])
    model.setParent(form)  # what can be undone goes with it
    qtbot.addWidget(form)
    form.show()
    return model, form


@pytest.mark.parametrize("section", _SECTIONS)
def test_every_field_of_the_recipe_has_a_named_editor_that_shows_its_value(qtbot: QtBot, section: str) -> None:
    model = WizardModel(wizard_state.initial_state())
    form = FieldForm(model, section_fields(section))
    qtbot.addWidget(form)
    for spec in section_fields(section):
        shown = value_of(model.state.recipe, spec.key)
        editor = form.rows[spec.key].editor.focusProxy()
        assert editor is not None, spec.key
        assert editor.accessibleName(), spec.key
        assert editor.objectName().startswith(object_name(spec.key)), spec.key
        assert spec.key in editor.toolTip()
        if isinstance(editor, QLineEdit) and spec.kind == "number":
            assert parsed_number(editor.text()) == shown
        if isinstance(editor, QSpinBox):
            assert editor.value() == shown
        if isinstance(editor, QComboBox):
            assert editor.currentData() == shown
        if isinstance(editor, QCheckBox):
            assert editor.isChecked() == shown


def test_a_typed_number_goes_into_the_recipe(qtbot: QtBot) -> None:
    model, form = _form(qtbot, "optimisation.learning_rate")
    edit = form.findChild(QLineEdit, "optimisationLearningRateField")
    assert edit is not None
    assert edit.text() == "0.00001"
    edit.clear()
    qtbot.keyClicks(edit, "3e-4")
    assert model.state.recipe.optimisation.learning_rate == 3e-4
    assert edit.text() == "3e-4"  # what was typed is not rewritten under the cursor


def test_an_unusable_value_is_marked_at_its_field_and_reset_heals_it(qtbot: QtBot) -> None:
    model, form = _form(qtbot, "optimisation.learning_rate")
    edit = form.findChild(QLineEdit, "optimisationLearningRateField")
    problem = form.findChild(QLabel, "optimisationLearningRateFieldProblem")
    reset = form.findChild(QToolButton, "optimisationLearningRateFieldReset")
    assert edit is not None
    assert problem is not None
    assert reset is not None
    assert problem.isHidden()
    assert reset.isHidden()
    edit.setText("")
    qtbot.keyClicks(edit, "-1")
    assert not problem.isHidden()
    assert "greater than 0" in problem.text()
    reset.click()
    assert problem.isHidden()
    assert edit.text() == "0.00001"
    assert model.state.drafts == ()


def test_a_slider_and_its_number_are_one_value(qtbot: QtBot) -> None:
    model, form = _form(qtbot, "distillation.alpha")
    slider = form.findChild(QSlider, "distillationAlphaFieldSlider")
    edit = form.findChild(QLineEdit, "distillationAlphaField")
    assert slider is not None
    assert edit is not None
    slider.setValue(70)
    assert model.state.recipe.distillation.alpha == 0.7
    assert edit.text() == "0.7"
    edit.clear()
    qtbot.keyClicks(edit, "0,25")
    assert model.state.recipe.distillation.alpha == 0.25
    assert slider.value() == 25


def test_shares_are_checked_together(qtbot: QtBot) -> None:
    model, form = _form(qtbot, "data.split")
    test = form.findChild(QLineEdit, "dataSplitFieldTest")
    problem = form.findChild(QLabel, "dataSplitFieldProblem")
    assert test is not None
    assert problem is not None
    test.setText("")
    qtbot.keyClicks(test, "0.2")
    assert "sum to 1" in problem.text()
    test.setText("")
    qtbot.keyClicks(test, "0.1")
    assert problem.isHidden()
    assert model.state.recipe.data.split == (0.7, 0.2, 0.1)


def test_several_texts_stand_in_one_line(qtbot: QtBot) -> None:
    model, form = _form(qtbot, "teacher.also")
    edit = form.findChild(QLineEdit, "teacherAlsoField")
    assert edit is not None
    assert form.more is not None
    form.more.click()
    qtbot.keyClicks(edit, "first run;  second ;")
    assert model.state.recipe.teacher.also == ("first run", "second")
    assert edit.text() == "first run;  second ;"  # nothing jumps while one types
    edit.setText("")
    qtbot.keyClicks(edit, " ")
    assert model.state.recipe.teacher.also == ()


def test_expert_settings_are_folded_away_until_changed_ones_are_among_them(qtbot: QtBot) -> None:
    model, form = _form(qtbot, *(spec.key for spec in section_fields("optimisation")))
    spin = form.findChild(QSpinBox, "optimisationWarmupField")
    assert spin is not None
    assert form.more is not None
    assert not spin.isVisible()
    form.more.click()
    assert spin.isVisible()
    model.set_value("optimisation.warmup", 3)
    again = FieldForm(model, section_fields("optimisation"))
    qtbot.addWidget(again)
    assert again.more is not None
    assert again.more.isChecked()


def test_scrolling_past_a_field_changes_nothing(qtbot: QtBot) -> None:
    model, form = _form(qtbot, "optimisation.epochs", "optimisation.sampler")
    for kind in (QSpinBox, QComboBox):
        editor = form.findChild(kind)
        assert isinstance(editor, QSpinBox | QComboBox)
        turn = QWheelEvent(
            QPointF(5, 5), QPointF(editor.mapToGlobal(editor.rect().center())), QPointF(0, -120).toPoint(),
            QPointF(0, -120).toPoint(), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        editor.clearFocus()
        QApplication.sendEvent(editor, turn)
    assert model.state.recipe.optimisation == wizard_state.initial_state().recipe.optimisation


@pytest.mark.parametrize(("value", "text"), [(1e-5, "0.00001"), (0.7, "0.7"), (17728, "17728"), (1.0, "1")])
def test_numbers_are_written_plainly(value: float, text: str) -> None:
    assert number_text(value) == text
    assert parsed_number(text) == value
