from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.inference.classifier import Classifier
from skinkd_gui.classify.cells import DIAGNOSIS, PROBABILITY, VERDICT
from skinkd_gui.classify.classify_tab import ClassifyTab
from skinkd_gui.classify.picture_view import PictureView
from skinkd_gui.undo import undo_stack
from skinkd_gui.widgets.error_dialog import ErrorDialog
from skinkd_gui.workers.job_slot import shut_down_jobs

from .conftest import MakeTab
from .tab_helpers import button, cells, child, classify, idle, table, text


def drop(tab: ClassifyTab, target: QWidget, mime: QMimeData) -> bool:
    """Drop on a widget of the tab, as Qt hands it on: to the first parent that takes drops."""
    while not target.acceptDrops() and target is not tab:
        target = target.parentWidget()
    assert target is tab
    actions, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), actions, mime, buttons, none)
    enter.ignore()
    QApplication.sendEvent(tab, enter)
    if enter.isAccepted():
        QApplication.sendEvent(tab, QDropEvent(QPointF(5, 5), actions, mime, buttons, none))
    return enter.isAccepted()


def test_without_a_model_it_says_what_to_do(qtbot: QtBot, make_tab: MakeTab, tmp_path: Path) -> None:
    tab = make_tab(tmp_path / "none")
    assert child(tab, QWidget, "classifyNoModel").isVisible()
    assert not button(tab, "classifyExportButton").isEnabled()
    with qtbot.waitSignal(tab.train_requested):
        qtbot.mouseClick(button(tab, "classifyTrainButton"), Qt.MouseButton.LeftButton)


def test_models_are_finished_runs_newest_first(tab: ClassifyTab) -> None:
    combo = child(tab, QComboBox, "classifyModelCombo")
    assert isinstance(combo, QComboBox)
    texts = [combo.itemText(row) for row in range(combo.count()) if combo.itemText(row)]
    assert [entry.partition(" ")[0] for entry in texts] == ["Synthetic", "Real", "Open"]
    assert combo.currentText().startswith("Real")  # the newest is of synthetic images
    assert child(tab, QWidget, "classifyNoImages").isVisible()


def test_images_are_classified_and_shown(qtbot: QtBot, tab: ClassifyTab, pictures: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_text("no image")
    classify(qtbot, tab, [pictures[0].parent, bad, tmp_path / "absent.png"])
    assert cells(tab, 0) == [*(file.name for file in pictures), "bad.jpg", "absent.png"]
    diagnoses = cells(tab, DIAGNOSIS)
    assert all("%" in probability for probability in cells(tab, PROBABILITY)[:6])
    assert cells(tab, VERDICT) == ["Not assessed"] * 6 + ["Not classified"] * 2
    assert diagnoses[6].startswith("It is not an image")
    assert diagnoses[7] == "The file does not exist."
    assert text(tab, "classifyVerdictFirstTitle") == "Not known whether to trust this"
    likeliest = text(tab, "classifyVerdictFirstLikeliest")
    assert likeliest.startswith(f"Likeliest: {diagnoses[0]}")
    assert "malignant classes together" in likeliest
    picture = child(tab, QWidget, "classifyPicture")
    assert isinstance(picture, PictureView)
    qtbot.waitUntil(lambda: picture.has_picture)
    table(tab).selectRow(6)
    assert text(tab, "classifyVerdictFirstTitle") == "Not classified"
    assert "not an image" in text(tab, "classifyVerdictFirstWhy")
    qtbot.waitUntil(lambda: idle(tab))
    assert not picture.has_picture


def test_results_are_those_of_the_command_line(
    qtbot: QtBot, tab: ClassifyTab, runs: Path, pictures: list[Path]
) -> None:
    classify(qtbot, tab, pictures)
    source = next(folder for folder in runs.iterdir() if folder.name.endswith("real"))
    assert tab._images.results == list(Classifier.load(source).classify(pictures))


@pytest.mark.parametrize("target", ["classifyTable", "classifyDetails", "classifyModelCombo", "classifyTab"])
def test_files_and_folders_can_be_dropped_anywhere(
    qtbot: QtBot, tab: ClassifyTab, pictures: list[Path], target: str
) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(pictures[0].parent)), QUrl("https://example.org/a.jpg")])
    widget = tab if target == "classifyTab" else child(tab, QWidget, target)
    assert drop(tab, widget, mime)
    qtbot.waitUntil(lambda: idle(tab) and len(tab._images.results) == 6)


def test_text_can_not_be_dropped(tab: ClassifyTab) -> None:
    mime = QMimeData()
    mime.setText("hello")
    assert not drop(tab, tab, mime)


def test_a_copied_picture_is_pasted(qtbot: QtBot, tab: ClassifyTab) -> None:
    image = QImage(50, 40, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.darkRed)
    QGuiApplication.clipboard().setImage(image)
    qtbot.mouseClick(button(tab, "classifyPasteButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: idle(tab) and len(tab._images.results) == 1)
    assert cells(tab, 0) == ["pasted-1.png"]
    QGuiApplication.clipboard().setText("no picture")
    tab.paste()
    assert "no picture" in text(tab, "classifyProgressText")
    assert len(cells(tab, 0)) == 1


def test_synthetic_models_say_so_beside_the_result(
    qtbot: QtBot, tab: ClassifyTab, runs: Path, pictures: list[Path]
) -> None:
    tab.choose_model(next(folder for folder in runs.iterdir() if folder.name.endswith("synthetic")))
    classify(qtbot, tab, pictures)
    banner, beside = child(tab, QWidget, "classifySyntheticBanner"), child(tab, QLabel, "classifySyntheticResult")
    assert banner.isVisible()
    assert beside.isVisible()
    before = tab._images.results
    tab.choose_model(next(folder for folder in runs.iterdir() if folder.name.endswith("real")))
    qtbot.waitUntil(lambda: idle(tab) and not tab._images.waiting)
    assert not banner.isVisible()
    assert not beside.isVisible()
    assert [result.path for result in tab._images.results] == [result.path for result in before]
    assert tab._images.results != before  # another model, other numbers


def test_export_is_possible_as_soon_as_there_is_an_answer(qtbot: QtBot, tab: ClassifyTab, pictures: list[Path]) -> None:
    export = button(tab, "classifyExportButton")
    assert not export.isEnabled()
    classify(qtbot, tab, pictures)
    assert export.isEnabled()
    qtbot.mouseClick(button(tab, "classifyClearButton"), Qt.MouseButton.LeftButton)
    assert cells(tab, 0) == []
    assert not export.isEnabled()
    assert child(tab, QWidget, "classifyNoImages").isVisible()
    assert undo_stack(tab).undoText() == f"clearing of {len(pictures)} images"
    undo_stack(tab).undo()
    assert [result.path for result in tab._images.results] == pictures  # nothing is classified again
    assert export.isEnabled()


def test_cancel_keeps_what_is_done_and_go_on_does_the_rest(
    qtbot: QtBot, tab: ClassifyTab, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    decode = Classifier._decode

    def slow(self: Classifier, path: Path) -> object:
        if path == pictures[4]:
            gate.wait(60)
        return decode(self, path)

    monkeypatch.setattr(Classifier, "_decode", slow)
    monkeypatch.setattr("core.inference.classifier.BATCH", 2)
    tab.add_paths(pictures)
    qtbot.waitUntil(lambda: tab._session.classifier() is not None)
    cancel = button(tab, "classifyCancelButton")
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert cancel.text() == "Cancelling..."
    assert not cancel.isEnabled()
    gate.set()
    qtbot.waitUntil(lambda: idle(tab))
    assert 0 < len(tab._images.waiting) <= 6
    assert cells(tab, DIAGNOSIS).count("Waiting") == len(tab._images.waiting)
    go_on = button(tab, "classifyGoOnButton")
    assert go_on.isVisible()
    qtbot.mouseClick(go_on, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: idle(tab) and not tab._images.waiting)
    assert not go_on.isVisible()


def test_images_wait_for_a_model(
    qtbot: QtBot, make_tab: MakeTab, runs: Path, pictures: list[Path], tmp_path: Path
) -> None:
    tab = make_tab(tmp_path / "none")
    tab.add_paths(pictures)
    qtbot.waitUntil(lambda: idle(tab) and len(cells(tab, 0)) == 6)
    assert cells(tab, DIAGNOSIS) == ["Waiting"] * 6
    assert "Choose a model" in text(tab, "classifyProgressText")
    file = next(folder for folder in runs.iterdir() if folder.name.endswith("real")) / "model.safetensors"
    tab.choose_model(file)
    qtbot.waitUntil(lambda: idle(tab) and not tab._images.waiting)


def test_a_file_that_is_no_model_is_refused(qtbot: QtBot, tab: ClassifyTab, tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_text("hello")
    before = tab._top.chooser.choice
    tab.choose_model(tmp_path / "bad.safetensors")
    qtbot.waitUntil(lambda: tab.findChild(ErrorDialog) is not None)
    dialog = tab.findChild(ErrorDialog)
    assert isinstance(dialog, ErrorDialog)
    dialog.accept()
    assert tab._top.chooser.choice == before


def test_a_model_that_vanished_is_an_error_and_nothing_hangs(
    qtbot: QtBot, make_tab: MakeTab, runs: Path, pictures: list[Path], tmp_path: Path
) -> None:
    source = next(folder for folder in runs.iterdir() if folder.name.endswith("real")) / "model.safetensors"
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(source.read_bytes())
    tab = make_tab(tmp_path / "none")
    tab.choose_model(copy)
    qtbot.waitUntil(lambda: tab._top.chooser.choice is not None)
    copy.unlink()
    tab.add_paths(pictures)
    qtbot.waitUntil(lambda: tab.findChild(ErrorDialog) is not None)
    dialog = tab.findChild(ErrorDialog)
    assert isinstance(dialog, ErrorDialog)
    dialog.accept()
    qtbot.waitUntil(lambda: idle(tab))
    assert button(tab, "classifyGoOnButton").isVisible()
    copy.write_bytes(source.read_bytes())
    qtbot.mouseClick(button(tab, "classifyGoOnButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: idle(tab) and not tab._images.waiting)


def test_the_choice_is_remembered(qtbot: QtBot, make_tab: MakeTab, runs: Path) -> None:
    first = make_tab(runs)
    combo = first._top.chooser
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    wanted = combo.choice
    assert wanted is not None
    assert wanted.source.name.endswith("real")
    assert make_tab(runs)._top.chooser.choice == wanted


def test_research_use_is_always_visible(qtbot: QtBot, tab: ClassifyTab, pictures: list[Path]) -> None:
    classify(qtbot, tab, pictures)
    label = child(tab, QLabel, "classifyResearchUse")
    assert isinstance(label, QLabel)
    for size in ((1600, 1000), (1, 1)):
        tab.resize(*size)
        assert label.isVisible()
        assert label.text() == "Research use only. Not a medical device."
        assert label.width() >= label.sizeHint().width()
        assert tab.rect().contains(label.geometry())


def test_everything_the_user_can_touch_has_names(tab: ClassifyTab) -> None:
    for widget in [*tab.findChildren(QPushButton), table(tab), tab._top.chooser]:
        assert widget.objectName(), widget
        assert widget.accessibleName(), widget.objectName()


def test_shutting_down_in_the_middle_leaves_no_thread(qtbot: QtBot, tab: ClassifyTab, pictures: list[Path]) -> None:
    tab.add_paths(pictures)
    qtbot.waitUntil(lambda: tab._session._classifying.running)
    assert shut_down_jobs(tab)


def test_the_line_below_tells_what_was_found_and_never_goes_on_looking(
    qtbot: QtBot, tab: ClassifyTab, pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "nothing in it").mkdir()
    classify(qtbot, tab, [tmp_path / "nothing in it"])
    assert text(tab, "classifyProgressText") == "No images were found there."
    classify(qtbot, tab, pictures[:1])
    classify(qtbot, tab, pictures[:1])  # listed already
    assert "Looking" not in text(tab, "classifyProgressText")
    button(tab, "classifyClearButton").click()
    assert text(tab, "classifyProgressText") == ""
