from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QSlider
from pytestqt.qtbot import QtBot

from core.inference.trust import Verdict
from skinkd_gui.classify.classify_tab import ClassifyTab
from skinkd_gui.classify.details_panel import ImageDetailsPanel
from skinkd_gui.classify.model_card import ModelCard
from skinkd_gui.data.recents import remember_data

from .conftest import MakeTab
from .tab_helpers import button, child, classify, idle, table, text


@pytest.fixture
def tab(make_tab: MakeTab, weighed: Path) -> ClassifyTab:
    return make_tab(weighed)


def details(tab: ClassifyTab) -> ImageDetailsPanel:
    found = child(tab, ImageDetailsPanel, "classifyDetails")
    assert isinstance(found, ImageDetailsPanel)
    return found


def select(qtbot: QtBot, tab: ClassifyTab, row: int) -> None:
    table(tab).selectRow(row)
    qtbot.waitUntil(lambda: idle(tab))


def row_with(tab: ClassifyTab, *verdicts: Verdict) -> int:
    found = [result.assessment for result in tab._images.results]
    return next(row for row, item in enumerate(found) if item is not None and item.verdict in verdicts)


def test_probabilities_of_what_is_unlike_are_folded_until_asked_for(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    classify(qtbot, tab, lesions)
    answers = details(tab).probabilities
    assert answers.bars.isVisible()
    select(qtbot, tab, row_with(tab, Verdict.OUT_OF_DISTRIBUTION))
    assert text(tab, "classifyVerdictFirstTitle") == Verdict.OUT_OF_DISTRIBUTION.words
    assert not answers.bars.isVisible()
    assert "mean nothing" in text(tab, "classifyFoldedReason")
    unfold = button(tab, "classifyUnfoldButton")
    qtbot.mouseClick(unfold, Qt.MouseButton.LeftButton)
    assert answers.bars.isVisible()
    assert "%" in answers.bars.accessibleDescription()
    select(qtbot, tab, 0)
    assert answers.bars.isVisible()
    assert not unfold.isVisible()
    select(qtbot, tab, row_with(tab, Verdict.OUT_OF_DISTRIBUTION))
    assert not answers.bars.isVisible()  # folded again


def test_a_class_is_described_when_it_is_chosen(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions[:2])
    leading = text(tab, "classifyAboutClass")
    bars = details(tab).probabilities.bars
    bars.setFocus()
    for _ in range(9):
        qtbot.keyClick(bars, Qt.Key.Key_Up)
    assert text(tab, "classifyAboutClass").startswith("Melanoma (malignant)")
    select(qtbot, tab, 1)
    select(qtbot, tab, 0)
    assert text(tab, "classifyAboutClass") == leading


def test_the_heat_map_follows_image_class_and_strength(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions[:3])
    panel = details(tab).picture
    qtbot.waitUntil(lambda: idle(tab) and panel.view.has_picture)
    assert panel.view.heat is None
    qtbot.mouseClick(button(tab, "classifyHeatButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.view.heat is not None)
    first = panel.view.heat
    assert "does not show why" in text(tab, "classifyHeatText") or "empty" in text(tab, "classifyHeatText")
    result = tab._images.result(0)
    assert result is not None
    classes = child(tab, QComboBox, "classifyHeatClass")
    assert isinstance(classes, QComboBox)
    assert classes.count() == 8
    assert classes.currentData() == result.code
    classes.setCurrentIndex(1)
    classes.activated.emit(1)
    qtbot.waitUntil(lambda: idle(tab) and panel.view.heat is not None)
    assert panel.view.heat is not first
    slider = child(tab, QSlider, "classifyHeatOpacity")
    assert isinstance(slider, QSlider)
    slider.setValue(10)
    assert panel.view._opacity == pytest.approx(0.1)
    select(qtbot, tab, 1)
    assert classes.currentIndex() == 0  # the leading class of the next image
    assert panel.view.heat is None  # of which nobody asked for a heat map
    qtbot.mouseClick(button(tab, "classifyHeatButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: idle(tab) and panel.view.heat is not None)
    qtbot.mouseClick(button(tab, "classifyHeatButton"), Qt.MouseButton.LeftButton)
    assert panel.view.heat is None


def test_a_heat_map_never_lies_over_another_picture(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions[:6])
    panel = details(tab).picture
    qtbot.mouseClick(button(tab, "classifyHeatButton"), Qt.MouseButton.LeftButton)
    for row in (1, 4, 2, 5, 3):
        table(tab).selectRow(row)
        assert panel.view.heat is None
        assert not panel.heat_button.isChecked()
        panel.heat_button.setChecked(True)
    qtbot.waitUntil(lambda: idle(tab) and panel.view.heat is not None)
    assert panel._key is not None
    assert panel._key.path == lesions[3]


def test_what_is_unlike_has_no_heat_map(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions)
    panel = details(tab).picture
    panel.heat_button.setChecked(True)
    qtbot.waitUntil(lambda: panel.view.heat is not None)
    select(qtbot, tab, row_with(tab, Verdict.OUT_OF_DISTRIBUTION))
    panel.heat_button.setChecked(True)  # as a key might
    qtbot.waitUntil(lambda: idle(tab) and panel.view.has_picture)
    assert panel.view.heat is None
    assert not panel.heat_button.isEnabled()
    assert "would mean nothing" in panel.heat_button.toolTip()


def test_a_file_that_can_not_be_read_offers_nothing_to_explain(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    classify(qtbot, tab, lesions)
    select(qtbot, tab, len(lesions) - 1)
    assert text(tab, "classifyVerdictFirstTitle") == "Not classified"
    panel = details(tab)
    for part in (panel.probabilities, panel.similar, panel.picture.heat_button):
        assert not part.isVisible()
    assert not panel.picture.view.has_picture


def test_two_models_stand_side_by_side(qtbot: QtBot, tab: ClassifyTab, weighed: Path, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions[:4])
    tab.compare_with(next(folder for folder in weighed.iterdir() if folder.name.endswith("second")))
    qtbot.waitUntil(lambda: idle(tab) and tab._images.result(0, 1) is not None)
    select(qtbot, tab, 0)
    verdict = details(tab).verdict
    assert verdict.second.isVisible()
    assert verdict.first.title.text() == verdict.first.words.title
    agreement = text(tab, "classifyVerdictAgreement")
    assert "disagree" in agreement or "Both models say" in agreement
    spoken = details(tab).probabilities.bars.accessibleDescription()
    assert "First: " in spoken
    assert "Second: " in spoken
    assert button(tab, "classifySecondCardButton").isVisible()
    tab.compare_with(None)
    assert not verdict.second.isVisible()


def test_nothing_is_cut_off_at_the_side(qtbot: QtBot, tab: ClassifyTab, weighed: Path, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions[:1])
    tab.compare_with(next(folder for folder in weighed.iterdir() if folder.name.endswith("second")))
    qtbot.waitUntil(lambda: idle(tab) and tab._images.result(0, 1) is not None)
    panel = details(tab)
    for width in (900, 1280, 1920):
        tab.resize(width, 800)
        qtbot.wait(1)
        viewport = panel._area.viewport()
        assert panel._content.width() <= viewport.width()
        for part in panel.findChildren(QLabel):
            if part.isVisibleTo(panel) and not part.wordWrap() and part.text():
                assert part.width() >= part.minimumSizeHint().width()
        bars = panel.probabilities.bars
        assert bars.width() >= bars.minimumSizeHint().width()


def test_wide_windows_show_picture_and_probabilities_beside_each_other(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    classify(qtbot, tab, lesions[:1])
    panel = details(tab)
    for width, beside in ((760, False), (1100, True)):
        tab.resize(width, 900)
        qtbot.waitUntil(lambda beside=beside: panel.beside is beside)


def test_the_operating_point_opens_in_the_card(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions[:1])
    qtbot.mouseClick(button(tab, "classifyOperatingButton"), Qt.MouseButton.LeftButton)
    card = tab.findChild(ModelCard)
    assert card is not None
    qtbot.waitUntil(lambda: card.content is not None)
    assert card.tabs.tabText(card.tabs.currentIndex()) == "Operating point"
    qtbot.waitUntil(lambda: not card.busy)
    card.accept()


def test_everything_the_user_can_touch_has_names(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    classify(qtbot, tab, lesions[:1])
    panel = details(tab)
    touched = [*panel.findChildren(QAbstractButton), *panel.findChildren(QComboBox), *panel.findChildren(QSlider)]
    touched += [panel.picture.view, panel.probabilities.bars]
    named = [widget for widget in touched if widget.isVisibleTo(panel)]
    assert len(named) >= 8
    for widget in named:
        assert widget.objectName(), widget
        assert widget.accessibleName(), widget.objectName()


def test_an_image_of_a_data_set_that_was_opened_is_shown_in_data(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    classify(qtbot, tab, lesions[:2])
    assert not button(tab, "classifyDataButton").isVisible()
    remember_data(lesions[0].parent)
    select(qtbot, tab, 1)
    asked: list[tuple[Path, str]] = []
    tab.data_requested.connect(lambda data, name: asked.append((data, name)))
    qtbot.mouseClick(button(tab, "classifyDataButton"), Qt.MouseButton.LeftButton)
    assert asked == [(lesions[1].parent, lesions[1].name)]
