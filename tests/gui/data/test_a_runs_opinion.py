"""What a run makes of the labels: suspected ones, parts, scores before and after; and the way here from Results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.corrections import corrections_file, read_corrections
from core.data.types import Part
from core.recipe import Recipe, set_values
from core.runs.folder import RunFolder, create_run
from core.runs.status import RunState
from core.runs.tables import Predictions, write_predictions
from skinkd_gui.data.entries import Aspect
from skinkd_gui.data.recents import data_set_with, remember_data
from tests.gui.data.test_data_tab import shown

CLASSES = CLASS_SETS["isic2019"]


@pytest.fixture
def run(tmp_path: Path, data: Path) -> RunFolder:
    """A finished run over the data set: it was tested with A, B and D, and takes B (MEL) for NV."""
    folder = create_run(set_values(Recipe(), [f"data.path={data}"]), runs=tmp_path / "runs", name="one")
    mel, nv = CLASSES.index_of("MEL"), CLASSES.index_of("NV")
    logits = np.zeros((3, len(CLASSES)), np.float32)
    logits[[0, 1, 2], [mel, nv, nv]] = 5.0
    names, labels = ("A.png", "B.png", "D.png"), np.array([mel, mel, nv])
    write_predictions(folder.predictions_file, Predictions(names, (Part.TEST,) * 3, labels, logits), CLASSES)
    rows = ["image,label,lesion_id,part", "A.png,MEL,L1,test", "B.png,MEL,L2,test", "D.png,NV,L4,test"]
    folder.split_file.write_text("\n".join([*rows, "C.png,NV,L3,train"]) + "\n")
    folder.set_status(state=RunState.FINISHED)
    return folder


def test_a_doubtful_label_is_listed_and_its_correction_names_the_run(qtbot, run, tab, data):
    assert "as the run" in tab.count.text()
    tab.bar.run.setCurrentIndex(1)
    qtbot.waitUntil(lambda: not tab.session.busy)
    assert tab.filters.wanted.aspect is Aspect.SUSPECTED
    assert shown(tab) == ["B.png"]
    assert tab.filters.part.findData(Part.TRAIN) > 0
    assert "takes it for" in tab.facts.facts.toPlainText()
    tab.facts.relabelled.emit("NV")
    assert [(each.path, each.source) for each in read_corrections(corrections_file(data))] == [("B.png", run.path.name)]
    qtbot.waitUntil(lambda: not tab.session.busy)
    assert "1 of them were found by a model's disagreement, which flatters that model." in tab.banner.text
    assert "before" in tab.banner.text


def test_images_of_a_run_are_shown_with_what_it_says_of_them(qtbot, run, make_tab, data):
    tab = make_tab()
    tab.show_images(data, ["b", "D.png"], run.path)  # one as an earlier version wrote it
    qtbot.waitUntil(lambda: not tab.session.busy)
    assert shown(tab) == ["B.png", "D.png"]
    assert tab.bar.run.currentIndex() == 1
    tab.show_images(data, ["A.png"])
    assert shown(tab) == ["A.png"]
    tab.filters.clear()
    assert len(shown(tab)) == 6


def test_a_file_is_known_by_the_data_set_that_it_lies_in(data, tmp_path):
    assert data_set_with(data / "A.png") is None
    remember_data(data)
    assert data_set_with(data / "A.png") == (data, "A.png")
    assert data_set_with(tmp_path / "A.png") is None
    remember_data(data / "labels.csv")
    assert data_set_with(data / "A.png") == (data / "labels.csv", "A.png")
