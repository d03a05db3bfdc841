"""A study that withholds its test part: candidates in the window, and the one use of the test part."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton

import core.study.test_part as test_part
from core.recipe import Recipe, set_values
from core.runs.folder import RunFolder
from core.runs.status import RunState
from core.study.execute import start_member
from core.study.folder import StudyFolder, create_study
from core.study.folds import cross_validated
from core.study.test_part import recorded_use
from skinkd_gui.results.study_panel import StudyPanel

AXES = {"teacher.freeze": [0.0, 0.5]}


@pytest.fixture
def study(runs_root, make_run) -> StudyFolder:
    """Two candidates over two folds, finished and not tested; the first is better on the validation images."""
    like = RunFolder(make_run("Like", quality=0.8))
    base = set_values(Recipe(), [f"data.path={runs_root / 'data'}", "task=teacher"])
    folder = create_study(cross_validated(base, folds=2, vary=AXES, name="Which depth"), runs_root)
    scores = like.metrics()["test"]
    for number, member in enumerate(folder.members()):
        run = start_member(folder, member)
        run.split_file.write_text("image,label,lesion_id,part\na,MEL,,train\nb,NV,,validation\nc,BCC,,test\n")
        worse = {**scores, "weighted_f1": scores["weighted_f1"] - 0.1 * (number > 1)}
        run.metrics_file.write_text(json.dumps({"validation": worse, "test": None, "notes": []}))
        run.set_status(state=RunState.FINISHED)
    return folder


@pytest.fixture
def panel(qtbot, study) -> StudyPanel:
    panel = StudyPanel()
    qtbot.addWidget(panel)
    panel.resize(1100, 500)
    panel.show()
    panel.show_study(study.path)
    qtbot.waitUntil(lambda: panel.ready and panel.tabs.isVisible())
    return panel


def answer(panel: StudyPanel, name: str, qtbot) -> None:
    qtbot.mouseClick(panel.candidates.test_button, Qt.MouseButton.LeftButton)
    box = panel.candidates.findChild(QMessageBox, "testPartQuestion")
    qtbot.mouseClick(box.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def test_only_validation_scores_are_shown_and_the_best_is_proposed(panel):
    shown = [panel.tabs.tabText(place) for place in range(panel.tabs.count()) if panel.tabs.isTabVisible(place)]
    assert shown == ["Cross-validation"]
    table = panel.candidates.table.shown
    assert [row[0].values[0] for row in table.rows] == ["freeze-0", "freeze-0.5"]
    assert not [name for name in table.names if name.endswith("test")]
    assert panel.candidates.candidates.currentData() == "freeze-0"
    assert "untouched" in panel.candidates.state.accessibleName()


def test_the_chosen_candidate_is_tested_after_a_question(qtbot, panel, study, monkeypatch):
    asked = []

    def scored(run, *rest):
        asked.append(run.path)
        metrics = run.metrics()
        run.metrics_file.write_text(json.dumps({**metrics, "test": metrics["validation"]}))

    monkeypatch.setattr(test_part, "score_test_part", scored)
    panel.candidates.candidates.setCurrentIndex(1)
    answer(panel, "testPartNo", qtbot)
    assert recorded_use(study) is None
    answer(panel, "testPartYes", qtbot)
    qtbot.waitUntil(lambda: panel.ready and recorded_use(study) is not None)
    assert recorded_use(study).candidate == "freeze-0.5"
    mine = {member.folder for member in study.members() if member.key.startswith("freeze-0.5-")}
    assert set(asked) == mine
    qtbot.waitUntil(lambda: "was used" in panel.candidates.state.accessibleName())
    assert not panel.candidates.test_button.isVisible()
    rows = {row[0].values[0]: row for row in panel.candidates.table.shown.rows}
    assert rows["freeze-0"][-1].values[0] is None
    assert rows["freeze-0.5"][-1].values[0] is not None
