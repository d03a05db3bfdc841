from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from core.inference.review import NO_REVIEW
from skinkd_gui.classify.cells import DECISION, FLAG, IMAGE, REVIEW
from skinkd_gui.classify.classify_tab import ClassifyTab
from skinkd_gui.classify.images_model import ARRIVAL
from skinkd_gui.classify.kinds import Kind
from skinkd_gui.classify.model_card import ModelCard
from skinkd_gui.undo import undo_stack

from .conftest import MakeTab
from .tab_helpers import button, cells, child, classify, idle, table, text


@pytest.fixture
def tab(make_tab: MakeTab, weighed: Path) -> ClassifyTab:
    return make_tab(weighed)


def run(root: Path, name: str) -> Path:
    return next(folder for folder in root.iterdir() if folder.name.endswith(name))


def settled(tab: ClassifyTab) -> bool:
    return idle(tab) and not tab._images.waiting and not tab._images.sorting


def act(tab: ClassifyTab, name: str) -> None:
    action = tab.findChild(QAction, name)
    assert action is not None
    action.trigger()


def select(tab: ClassifyTab, *rows: int) -> None:
    selection = table(tab).selectionModel()
    selection.clearSelection()
    flags = QItemSelectionModel.SelectionFlag
    for row in rows:
        selection.setCurrentIndex(table(tab).model().index(row, 0), flags.Select | flags.Rows)


def test_a_review_stays_with_its_image_and_is_undone_after_a_change_of_model(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path
) -> None:
    classify(qtbot, tab, lesions[:4])
    select(tab, 1, 2)
    act(tab, "classifyAgreeAction")
    said = {path: tab._images.review(path) for path in lesions[1:3]}
    first = [tab._images.result_of(path) for path in lesions[1:3]]
    assert [review.code for review in said.values()] == [result.code for result in first if result is not None]
    assert undo_stack(tab).undoText() == "review of 2 images"
    tab.choose_model(run(weighed, "second"))
    qtbot.waitUntil(lambda: settled(tab))
    assert {path: tab._images.review(path) for path in lesions[1:3]} == said
    select(tab, 3)
    act(tab, "classifyReviewedAction")
    undo_stack(tab).undo()
    assert tab._images.review(lesions[3]) == NO_REVIEW
    undo_stack(tab).undo()
    assert not tab._images.reviews
    undo_stack(tab).redo()
    assert {path: tab._images.review(path) for path in lesions[1:3]} == said


def test_the_list_stays_urgent_first_when_the_model_changes(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path
) -> None:
    classify(qtbot, tab, lesions)
    table(tab).sortByColumn(DECISION, Qt.SortOrder.AscendingOrder)
    for name in ("first", "second"):
        tab.choose_model(run(weighed, name))
        qtbot.waitUntil(lambda: settled(tab))
        shown = cells(tab, IMAGE)
        table(tab).sortByColumn(ARRIVAL, Qt.SortOrder.AscendingOrder)
        table(tab).sortByColumn(DECISION, Qt.SortOrder.AscendingOrder)
        assert cells(tab, IMAGE) == shown


def test_the_reader_overrules_notes_and_sees_how_the_model_does(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    classify(qtbot, tab, lesions[:3])
    select(tab, 0)
    result = tab._images.result_of(lesions[0])
    assert result is not None
    other = 0 if result.code != "MEL" else 1
    box = child(tab, QComboBox, "classifyReaderDiagnosis")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(1 + other)
    box.activated.emit(1 + other)
    assert cells(tab, REVIEW)[0] == f"Overruled: {result.classes.names[other]}"
    note = child(tab, QLineEdit, "classifyNote")
    assert isinstance(note, QLineEdit)
    note.setText("grew lately")
    note.editingFinished.emit()
    select(tab, 1)
    assert note.text() == ""
    qtbot.mouseClick(button(tab, "classifyAgreeButton"), Qt.MouseButton.LeftButton)
    assert text(tab, "classifyReviewState").startswith("You agreed")
    assert text(tab, "classifyReviewedSoFar").startswith(
        "Reviewed: 2 of 3. The model says what you say in 1 of 2: 50.0 %"
    )
    select(tab, 0)
    assert note.text() == "grew lately"
    assert not table(tab).isColumnHidden(REVIEW)
    tab._summary.show_kind(Kind.TO_REVIEW)
    assert cells(tab, IMAGE) == [lesions[2].name]
    source = tab._export_source()
    assert source is not None
    assert [row.path for row in source.shown] == [lesions[2]]
    assert set(source.reviews) == set(lesions[:2])
    tab._summary.show_all()
    select(tab, 0)
    act(tab, "classifyUnreviewedAction")
    assert tab._images.review(lesions[0]).note == "grew lately"
    assert not tab._images.review(lesions[0]).reviewed


def test_what_is_unlike_can_not_be_agreed_with(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions)
    select(tab, 11, 12, 13)  # a lesion, a page, a file that is no image
    act(tab, "classifyAgreeAction")
    assert set(tab._images.reviews) == {lesions[11]}
    select(tab, 12)
    assert not button(tab, "classifyAgreeButton").isEnabled()


def test_removed_images_come_back_with_what_was_said_of_them(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    classify(qtbot, tab, lesions[:4])
    before = tab._images.results
    select(tab, 1, 3)
    act(tab, "classifyAgreeAction")
    act(tab, "classifyRemoveAction")
    assert tab._images.paths == [lesions[0], lesions[2]]
    undo_stack(tab).undo()
    qtbot.waitUntil(lambda: settled(tab))
    assert tab._images.paths == lesions[:4]
    assert all(one is other for one, other in zip(tab._images.results, before, strict=True))
    assert set(tab._images.reviews) == {lesions[1], lesions[3]}
    tab._clear_list()
    assert not tab._images.reviews
    undo_stack(tab).undo()
    assert set(tab._images.reviews) == {lesions[1], lesions[3]}


def test_one_image_fills_the_page_and_of_many_one_can(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions[:1])
    assert not table(tab).isVisible()
    assert not child(tab, QWidget, "classifyOneBar").isVisible()
    view = tab._details.picture.view
    assert view.width() * view.height() > 0.3 * tab.width() * tab.height()
    classify(qtbot, tab, lesions[:4])
    assert table(tab).isVisible()
    select(tab, 1)
    act(tab, "classifyLargeAction")
    assert not table(tab).isVisible()
    assert text(tab, "classifyWhere").replace("\u200b", "") == f"2 of 4: {lesions[1].name}"
    qtbot.mouseClick(button(tab, "classifyNextButton"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(button(tab, "classifyNextButton"), Qt.MouseButton.LeftButton)
    assert not button(tab, "classifyNextButton").isEnabled()
    qtbot.mouseClick(button(tab, "classifyAgreeButton"), Qt.MouseButton.LeftButton)
    assert set(tab._images.reviews) == {lesions[3]}
    qtbot.mouseClick(button(tab, "classifyBackButton"), Qt.MouseButton.LeftButton)
    assert table(tab).isVisible()
    assert table(tab).currentIndex().row() == 3


def test_the_menu_offers_the_diagnoses_of_the_model(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions[:2])
    select(tab, 0, 1)
    menu = tab._pane._menu.build()
    own = menu.findChild(QMenu)
    assert own is not None
    assert len(own.actions()) == 8
    own.actions()[0].trigger()
    assert {review.code for review in tab._images.reviews.values()} == {"MEL"}
    menu.close()


def test_the_threshold_of_the_card_is_used_on_its_model(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path
) -> None:
    classify(qtbot, tab, lesions[:8])
    assert table(tab).isColumnHidden(FLAG)
    qtbot.mouseClick(button(tab, "classifyOperatingButton"), Qt.MouseButton.LeftButton)
    card = tab.findChild(ModelCard)
    assert card is not None
    qtbot.waitUntil(lambda: card.content is not None and not card.busy)
    qtbot.mouseClick(card.point.use, Qt.MouseButton.LeftButton)
    assert not card.point.use.isEnabled()
    card.accept()
    threshold = tab._session.threshold
    assert threshold is not None
    assert (threshold.sensitivity, card.point.point.threshold) == (0.95, threshold.value)  # type: ignore[union-attr]
    assert not table(tab).isColumnHidden(FLAG)
    shares = [result.probabilities[0] for result in tab._images.results if result.probabilities]
    assert cells(tab, FLAG) == ["Flagged" if share >= threshold.value else "below" for share in shares]
    tab.choose_model(run(weighed, "second"))
    qtbot.waitUntil(lambda: settled(tab))
    assert table(tab).isColumnHidden(FLAG)  # it was chosen on the other model's images
    tab.choose_model(run(weighed, "first"))
    qtbot.waitUntil(lambda: settled(tab))
    assert tab._session.threshold == threshold
    qtbot.mouseClick(button(tab, "classifyDropThreshold"), Qt.MouseButton.LeftButton)
    assert tab._session.threshold is None
