from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from core.inference.classifier import Classifier
from core.inference.patients.facts import PatientFacts
from core.inference.review import NO_REVIEW
from core.sessions.files import list_sessions, read_session
from skinkd_gui.classify.classify_tab import ClassifyTab
from skinkd_gui.classify.sessions_dialog import SessionsDialog
from skinkd_gui.undo import undo_stack

from .conftest import MakeTab
from .tab_helpers import button, classify, idle

Move = pytest.MonkeyPatch


@pytest.fixture
def runs_copy(weighed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(weighed, tmp_path / "runs"))


@pytest.fixture
def tab(qtbot: QtBot, make_tab: MakeTab, runs_copy: Path, lesions: list[Path]) -> ClassifyTab:
    """Five images classified, the first reviewed; saved as the session Moles."""
    tab = make_tab(runs_copy)
    classify(qtbot, tab, lesions[:5])
    tab._pane._reviewing.agree([lesions[0]])
    tab._pane._reviewing.note(lesions[1], "dark")
    tab._patients.put({lesions[2]: PatientFacts(patient="7", lesion="left arm")})
    tab._sessions.save_as("Moles")
    qtbot.waitUntil(lambda: tab._sessions.current is not None and not tab._sessions.keeper.busy)
    return tab


def settled(tab: ClassifyTab) -> bool:
    return idle(tab) and not tab._images.waiting and not tab._sessions.keeper.busy


def clear(qtbot: QtBot, tab: ClassifyTab) -> Path:
    current = tab._sessions.current
    assert current is not None
    tab._clear_list()
    qtbot.waitUntil(lambda: idle(tab))
    assert tab._sessions.current is None
    return current.folder


def test_a_session_is_opened_as_it_was_without_classifying_anew(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], monkeypatch: Move
) -> None:
    results, reviews = tab._images.results, dict(tab._images.reviews)
    folder = clear(qtbot, tab)
    assert read_session(folder).images  # clearing the list is not clearing the session
    monkeypatch.setattr(Classifier, "classify", None)  # whoever classifies now fails
    tab._sessions.open(folder)
    qtbot.waitUntil(lambda: settled(tab) and bool(tab._images.results))
    assert tab._images.paths == lesions[:5]
    assert tab._images.results == results
    assert dict(tab._images.reviews) == reviews
    assert tab._patients.facts == {lesions[2]: PatientFacts(patient="7", lesion="left arm")}
    assert tab._sessions.current is not None
    assert tab._sessions.current.folder == folder
    undo_stack(tab).undo()
    assert tab._images.paths == []
    assert tab._sessions.current is None
    assert len(read_session(folder).images) == 5


def test_changes_are_saved_by_themselves_and_when_the_window_closes(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    folder = tab._sessions.current.folder  # type: ignore[union-attr]
    tab._sessions.keeper._patience.setInterval(0)
    tab._pane._reviewing.mark([lesions[2]], True)
    qtbot.waitUntil(lambda: read_session(folder).images[2].review.reviewed)
    qtbot.waitUntil(lambda: not tab._sessions.keeper.busy)
    tab._sessions.keeper._patience.setInterval(60_000)
    tab._pane._reviewing.remove([lesions[3]])
    tab.save_changes()
    assert [image.path for image in read_session(folder).images] == [*lesions[:3], lesions[4]]
    assert tab.unsaved_reviews == 0


def test_another_model_at_the_same_place_classifies_anew_and_reviews_stay(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], runs_copy: Path
) -> None:
    results, reviews = tab._images.results, dict(tab._images.reviews)
    first, second = (next(runs_copy.glob(f"*{name}")) / "model.safetensors" for name in ("first", "second"))
    folder = clear(qtbot, tab)
    shutil.copyfile(second, first)
    tab._session.classifier()
    tab._session._sides[0].classifier = None  # as after a new start
    tab._sessions.open(folder)
    qtbot.waitUntil(lambda: settled(tab) and bool(tab._images.results))
    assert [result.path for result in tab._images.results] == lesions[:5]
    assert tab._images.results != results
    assert dict(tab._images.reviews) == reviews
    assert "gone or has changed" in " ".join(tab._news._texts)


def test_results_are_saved_as_those_of_the_model_that_gave_them_not_of_one_that_replaced_it(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], runs_copy: Path
) -> None:
    results = tab._images.results
    first, second = (next(runs_copy.glob(f"*{name}")) / "model.safetensors" for name in ("first", "second"))
    shutil.copyfile(second, first)
    tab._pane._reviewing.mark([lesions[2]], True)
    tab.save_changes()
    folder = clear(qtbot, tab)
    tab._session._sides[0].classifier = None  # as after a new start
    tab._sessions.open(folder)
    qtbot.waitUntil(lambda: settled(tab) and bool(tab._images.results))
    assert tab._images.results != results


def test_moved_pictures_are_found_and_changed_ones_are_reviewed_again(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], monkeypatch: Move, tmp_path: Path
) -> None:
    results, folder = tab._images.results, clear(qtbot, tab)
    shutil.copyfile(lesions[7], lesions[0])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in lesions[1:5]:
        shutil.move(path, elsewhere)
    tab._sessions.open(folder)
    qtbot.waitUntil(lambda: tab.findChild(QMessageBox) is not None)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(elsewhere))
    tab.findChild(QMessageBox).findChild(QPushButton, "movedPicturesLook").click()  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: settled(tab) and bool(tab._images.results))
    assert tab._images.paths == [lesions[0], *(elsewhere / path.name for path in lesions[1:5])]
    assert [result.probabilities for result in tab._images.results[1:]] == [r.probabilities for r in results[1:]]
    assert tab._images.review(elsewhere / lesions[1].name).note == "dark"
    review = tab._images.review(lesions[0])
    assert not review.reviewed
    assert "before the picture changed" in review.note
    assert tab._images.results[0].probabilities != results[0].probabilities


def test_pictures_that_stay_away_keep_what_was_said_of_them(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    result, folder = tab._images.result_of(lesions[0]), clear(qtbot, tab)
    lesions[0].unlink()
    tab._sessions.open(folder)
    qtbot.waitUntil(lambda: tab.findChild(QMessageBox) is not None)
    tab.findChild(QMessageBox).findChild(QPushButton, "movedPicturesGoOn").click()  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: settled(tab) and bool(tab._images.results))
    assert tab._images.result_of(lesions[0]) == result
    assert tab._images.review(lesions[0]).reviewed


def test_a_pasted_picture_outlasts_the_program_with_its_session(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    picture = QImage(64, 48, QImage.Format.Format_RGB32)
    picture.fill(QColor("peru"))
    tab._take_picture(picture, tab._incoming._pasted_file())
    qtbot.waitUntil(lambda: settled(tab) and len(tab._images.results) == 6)
    tab._pane._reviewing.mark([tab._images.paths[5]], True)
    folder = clear(qtbot, tab)
    saved = read_session(folder)
    assert saved.images[5].path == folder / "pictures" / "pasted-1.png"
    assert saved.images[5].path.is_file()
    assert saved.models[0].results[5].path == saved.images[5].path


def test_the_dialog_saves_opens_and_deletes(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]) -> None:
    button(tab, "classifySessionsButton").click()
    dialog = tab.findChild(SessionsDialog)
    assert dialog is not None
    assert dialog.name.text() == "Moles"
    dialog.name.setText("Another")
    dialog.save.click()
    qtbot.waitUntil(lambda: dialog.list.count() == 2)
    assert {summary.name for summary in list_sessions()} == {"Moles", "Another"}
    assert not dialog.open_button.isEnabled()  # the list is that one
    dialog.delete.click()
    dialog.findChild(QPushButton, "deleteSessionYes").click()
    assert [summary.name for summary in list_sessions()] == ["Moles"]
    assert tab._sessions.current is None
    assert tab.unsaved_reviews == 2
    assert len(tab._images.reviews) == 2
    dialog.list.setCurrentRow(0)
    dialog.open_button.click()
    qtbot.waitUntil(lambda: settled(tab) and tab._sessions.current is not None)
    assert tab._images.review(lesions[4]) == NO_REVIEW
    tab._pane._reviewing.remove(lesions[:1])
