from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QTableWidget
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from core.inference.classifier import Classifier
from core.inference.labelled import find_labels, score_labelled
from skinkd_gui.classify.cells import TRUTH
from skinkd_gui.classify.classify_tab import ClassifyTab
from skinkd_gui.classify.kinds import Kind

from .conftest import MakeTab
from .tab_helpers import cells, classify, idle, table

ISIC2019 = CLASS_SETS["isic2019"]

CODES = ("MEL", "NV", "BCC")


@pytest.fixture
def labelled(lesions: list[Path], tmp_path: Path) -> Path:
    """The lesions in folders named after classes, beside a broken file with a label."""
    folder = tmp_path / "labelled"
    for number, file in enumerate(lesions[:12]):
        place = folder / CODES[number % 3]
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    shutil.copy(lesions[13], folder / "MEL" / "broken.jpg")
    return folder


@pytest.fixture
def own_runs(weighed: Path, tmp_path: Path) -> Path:
    """A copy of the runs whose split can be changed."""
    return Path(shutil.copytree(weighed, tmp_path / "own-runs"))


def first(runs: Path) -> Path:
    return next(folder for folder in runs.iterdir() if folder.name.endswith("first"))


def test_a_folder_with_labels_is_scored(qtbot: QtBot, make_tab: MakeTab, weighed: Path, labelled: Path) -> None:
    tab = make_tab(weighed)
    assert table(tab).isColumnHidden(TRUTH)
    classify(qtbot, tab, [labelled])
    qtbot.waitUntil(lambda: tab._facts.scores is not None and idle(tab))
    rows = list(Classifier.load(first(weighed)).classify(tab._images.paths))
    known = find_labels([labelled], ISIC2019)
    assert known is not None
    expected = score_labelled(known, rows).detailed
    found = tab._facts.scores
    assert found is not None
    assert found.first.detailed == expected
    assert (found.first.scored, found.first.not_classified) == (12, 1)
    assert not table(tab).isColumnHidden(TRUTH)
    assert set(cells(tab, TRUTH)) == {"Melanoma", "Melanocytic nevus", "Basal cell carcinoma"}
    assert tab._labels.isVisible()
    assert expected is not None
    assert f"On 12 images: accuracy {100 * expected.scores.accuracy:.1f} %" in tab._labels.text
    assert "1 with a label were not classified" in tab._labels.text
    wrong = round(12 * (1 - expected.scores.accuracy))
    tab._summary.show_kind(Kind.WRONG)
    assert len(cells(tab, TRUTH)) == wrong


def test_scores_follow_a_second_model_and_stand_in_a_dialog(
    qtbot: QtBot, make_tab: MakeTab, weighed: Path, labelled: Path
) -> None:
    tab = make_tab(weighed)
    classify(qtbot, tab, [labelled])
    tab.compare_with(next(folder for folder in weighed.iterdir() if folder.name.endswith("second")))
    qtbot.waitUntil(lambda: idle(tab) and bool(tab._facts.scores and tab._facts.scores.second))
    tab._labels.open_scores()
    dialog = tab._labels._dialog
    assert dialog is not None
    assert dialog._text.text().count("On 12 images") == 2
    per_class = dialog.findChild(QTableWidget, "classifyScoresTable")
    assert per_class.item(0, 1).text() == "4*"
    qtbot.waitUntil(lambda: dialog._figure.figure is not None)
    assert len(dialog._figure.figure.axes) == 2
    dialog.close()


def test_images_of_the_training_are_told(qtbot: QtBot, make_tab: MakeTab, own_runs: Path, labelled: Path) -> None:
    split = ["image,label,lesion_id,part", *(f"lesion-{number:02},NV,,train" for number in range(3))]
    (first(own_runs) / "split.csv").write_text("\n".join([*split, "lesion-03,NV,,test"]) + "\n")
    tab = make_tab(own_runs)
    classify(qtbot, tab, [labelled])
    qtbot.waitUntil(lambda: tab._facts.scores is not None and idle(tab))
    assert "3 images bear names of images that the model was trained or chosen on" in tab._labels.text
    assert tab._images.tally.count(Kind.TRAINED_ON) == 3
    tab.choose_model(next(folder for folder in own_runs.iterdir() if folder.name.endswith("second")))
    qtbot.waitUntil(lambda: idle(tab) and not tab._images.waiting)
    qtbot.waitUntil(lambda: tab._facts.scores is not None and idle(tab))
    assert "trained" not in tab._labels.text
    assert tab._images.tally.count(Kind.TRAINED_ON) == 0


def test_without_labels_there_is_no_bar_and_clearing_takes_it_away(
    qtbot: QtBot, make_tab: MakeTab, weighed: Path, labelled: Path, lesions: list[Path]
) -> None:
    tab = make_tab(weighed)
    classify(qtbot, tab, [lesions[0].parent])
    assert not tab._labels.isVisible()
    tab.add_paths([labelled])
    qtbot.waitUntil(lambda: tab._facts.scores is not None and idle(tab))
    found: ClassifyTab = tab
    assert found._facts.scores is not None
    assert found._facts.scores.first.without_label == 13
    tab._clear_list()
    assert not tab._labels.isVisible()
    assert tab._facts.scores is None
