"""Losses that are added to the method's, in the wizard; and the lists that say what each method is for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from core.distillation.methods import METHODS
from core.recipe import Preset, field, possible_fields, preset, set_values
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.editors import make_editor
from skinkd_gui.training.wizard.further_losses import FurtherLosses
from skinkd_gui.training.wizard.model import WizardModel


@pytest.fixture
def model() -> WizardModel:
    recipe = set_values(preset(Preset.QUICK), ["distillation.term=[{method='dist', weight=0.5, temperature=4}]"])
    return WizardModel(wizard_state.initial_state(recipe, ""))


@pytest.fixture
def losses(model: WizardModel, qtbot: QtBot) -> FurtherLosses:
    widget = FurtherLosses(model)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def terms(model: WizardModel) -> list[tuple[str, float]]:
    return [(term.method, term.weight) for term in model.state.recipe.distillation.term]


def test_a_recipes_losses_are_shown_and_keep_their_settings(model: WizardModel, losses: FurtherLosses) -> None:
    (row,) = losses.rows
    assert (row.method.currentText(), row.weight.text()) == ("DIST", "0.5")
    row.weight.setText("0.25")
    row.weight.textEdited.emit("0.25")
    assert terms(model) == [("dist", 0.25)]
    assert model.state.recipe.distillation.term[0].temperature == 4.0


def test_losses_are_added_changed_and_removed(model: WizardModel, losses: FurtherLosses, qtbot: QtBot) -> None:
    qtbot.mouseClick(losses.add, Qt.MouseButton.LeftButton)
    first = next(name for name, method in METHODS.items() if method.needs and name not in ("kl", "dist"))
    assert terms(model) == [("dist", 0.5), (first, 1.0)]
    combo = losses.findChild(QComboBox, "furtherLoss2Method")
    assert [combo.itemData(place) for place in range(combo.count())] == [
        name for name, method in METHODS.items() if method.needs
    ]
    place = combo.findData("norm_direction")
    combo.setCurrentIndex(place)
    combo.activated.emit(place)
    assert terms(model)[1] == ("norm_direction", 1.0)
    assert any("as a further loss" in label.text() for label in losses.rows[1].findChildren(QLabel))
    qtbot.mouseClick(losses.findChild(QPushButton, "furtherLoss1Remove"), Qt.MouseButton.LeftButton)
    assert terms(model) == [("norm_direction", 1.0)]
    assert len(losses.rows) == 1
    assert losses.rows[0].method.currentData() == "norm_direction"


def test_a_weight_that_is_none_is_said_and_waits(model: WizardModel, losses: FurtherLosses) -> None:
    edit = losses.findChild(QLineEdit, "furtherLoss1Weight")
    edit.setText("much")
    edit.textEdited.emit("much")
    assert terms(model) == [("dist", 0.5)]
    assert edit.text() == "much"
    shown = [label.text() for label in losses.findChildren(QLabel) if label.isVisible()]
    assert any("much" in text for text in shown)
    edit.setText("2")
    edit.textEdited.emit("2")
    assert terms(model) == [("dist", 2.0)]
    assert not any("much" in label.text() for label in losses.findChildren(QLabel))


@pytest.mark.parametrize(
    "key", ["distillation.method", *(spec.key for spec in possible_fields("curriculum") if spec.entries)]
)
def test_the_list_says_of_each_entry_what_it_is_for(key: str, qtbot: QtBot) -> None:
    editor = make_editor(field(key))
    qtbot.addWidget(editor)
    combo = editor.findChild(QComboBox)
    delegate, option = combo.itemDelegate(), QStyleOptionViewItem()
    for place, entry in enumerate(field(key).entries):
        about = combo.itemData(place, Qt.ItemDataRole.AccessibleDescriptionRole)
        assert about.lower().startswith(entry.help.lower()[:40])
        height = delegate.sizeHint(option, combo.model().index(place, 0)).height()
        assert height > 2 * option.fontMetrics.height()
    combo.showPopup()
    qtbot.waitUntil(combo.view().isVisible)
    assert not combo.view().grab().isNull()
    combo.hidePopup()
