"""The Data tab: opened, filtered, corrected, undone, exported."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QLabel, QLineEdit, QPushButton, QTableWidget

from core.data.corrections import CorrectionKind, corrections_file, read_corrections
from core.data.types import ProblemKind
from skinkd_gui.data.data_tab import DataTab
from skinkd_gui.data.entries import Aspect
from skinkd_gui.data.recents import recent_data, remember_data
from skinkd_gui.undo import undo_stack


def shown(tab: DataTab) -> list[str]:
    model = tab.gallery.entries
    return [model.entry(row).name for row in range(model.rowCount())]


def select(tab: DataTab, *names: str) -> None:
    model, chosen = tab.gallery.entries, tab.gallery.selectionModel()
    chosen.clear()
    for name in names:
        chosen.select(model.index(shown(tab).index(name)), QItemSelectionModel.SelectionFlag.Select)


def choose_aspect(tab: DataTab, aspect: Aspect | ProblemKind) -> None:
    tab.filters.aspect.setCurrentIndex(tab.filters.aspect.findData(aspect))


def test_every_picture_is_shown_also_one_without_a_label(qtbot, tab, data):
    assert shown(tab) == ["A.png", "B.png", "C.png", "D.png", "BROKEN.png", "LOOSE.png"]
    assert recent_data() == [data]
    thumbnails = tab.gallery.entries
    qtbot.waitUntil(lambda: all(thumbnails.thumbnail(row) is not None for row in range(6)))
    assert [thumbnails.thumbnail(row).isNull() for row in range(6)] == [False] * 4 + [True, False]


@pytest.mark.parametrize("width", [700, 1000, 1300])
def test_the_cards_of_a_row_share_its_width(qtbot, tab, width):
    gallery = tab.gallery
    tab.resize(width, 600)
    cards = [gallery.visualRect(gallery.entries.index(row)) for row in range(6)]
    row = [card for card in cards if card.top() == cards[0].top()]
    bar = gallery.verticalScrollBar().sizeHint().width()
    room = gallery.maximumViewportSize().width() - bar - 1
    assert len(row) == min(6, room // gallery.gridSize().width())
    assert {card.width() for card in row} == {gallery.gridSize().width() - 2}
    assert 0 <= room - room // gallery.gridSize().width() * gallery.gridSize().width() < room // 140


def test_pictures_are_filtered_by_what_is_known_of_them(qtbot, tab):
    find = tab.findChild
    choose_aspect(tab, ProblemKind.UNREADABLE)
    assert shown(tab) == ["BROKEN.png"]
    assert "Unreadable" in tab.facts.facts.toPlainText()
    choose_aspect(tab, ProblemKind.MISSING_ROW)
    assert shown(tab) == ["LOOSE.png"]
    assert not find(QComboBox, "dataRelabelCombo").isEnabled()
    choose_aspect(tab, Aspect.ALL)
    tab.filters.code.setCurrentIndex(tab.filters.code.findData("MEL"))
    tab.filters.site.setCurrentIndex(tab.filters.site.findData("arm"))
    assert shown(tab) == ["B.png"]
    qtbot.mouseClick(find(QPushButton, "dataShowAllButton"), Qt.MouseButton.LeftButton)
    find(QLineEdit, "dataSearchEdit").setText("p9")
    qtbot.waitUntil(lambda: shown(tab) == ["C.png", "D.png", "BROKEN.png"])


def test_near_copies_stand_side_by_side(tab):
    choose_aspect(tab, Aspect.NEAR_COPIES)
    assert shown(tab) == ["B.png", "C.png"]
    select(tab, "B.png")
    assert [tab.copies.entries.entry(row).name for row in range(2)] == ["B.png", "C.png"]
    assert tab.copies.isVisible()
    choose_aspect(tab, Aspect.ALL)
    select(tab, "A.png")
    assert not tab.copies.isVisible()


def add_flat_ones(data: Path) -> None:
    """Eight pictures of NV, much alike."""
    for seed in range(20, 28):
        flat = np.full((72, 96, 3), 200, np.uint8)
        flat[seed:] -= 4
        Image.fromarray(flat + np.arange(96, dtype=np.uint8)[None, :, None] // 8).save(data / f"F{seed}.png")
    with (data / "labels.csv").open("a") as table:
        table.writelines(f"F{seed},NV,F{seed},P{seed},arm\n" for seed in range(20, 28))


def test_the_pictures_least_like_the_rest_are_found_when_they_are_asked_for(qtbot, make_tab, data):
    add_flat_ones(data)
    tab = make_tab()
    tab.open(data)
    qtbot.waitUntil(lambda: not tab.session.busy)
    choose_aspect(tab, Aspect.UNUSUAL)
    assert "being compared" in tab.count.text()
    qtbot.waitUntil(lambda: not tab.session.busy)
    assert len(shown(tab)) == 1
    assert shown(tab)[0] in {"A.png", "B.png", "C.png", "D.png"}


def test_a_class_is_changed_for_all_that_are_selected_and_changed_back(tab, data):
    file = corrections_file(data)
    select(tab, "A.png", "B.png")
    combo = tab.findChild(QComboBox, "dataRelabelCombo")
    combo.activated.emit(combo.findData("NV"))
    assert [(each.path, each.value, each.before) for each in read_corrections(file)] == [
        ("A.png", "NV", "MEL"),
        ("B.png", "NV", "MEL"),
    ]
    assert [entry.code for entry in tab.gallery.chosen] == ["NV", "NV"]
    assert "2 relabelled" in tab.banner.text
    stack = undo_stack(tab)
    assert stack.undoText() == "class of 2 images"
    stack.undo()
    assert read_corrections(file) == ()
    assert not tab.banner.text
    stack.redo()
    combo.activated.emit(combo.findData("MEL"))  # the data's own label: nothing is corrected
    assert read_corrections(file) == ()
    stack.undo()
    assert len(read_corrections(file)) == 2


def test_pictures_are_left_out_put_together_and_noted(qtbot, tab, data):
    select(tab, "D.png")
    qtbot.mouseClick(tab.findChild(QPushButton, "dataExcludeButton"), Qt.MouseButton.LeftButton)
    assert tab.findChild(QPushButton, "dataExcludeButton").text() == "Use again"
    note = tab.findChild(QLineEdit, "dataNoteEdit")
    qtbot.keyClicks(note, "hairs")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    select(tab, "A.png", "B.png")
    qtbot.mouseClick(tab.findChild(QPushButton, "dataGroupButton"), Qt.MouseButton.LeftButton)
    kinds = [(each.path, each.kind) for each in read_corrections(corrections_file(data))]
    assert kinds == [
        ("D.png", CorrectionKind.EXCLUDE),
        ("D.png", CorrectionKind.NOTE),
        ("A.png", CorrectionKind.GROUP),
        ("B.png", CorrectionKind.GROUP),
    ]
    choose_aspect(tab, Aspect.CORRECTED)
    assert shown(tab) == ["A.png", "B.png", "D.png"]


def test_a_folder_is_compared_with_the_data_set(qtbot, make_tab, data, tmp_path, monkeypatch):
    add_flat_ones(data)
    tab = make_tab()
    tab.open(data)
    qtbot.waitUntil(lambda: not tab.session.busy)
    folder = tmp_path / "mine"
    folder.mkdir()
    for seed in range(3):
        Image.fromarray(np.full((72, 96, 3), 20 + seed, np.uint8)).save(folder / f"{seed}.png")
    (folder / "half.png").write_bytes((data / "BROKEN.png").read_bytes())
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    qtbot.mouseClick(tab.findChild(QPushButton, "dataCompareButton"), Qt.MouseButton.LeftButton)
    assert tab.comparison.isVisible()
    qtbot.waitUntil(lambda: not tab.comparison.busy)
    assert not tab.comparison.isVisible()
    dialog = tab.findChild(QDialog, "dataDriftDialog")
    sentence = dialog.findChild(QLabel, "dataDriftSentence").text()
    assert "of 3 pictures look unlike" in sentence
    assert "brightness" in sentence
    assert "can not be opened, and do not count: 1." in sentence
    table = dialog.findChild(QTableWidget, "dataDriftTable")
    assert [table.item(0, column).text() for column in (0, 2, 3)] == ["Brightness", "21.00", "1.00"]
    dialog.reject()


def test_the_cleaned_table_has_what_a_run_would_use(qtbot, tab, tmp_path):
    select(tab, "A.png")
    tab.facts.relabelled.emit("NV")
    tab.session.export(tmp_path / "cleaned.csv")
    qtbot.waitUntil(lambda: not tab.session.busy)
    with (tmp_path / "cleaned.csv").open() as lines:
        assert [(row["image"], row["label"]) for row in csv.DictReader(lines)] == [
            ("A.png", "NV"),
            ("B.png", "MEL"),
            ("C.png", "NV"),
            ("D.png", "NV"),
        ]
    assert "4 images were written" in tab.banner.text


def test_what_the_data_leave_open_is_asked(qtbot, make_tab, tmp_path, data):
    (data / "labels.csv").write_text("clinic,derm,diagnosis\nA.png,B.png,MEL\nC.png,D.png,NV\n")
    tab = make_tab()
    tab.open(data)
    qtbot.waitUntil(lambda: not tab.session.busy)
    assert tab.choice.isVisible()
    tab.choice.options.setCurrentIndex(tab.choice.options.findData("derm"))
    qtbot.mouseClick(tab.choice.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not tab.session.busy)
    assert shown(tab)[:2] == ["B.png", "D.png"]


def test_a_folder_that_is_gone_is_said(qtbot, make_tab, tmp_path):
    tab = make_tab()
    tab.open(tmp_path / "gone")
    qtbot.waitUntil(lambda: not tab.session.busy)
    assert "does not exist" in tab.banner.text


def test_the_newest_data_sets_are_remembered(tmp_path: Path) -> None:
    for number in [*range(10), 4]:
        remember_data(tmp_path / str(number))
    assert [path.name for path in recent_data()] == ["4", "9", "8", "7", "6", "5", "3", "2"]
