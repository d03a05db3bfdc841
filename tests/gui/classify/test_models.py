"""Choosing models: from the lists, from files, by dropping them."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from skinkd_gui.classify.classify_worker import ModelChoice, default_model
from skinkd_gui.classify.dropping import take
from skinkd_gui.classify.kinds import Which
from skinkd_gui.classify.model_catalog import last_used

from .conftest import MakeTab
from .tab_helpers import classify, idle


def dropped(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def test_models_are_told_from_images(weighed: Path, lesions: list[Path], tmp_path: Path) -> None:
    run = next(weighed.iterdir())
    (tmp_path / "sent.ONNX").touch()
    found = take(dropped(run, tmp_path / "sent.ONNX", lesions[0]))
    assert found.models == (run, tmp_path / "sent.ONNX")
    assert found.paths == (lesions[0],)
    assert take(dropped(lesions[0].parent)).models == ()
    assert not take(QMimeData())


def test_a_picture_from_a_browser_comes_as_its_file(lesions: list[Path]) -> None:
    mime = dropped(lesions[0])
    mime.setImageData(QImage(5, 5, QImage.Format.Format_RGB32))
    assert take(mime).paths == (lesions[0],)
    assert take(mime).picture is None


def test_a_model_file_that_someone_sent_is_dropped_and_used(
    qtbot: QtBot, make_tab: MakeTab, weighed: Path, lesions: list[Path], tmp_path: Path
) -> None:
    sent = tmp_path / "sent.safetensors"
    shutil.copy(next(weighed.iterdir()) / "model.safetensors", sent)
    tab = make_tab(tmp_path / "none")
    assert tab._incoming.take(dropped(sent, lesions[0]))
    qtbot.waitUntil(lambda: idle(tab) and bool(tab._images.results))
    assert tab._top.chooser.choice is not None
    assert tab._top.chooser.choice.source == sent
    assert [tab._top.second.itemText(row).partition(" ")[0] for row in range(2)] == ["No", "sent.safetensors"]
    assert tab._images.paths == [lesions[0]]


def test_two_models_dropped_together_are_compared(
    qtbot: QtBot, make_tab: MakeTab, weighed: Path, lesions: list[Path]
) -> None:
    tab = make_tab(weighed)
    one, two = sorted(weighed.iterdir())
    tab._incoming.take(dropped(one, two))
    classify(qtbot, tab, lesions[:2])
    qtbot.waitUntil(lambda: idle(tab) and not tab._images.count_waiting(Which.SECOND))
    assert [tab._session.choice(which).source for which in Which] == [one, two]  # type: ignore[union-attr]


def test_the_default_is_the_best_on_validation_and_not_the_newest() -> None:
    def choice(name: str, validation: float | None = None, *, synthetic: bool = False) -> ModelChoice:
        return ModelChoice(Path(name), name, synthetic, CLASS_SETS["isic2019"], validation)

    drawn = choice("drawn", 0.99, synthetic=True)
    newest, best, unknown = choice("newest", 0.6), choice("best", 0.8), choice("unknown")
    assert default_model([drawn, newest, best, unknown]) == best
    assert default_model([drawn, unknown]) == unknown
    assert default_model([drawn]) == drawn
    assert default_model([]) is None


def test_the_model_used_last_is_chosen_also_where_it_is_a_file(
    qtbot: QtBot, make_tab: MakeTab, weighed: Path, tmp_path: Path
) -> None:
    sent = tmp_path / "sent.safetensors"
    first, second = (next(weighed.glob(f"*-{name}")) for name in ("first", "second"))
    shutil.copy(first / "model.safetensors", sent)
    tab = make_tab(weighed)
    for source in (second, sent):
        tab.choose_model(source)
        qtbot.waitUntil(lambda: not tab._catalog.busy)
        again = make_tab(weighed)
        assert again._top.chooser.choice is not None
        assert again._top.chooser.choice.source == source
    sent.unlink()
    assert make_tab(weighed)._top.chooser.choice is not None


def test_a_run_that_goes_away_is_not_chosen_any_more(
    qtbot: QtBot, make_tab: MakeTab, weighed: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(weighed, tmp_path / "runs"))
    first = next(folder for folder in root.iterdir() if folder.name.endswith("first"))
    tab = make_tab(root)
    tab.choose_model(first)
    shutil.rmtree(first)
    tab.refresh_models()
    qtbot.waitUntil(lambda: not tab._catalog.busy)
    assert tab._top.chooser.choice is not None
    assert tab._top.chooser.choice.source.name.endswith("second")


def test_one_click_gives_verdicts_of_the_demonstration_and_it_is_no_default_later(
    qtbot: QtBot, make_tab: MakeTab, weighed: Path, tmp_path: Path
) -> None:
    tab = make_tab(tmp_path / "none")
    tab.findChild(QPushButton, "classifyDemonstrationButton").click()
    qtbot.waitUntil(lambda: idle(tab) and len(tab._images.results) == 6)
    assert tab.findChild(QWidget, "classifySyntheticBanner").isVisible()
    assert tab._top.chooser.currentText().startswith("Demonstration: knows drawn pictures only")
    assert last_used() is None
    again = make_tab(weighed)
    assert again._top.chooser.choice is not None
    assert not again._top.chooser.choice.synthetic
