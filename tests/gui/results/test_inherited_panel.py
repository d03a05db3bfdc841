"""The teacher's confusions beside a student's, and the pictures that both get wrong alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.types import Part
from core.evaluation.comparison import LabelledLogits
from core.evaluation.inherited import inheritance
from core.runs.tables import Predictions
from skinkd_gui.results.cases import RunPredictions
from skinkd_gui.results.inherited_panel import InheritedPanel
from skinkd_gui.results.study_findings import SharedErrors

ISIC2019 = CLASS_SETS["isic2019"]
NV, DF, MEL = (ISIC2019.codes.index(code) for code in ("NV", "DF", "MEL"))
LABELS = np.array([NV, NV, NV, MEL])


def predictions(name: str, said: list[int]) -> RunPredictions:
    logits = np.eye(8, dtype=np.float32)[said]
    rows = Predictions(("a", "b", "c", "d"), (Part.TEST,) * 4, LABELS, logits)
    return RunPredictions(name, Path("runs") / name, rows, ISIC2019)


def shared(said: list[int], theirs: list[int]) -> SharedErrors:
    student, teacher = predictions("KL", said), predictions("Teacher", theirs)
    sides = [
        LabelledLogits(run.predictions.names, LABELS, run.predictions.logits, ("",) * 4, ISIC2019)
        for run in (teacher, student)
    ]
    found = inheritance(*sides)
    assert found is not None
    return SharedErrors("KL", found, student, teacher, None)


@pytest.fixture
def panel(qtbot) -> InheritedPanel:
    panel = InheritedPanel()
    qtbot.addWidget(panel)
    panel.show()
    return panel


@pytest.mark.parametrize(
    ("said", "counts", "title"),
    [
        ([DF, NV, NV, NV], ("2", "1", "1"), "Melanocytic nevus taken for dermatofibroma by both"),
        ([NV, NV, NV, MEL], ("2", "0", "0"), "Melanocytic nevus taken for dermatofibroma"),
    ],
    ids=["of both", "without such the teacher's"],
)
def test_a_row_opens_the_pictures_that_both_get_wrong(panel, said, counts, title):
    panel.show_students((shared(said, [DF, DF, NV, MEL]),))
    assert panel.table.shown.texts[0] == ("NV", "DF", *counts)
    panel.table.table.opened.emit(0)
    (window,) = panel._windows.windows
    assert window.model.list.title == title
    window.close()
