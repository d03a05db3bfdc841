"""The wizard as a person uses it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.demo import sample_set as sample_module
from core.recipe import Recipe, recipe_from_toml
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.data_page import DataPage
from skinkd_gui.training.wizard.dialog import TrainingWizard, WizardResult
from skinkd_gui.training.wizard.draft import draft_file, load_draft
from skinkd_gui.training.wizard.state import CheckState, WizardStep
from skinkd_gui.workers.job import running_jobs
from tests.gui.training.wizard.conftest import MakeWizard


def _next(wizard: TrainingWizard, qtbot: QtBot, expected: WizardStep) -> None:
    qtbot.waitUntil(wizard.next_button.isEnabled)
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    assert wizard.model.state.step is expected


def test_the_keyboard_is_always_on_the_page(make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path) -> None:
    wizard = make_wizard(sample_set)
    assert wizard.focusWidget().objectName() == "dataPathEdit"
    for step in (WizardStep.TASK, WizardStep.TEACHER):
        qtbot.waitUntil(wizard.next_button.isEnabled)
        wizard.next_button.setFocus()
        wizard.next_button.click()
        assert wizard.pages[step].isAncestorOf(wizard.focusWidget())
    wizard.back_button.click()
    assert wizard.pages[WizardStep.TASK].isAncestorOf(wizard.focusWidget())


def test_choices_are_undone_while_the_dialog_is_open(make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path) -> None:
    wizard = make_wizard(sample_set)
    qtbot.waitUntil(lambda: wizard.model.state.dataset is not None)
    first = wizard.model.state
    undo = wizard.findChild(QAbstractButton, "wizardUndoButton")
    assert not undo.isEnabled()
    wizard.model.set_value("optimisation.epochs", 3)
    wizard.model.set_value("optimisation.epochs", 33)
    wizard.findChild(QRadioButton, "goalPlainButton").click()
    assert (undo.text(), undo.toolTip()) == ("Undo", "Undo goal")
    undo.click()
    assert wizard.model.state.goal is first.goal
    assert wizard.model.state.recipe.optimisation.epochs == 33
    qtbot.keySequence(wizard.steps, QKeySequence(QKeySequence.StandardKey.Undo))
    assert wizard.model.state.recipe == first.recipe
    assert wizard.model.state.dataset is not None
    wizard.findChild(QAbstractButton, "wizardRedoButton").click()
    assert wizard.model.state.recipe.optimisation.epochs == 33


def test_another_place_of_the_images_is_undone_and_read_again(
    make_wizard: MakeWizard, qtbot: QtBot, sample_set: Path, tmp_path: Path
) -> None:
    wizard = make_wizard(sample_set)
    qtbot.waitUntil(lambda: wizard.model.state.dataset is not None)
    page = wizard.pages[WizardStep.DATA]
    assert isinstance(page, DataPage)
    page.set_path(str(tmp_path))
    qtbot.waitUntil(lambda: bool(wizard.model.state.data_problem))
    wizard.undo_stack.undo()
    qtbot.waitUntil(lambda: wizard.model.state.dataset is not None)
    assert page.path_edit.text() == str(sample_set)
    assert wizard.undo_stack.redoText() == "place of the images"


def test_from_the_sample_images_to_start(
    make_wizard: MakeWizard, qtbot: QtBot, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = partial(sample_module.write_sample_set, images=160, size=64)
    monkeypatch.setattr(sample_module, "write_sample_set", small)
    wizard = make_wizard(recipe=tiny)
    assert not wizard.next_button.isEnabled()
    wizard.findChild(QAbstractButton, "sampleDataButton").click()
    qtbot.waitUntil(lambda: wizard.model.state.check is CheckState.DONE)
    summary = wizard.findChild(QLabel, "dataSummaryLabel")
    assert "160 images" in summary.text()
    assert "enerated" in wizard.findChild(QLabel, "syntheticLabel").text()
    _next(wizard, qtbot, WizardStep.TASK)
    assert wizard.findChild(QRadioButton, "goalWholeButton").isChecked()
    _next(wizard, qtbot, WizardStep.TEACHER)
    facts = wizard.findChild(QLabel, "teacherFactsLabel")
    qtbot.waitUntil(lambda: "parameters" in facts.text())
    _next(wizard, qtbot, WizardStep.STUDENT)
    assert "73.5 %" in wizard.findChild(QLabel, "paperFindingLabel").text()
    _next(wizard, qtbot, WizardStep.SCHEDULE)
    _next(wizard, qtbot, WizardStep.COST)
    headline = wizard.findChild(QLabel, "costHeadline")
    qtbot.waitUntil(lambda: headline.isVisible() and "both runs" in headline.text())
    _next(wizard, qtbot, WizardStep.REVIEW)
    assert not wizard.next_button.isVisible()
    text = wizard.findChild(QPlainTextEdit, "recipeText").toPlainText()
    qtbot.keyClicks(wizard.findChild(QLineEdit, "runNameEdit"), "My first run")
    with qtbot.waitSignal(wizard.accepted_plan) as started:
        qtbot.mouseClick(wizard.start_button, Qt.MouseButton.LeftButton)
    (result,) = started.args
    assert isinstance(result, WizardResult)
    assert result.name == "My first run"
    assert result.recipe == recipe_from_toml(text)
    assert result.recipe.needs_teacher
    assert wizard.isHidden()
    assert not running_jobs()


def test_closing_early_leaves_nothing_running(
    make_wizard: MakeWizard, qtbot: QtBot, tiny: Recipe, sample_set: Path
) -> None:
    wizard = make_wizard(sample_set, tiny)
    qtbot.waitUntil(lambda: wizard.model.state.dataset is not None)
    wizard.close()
    assert wizard.isHidden()
    assert not running_jobs()


@pytest.mark.parametrize("how", ["cancel", "escape", "close"])
def test_what_was_chosen_is_there_again_however_the_assistant_was_left(
    make_wizard: MakeWizard, qtbot: QtBot, tiny: Recipe, how: str
) -> None:
    assert load_draft() is None
    wizard = make_wizard("a folder", tiny)
    wizard.model.update(wizard_state.set_name(wizard.model.state, "my run"))
    wizard.model.set_value("optimisation.epochs", 7)
    wizard.model.set_value("optimisation.learning_rate", "much")
    if how == "cancel":
        wizard.cancel_button.click()
    elif how == "escape":
        qtbot.keyClick(wizard, Qt.Key.Key_Escape)
    else:
        wizard.close()
    assert wizard.isHidden()
    assert not running_jobs()
    draft = load_draft()
    again = make_wizard(recipe=tiny, draft=draft)
    state = again.model.state
    assert (state.name, state.recipe.optimisation.epochs, state.recipe.data.path) == ("my run", 7, "a folder")
    assert dict(state.drafts) == {"optimisation.learning_rate": "much"}
    anew = again.findChild(QPushButton, "wizardAnewButton")
    anew.click()
    assert again.model.state.recipe == tiny
    again.undo_stack.undo()
    assert again.model.state.recipe == state.recipe
    again.undo_stack.redo()
    again.reject()
    assert load_draft() is None


def test_a_draft_that_can_not_be_read_begins_nothing(caplog: pytest.LogCaptureFixture) -> None:
    draft_file().parent.mkdir(parents=True)
    draft_file().write_text('{"version": 1, "recipe": "nonsense = 1"}')
    assert load_draft() is None
    assert "draft" in caplog.text


def test_pages_that_are_not_in_order_can_not_be_jumped_to(make_wizard: MakeWizard) -> None:
    wizard = make_wizard()
    wizard.steps.setCurrentRow(list(WizardStep).index(WizardStep.REVIEW))
    assert wizard.model.state.step is WizardStep.DATA
    assert wizard.steps.currentRow() == 0
    assert not wizard.steps.item(6).flags() & Qt.ItemFlag.ItemIsEnabled


def test_everything_to_click_or_type_in_has_a_name(make_wizard: MakeWizard) -> None:
    wizard = make_wizard()
    kinds = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView, QPlainTextEdit)
    unnamed = []
    for kind in kinds:
        for widget in wizard.findChildren(kind):
            inside = _inside(widget, wizard)
            if not inside and not (widget.objectName() and widget.accessibleName()):
                unnamed.append(f"{type(widget).__name__} '{widget.objectName()}' in {widget.parent()}")
    assert unnamed == []


def test_it_fits_a_small_screen(make_wizard: MakeWizard) -> None:
    wizard = make_wizard()
    wizard.resize(1100, 720)
    assert (wizard.width(), wizard.height()) == (1100, 720)
    room = wizard.pages[WizardStep.DATA].viewport().width() - 20  # beside a scroll bar
    for step, page in wizard.pages.items():
        widget = page.widget()
        assert widget is not None
        assert widget.minimumSizeHint().width() <= room, step


def _inside(widget: QWidget, wizard: TrainingWizard) -> bool:
    """Whether Qt itself made the widget, as part of another control."""
    parent = widget.parentWidget()
    while parent is not None and parent is not wizard:
        if isinstance(parent, QComboBox | QAbstractSpinBox | QLineEdit | QAbstractItemView):
            return True
        parent = parent.parentWidget()
    return widget.objectName().startswith("qt_") or widget.inherits("QComboBoxPrivateScroller")
