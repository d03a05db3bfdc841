"""What other settings to start from replace is said, and comes back with one undo."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QRadioButton

from core.recipe import Preset
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.overwriting import replaced_words
from skinkd_gui.widgets.banner import Banner
from tests.gui.training.wizard.conftest import MakeWizard


def test_only_what_the_user_had_set_otherwise_is_named() -> None:
    state = wizard_state.initial_state()
    assert replaced_words(state, wizard_state.choose_preset(state, Preset.QUICK)) == ""
    own = wizard_state.set_value(state, "data.image_size", 64)
    own = wizard_state.set_value(own, "data.seed", 5)  # no preset touches it
    words = replaced_words(own, wizard_state.choose_preset(own, Preset.QUICK))
    assert words == "Replaced, what you had set: Image size 64, now 128."


def test_the_page_says_it_and_undoes_it(make_wizard: MakeWizard) -> None:
    wizard = make_wizard()
    wizard.model.set_value("data.image_size", 64)
    wizard.findChild(QRadioButton, "presetQuickButton").click()
    banner = wizard.findChild(Banner, "replacedBanner")
    assert "Image size 64, now 128" in banner.text
    wizard.findChild(QPushButton, "undoPresetButton").click()
    assert wizard.model.state.recipe.data.image_size == 64
    assert banner.text == ""
