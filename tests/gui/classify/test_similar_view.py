from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from core.data.types import Part
from core.errors import SkinKDError
from core.inference.classifier import Classifier
from core.runs.folder import RunFolder
from skinkd_gui.classify.classify_worker import ModelChoice
from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.similar_dialog import SimilarDialog
from skinkd_gui.classify.similar_job import SHOWN
from skinkd_gui.classify.similar_view import SimilarView
from skinkd_gui.workers.job_slot import shut_down_jobs


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[SimilarView]:
    made = SimilarView()
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    yield made
    shut_down_jobs(made)


@pytest.fixture(scope="module")
def classifier(finished_run: RunFolder) -> Classifier:
    return Classifier.load(finished_run.path, device="cpu")


def shown(source: Path, classifier: Classifier, picture: Path) -> ShownImage:
    choice = ModelChoice(source, "tiny", synthetic=True, classes=classifier.info.classes)
    return ShownImage(picture, ModelResult(choice, next(iter(classifier.classify([picture]))), classifier))


def image_of(run: RunFolder, part: Part, data: Path) -> Path:
    name = next(row.image for row in run.split_rows if row.part is part)
    return next(data.rglob(f"{Path(name).stem}.*"))


def ready(view: SimilarView) -> bool:
    return view.isVisible() and not view.finder.busy and view._progress.isHidden()


def test_cases_are_training_images_with_their_diagnosis(
    qtbot: QtBot, view: SimilarView, finished_run: RunFolder, classifier: Classifier, sample_set: Path
) -> None:
    view.show_facts(shown(finished_run.path, classifier, image_of(finished_run, Part.TEST, sample_set)))
    assert view._similar is None  # nothing is computed before it is asked for
    assert not view.finder.busy
    qtbot.mouseClick(view.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ready(view))
    assert view._similar is not None
    trained = {row.image: row.label for row in finished_run.split_rows if row.part is Part.TRAIN}
    cases = [item.case for item in view._similar.cases]
    assert len(cases) == SHOWN
    assert all(trained[case.name] == case.code for case in cases)
    assert [case.similarity for case in cases] == sorted((case.similarity for case in cases), reverse=True)
    assert f"{len(trained):,} training images" in view._text.text()
    assert all(button.isVisible() and "similarity" in button.accessibleName() for button in view.cases)
    qtbot.mouseClick(view.toggle, Qt.MouseButton.LeftButton)
    assert not view.cases[0].isVisible()


def test_an_image_of_the_training_is_said_to_be_itself(
    qtbot: QtBot, view: SimilarView, finished_run: RunFolder, classifier: Classifier, sample_set: Path
) -> None:
    view.toggle.setChecked(True)
    view.show_facts(shown(finished_run.path, classifier, image_of(finished_run, Part.TRAIN, sample_set)))
    qtbot.waitUntil(lambda: ready(view))
    assert "this very image" in view._text.text()
    assert "this very image" in view.cases[0].accessibleName()


def test_a_click_enlarges_beside_the_image(
    qtbot: QtBot, view: SimilarView, finished_run: RunFolder, classifier: Classifier, sample_set: Path
) -> None:
    view.toggle.setChecked(True)
    view.show_facts(shown(finished_run.path, classifier, image_of(finished_run, Part.TEST, sample_set)))
    qtbot.waitUntil(lambda: ready(view))
    qtbot.mouseClick(view.cases[1], Qt.MouseButton.LeftButton)
    dialog = view.findChild(SimilarDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.mine.has_picture and dialog.other.has_picture)
    assert dialog.index == 1
    qtbot.keyClick(dialog, Qt.Key.Key_PageDown)
    assert dialog.index == 2
    assert "(3 of 5)" in dialog._name.text()
    qtbot.waitUntil(lambda: dialog.other.has_picture and not dialog._loader.busy)
    dialog.accept()


def test_the_next_image_costs_no_new_index(
    qtbot: QtBot,
    view: SimilarView,
    finished_run: RunFolder,
    classifier: Classifier,
    sample_set: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view.toggle.setChecked(True)
    view.show_facts(shown(finished_run.path, classifier, image_of(finished_run, Part.TEST, sample_set)))
    qtbot.waitUntil(lambda: ready(view) and view._similar is not None)
    before = view._similar
    monkeypatch.setattr("core.runs.neighbours.open_neighbours", None)  # whoever asks for it now fails
    view.show_facts(shown(finished_run.path, classifier, image_of(finished_run, Part.TRAIN, sample_set)))
    qtbot.waitUntil(lambda: ready(view) and view._similar is not None)
    assert view._similar is not before


def test_building_the_index_can_be_cancelled(
    qtbot: QtBot,
    view: SimilarView,
    finished_run: RunFolder,
    classifier: Classifier,
    sample_set: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = threading.Event()

    def endless(*arguments: object, token: object, **more: object) -> object:
        begun.set()
        while True:
            token.check()  # type: ignore[attr-defined]

    monkeypatch.setattr("core.runs.neighbours.open_neighbours", endless)
    view.toggle.setChecked(True)
    view.show_facts(shown(finished_run.path, classifier, image_of(finished_run, Part.TEST, sample_set)))
    qtbot.waitUntil(begun.is_set)
    assert view.cancel.isVisible()
    qtbot.mouseClick(view.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not view.finder.busy)
    assert not view.toggle.isChecked()
    assert view._similar is None


def test_a_file_of_its_own_has_no_cases_and_says_why(
    qtbot: QtBot, view: SimilarView, finished_run: RunFolder, classifier: Classifier, sample_set: Path, tmp_path: Path
) -> None:
    alone = shutil.copy(finished_run.model_file, tmp_path / "sent.safetensors")
    view.toggle.setChecked(True)
    view.show_facts(shown(Path(alone), classifier, image_of(finished_run, Part.TEST, sample_set)))
    assert "a file of its own" in view._text.text()
    assert not view.finder.busy


def test_data_that_are_not_at_hand_can_be_named(
    qtbot: QtBot,
    view: SimilarView,
    finished_run: RunFolder,
    classifier: Classifier,
    sample_set: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = Path(shutil.copytree(finished_run.path, tmp_path / "moved"))
    recipe = (copy / "recipe.toml").read_text(encoding="utf-8").replace(str(sample_set), str(tmp_path / "gone"))
    (copy / "recipe.toml").write_text(recipe, encoding="utf-8")
    view.toggle.setChecked(True)
    view.show_facts(shown(copy, classifier, image_of(finished_run, Part.TEST, sample_set)))
    qtbot.waitUntil(lambda: ready(view))
    assert "not at hand" in view._text.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(sample_set))
    qtbot.mouseClick(view.locate, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ready(view) and view._similar is not None)
    assert not view.locate.isVisible()


def test_an_error_of_an_image_left_behind_is_not_shown(
    qtbot: QtBot,
    view: SimilarView,
    finished_run: RunFolder,
    classifier: Classifier,
    sample_set: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = threading.Event()

    def failing(*_: object, **__: object) -> object:
        gate.wait(60)
        raise SkinKDError("The old error", "of the old image")

    view.toggle.setChecked(True)
    with monkeypatch.context() as patch:
        patch.setattr("core.runs.neighbours.open_neighbours", failing)
        view.show_facts(shown(finished_run.path, classifier, image_of(finished_run, Part.TEST, sample_set)))
        qtbot.waitUntil(lambda: view.finder.busy)
        view.show_facts(None)
        gate.set()
        qtbot.waitUntil(lambda: not view.finder.busy)
    assert "old error" not in view._text.text()
