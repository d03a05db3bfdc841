"""Saying what labels mean, making and editing classes, saving them, and answering what the data leave open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QComboBox, QInputDialog, QLabel, QPushButton, QRadioButton, QWidget
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from core.classes.saved import saved_class_sets
from core.data.types import LabelCount
from skinkd_gui.training.wizard.dialog import TrainingWizard
from skinkd_gui.training.wizard.labels_model import BECOMES, COUNT, HOW, LABEL, LabelsModel
from skinkd_gui.training.wizard.labels_page import LabelsPage
from skinkd_gui.training.wizard.labels_table import LabelsTable
from skinkd_gui.training.wizard.state import CheckState, Goal, WizardStep
from tests.gui.training.wizard.conftest import MakeWizard


def _folders(root: Path, labels: Sequence[str], images: int = 4) -> Path:
    random = np.random.default_rng(0)
    for label in labels:
        (root / label).mkdir(parents=True)
        for number in range(images):
            pixels = random.integers(0, 255, (24, 24, 3), np.uint8)
            Image.fromarray(pixels).save(root / label / f"{label}-{number}.png")
    return root


def _page(wizard: TrainingWizard) -> LabelsPage:
    page = wizard.pages[WizardStep.LABELS]
    assert isinstance(page, LabelsPage)
    return page


def _open(wizard: TrainingWizard, qtbot: QtBot) -> LabelsPage:
    qtbot.waitUntil(lambda: wizard.model.state.dataset is not None)
    wizard.next_button.click()
    assert wizard.model.state.step is WizardStep.LABELS
    return _page(wizard)


def _rows(table: LabelsTable) -> dict[str, tuple[str, str, str]]:
    shown = table.model()
    return {
        shown.index(row, LABEL).data(): tuple(shown.index(row, column).data() for column in (COUNT, BECOMES, HOW))
        for row in range(shown.rowCount())
    }


def _choose(table: LabelsTable, qtbot: QtBot, text: str) -> None:
    """Open the choice of the current row by the keyboard and take an entry."""
    qtbot.keyClick(table, Qt.Key.Key_Return)
    box = table.findChild(QComboBox, "labelOutcomeCombo")
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())
    box.hidePopup()


def _click(wizard: TrainingWizard, name: str) -> None:
    button = wizard.findChild(QPushButton, name)
    assert button.isVisible(), name
    button.click()


def test_labels_that_nobody_knows_stop_the_wizard_until_each_is_decided(
    make_wizard: MakeWizard, qtbot: QtBot, tmp_path: Path
) -> None:
    wizard = make_wizard(_folders(tmp_path / "data", ("melanoma", "nevo", "acne", "wart")))
    page = _open(wizard, qtbot)
    assert not wizard.next_button.isEnabled()
    rows = _rows(page.table)
    assert list(rows) == ["acne", "wart", "nevo", "melanoma"]  # what needs a look comes first
    assert rows["acne"] == ("4", "Please choose", "not understood")
    assert "please check" in rows["nevo"][2]
    qtbot.waitUntil(lambda: all(page.labels_model.thumbnails(0)))
    assert len(page.labels_model.thumbnails(0)) == 3
    page.table.setFocus()
    page.table.selectRow(0)
    page.table.selectionModel().select(
        page.table.model().index(1, 0),
        QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows,
    )
    _choose(page.table, qtbot, "Left out")
    assert wizard.model.state.recipe.classes.mapping == {"acne": "", "wart": ""}
    _click(wizard, "confirmGuessesButton")
    assert wizard.model.state.recipe.classes.mapping["nevo"] == "NV"
    assert "8 pictures of 2 classes, 8 left out" in wizard.findChild(QLabel, "labelsSumsLabel").text()
    qtbot.waitUntil(lambda: wizard.model.state.check is CheckState.DONE)
    qtbot.waitUntil(wizard.next_button.isEnabled)
    wizard.undo_stack.undo()
    wizard.undo_stack.undo()
    assert wizard.model.state.recipe.classes.mapping == {}
    qtbot.waitUntil(lambda: wizard.model.state.dataset is not None)
    assert not wizard.next_button.isEnabled()


def test_classes_of_ones_own_are_made_edited_saved_and_used_again(
    make_wizard: MakeWizard, qtbot: QtBot, tmp_path: Path
) -> None:
    data = _folders(tmp_path / "data", ("excise", "follow-up", "discharge"))
    wizard = make_wizard(data)
    page = _open(wizard, qtbot)
    _click(wizard, "makeClassesButton")
    assert wizard.model.state.recipe.class_set.codes == ("discharge", "excise", "follow-up")
    page.tabs.setCurrentIndex(1)
    cells = page.classes_model
    assert cells.setData(cells.index(1, 1), "EXC")
    assert cells.setData(cells.index(1, 2), "Surgical excision")
    assert cells.setData(cells.index(1, 3), "malignant")
    assert wizard.model.state.recipe.class_set.title_of("EXC") == "Surgical excision (EXC)"
    cells.setData(cells.index(0, 1), "EXC")
    assert "code of its own" in wizard.findChild(QLabel, "labelsErrorLabel").text()
    _click(wizard, "saveClassesButton")
    dialog = wizard.findChild(QInputDialog, "saveClassesDialog")
    dialog.setTextValue("ward")
    dialog.accept()
    qtbot.waitUntil(lambda: saved_class_sets() == ("ward",))
    qtbot.waitUntil(lambda: page.sets.findText("ward (3 classes, saved)") >= 0)
    qtbot.waitUntil(wizard.next_button.isEnabled)
    again = make_wizard(data)
    other = _open(again, qtbot)
    qtbot.waitUntil(lambda: again.findChild(QPushButton, "useFittingSetButton").isVisible())
    _click(again, "useFittingSetButton")
    assert again.model.state.recipe.classes == wizard.model.state.recipe.classes
    assert other.sets.currentText() == "ward (3 classes, saved)"


def test_the_study_of_the_paper_is_offered_for_its_classes_alone(
    make_wizard: MakeWizard, qtbot: QtBot, tmp_path: Path
) -> None:
    wizard = make_wizard(_folders(tmp_path / "data", ("benign", "malignant")))
    _open(wizard, qtbot)
    _click(wizard, "useFittingSetButton")
    assert wizard.model.state.recipe.classes.set == "benign-malignant"
    qtbot.waitUntil(wizard.next_button.isEnabled)
    wizard.next_button.click()
    assert wizard.model.state.step is WizardStep.TASK
    study = wizard.findChild(QRadioButton, "goalStudyButton")
    assert not study.isVisible()
    wizard.undo_stack.undo()
    assert study.isVisibleTo(wizard.pages[WizardStep.TASK])
    assert wizard.model.state.goal is Goal.WHOLE


def test_which_column_is_meant_is_asked_and_can_be_changed(
    make_wizard: MakeWizard, qtbot: QtBot, tmp_path: Path
) -> None:
    data = _folders(tmp_path / "data", ("images",), images=12)
    kinds = ("0,Benign,Nevus", "0,Benign,", "1,Malignant,Melanoma in situ", "1,Malignant,Basal cell carcinoma")
    lines = [f"images-{number},{kinds[number % 4]}" for number in range(12)]
    (data / "table.csv").write_text("\n".join(("isic_id,target,iddx_1,iddx_3", *lines)), encoding="utf-8")
    wizard = make_wizard(data)
    qtbot.waitUntil(lambda: wizard.model.state.asked is not None)
    column = wizard.model.state.asked
    assert column is not None
    assert not wizard.next_button.isEnabled()
    second = [option.value for option in column.options].index("iddx_1")
    wizard.findChild(QRadioButton, f"dataLabelColumnFieldOption{second}").click()
    qtbot.waitUntil(lambda: wizard.model.state.dataset is not None)
    assert {item.label for item in wizard.model.state.meanings} == {"Benign", "Malignant"}

    def answers() -> list[str]:
        labels = wizard.findChildren(QLabel, "dataLabelColumnFieldAnswer")
        return [label.text() for label in labels if label.isVisible()]

    qtbot.waitUntil(lambda: len(answers()) == 1)
    assert "iddx_1 (Benign: 6, Malignant: 6)" in answers()[0]
    wizard.undo_stack.undo()
    qtbot.waitUntil(lambda: wizard.model.state.asked is not None)


def test_two_hundred_labels_are_rows_without_widgets(qtbot: QtBot) -> None:
    classes = CLASS_SETS["isic2019"]
    labels = tuple(LabelCount(f"label {number}", 1 + number, (), None).meant_by(classes) for number in range(200))
    holder = QWidget()
    qtbot.addWidget(holder)
    model = LabelsModel(holder)
    model.show_labels(labels, classes)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning, holder)
    table = LabelsTable(model, holder)
    holder.show()
    table.sortByColumn(COUNT, Qt.SortOrder.DescendingOrder)
    shown = table.model()
    assert [shown.index(row, COUNT).data() for row in (0, 199)] == ["200", "1"]
    assert not table.findChildren(QComboBox, "labelOutcomeCombo")
    table.selectRow(5)
    model.show_labels(tuple(item.meant_by(classes) for item in labels), classes)
    assert table.selected_labels() == ("label 194",)
