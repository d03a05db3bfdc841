"""A study that another program works on: the window follows it, and can stop it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from core.events import CancelToken
from core.recipe import Recipe, set_values
from core.runs.folder import RunFolder
from core.runs.status import RunState
from core.study.definition import Configuration, Study
from core.study.execute import start_member
from core.study.folder import StudyFolder, create_study
from core.study.stopping import stop_asked
from skinkd_gui.results.study_findings import SharedErrors, find_study
from skinkd_gui.results.study_panel import StudyPanel
from skinkd_gui.widgets.runs_watch import RunsWatch


@pytest.fixture
def study(runs_root) -> StudyFolder:
    """A teacher that is being made."""
    base = set_values(Recipe(), [f"data.path={runs_root / 'data'}", "task=teacher"])
    folder = create_study(Study("Elsewhere", base, (Configuration("teacher", "Teacher"),)), runs_root)
    start_member(folder, folder.members()[0])
    return folder


def test_a_study_at_work_elsewhere_is_followed_and_stopped(qtbot, study):
    panel = StudyPanel()
    qtbot.addWidget(panel)
    panel.show()
    (member,) = study.members()
    assert member.folder is not None
    run = member.folder
    with study.locked(), RunFolder(run).locked():
        RunFolder(run).set_status(state=RunState.RUNNING)
        panel.show_study(study.path)
        qtbot.waitUntil(lambda: panel.ready and panel.at_work)
        assert panel.progress.format() == "0 of 1 runs done, 1 at work"
        assert panel.resume_button.isHidden()
        qtbot.mouseClick(panel.stop_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: panel.ready and panel.stop_button.text() == "Stopping...")
        assert not panel.stop_button.isEnabled()
        assert stop_asked(study)
    panel.refresh()
    qtbot.waitUntil(lambda: panel.ready and not panel.at_work)
    assert panel.stop_button.isHidden()
    assert not panel.resume_button.isHidden()


def test_what_is_read_again_is_compared_without_its_arrays(study):
    findings = find_study(study.path, CancelToken())
    predictions = SimpleNamespace(logits=np.zeros((2, 3)))
    again = replace(findings, shared=(SharedErrors("KL", None, predictions, predictions, None),))
    assert again == replace(
        again, shared=(SharedErrors("KL", None, SimpleNamespace(logits=np.ones((2, 3))), None, None),)
    )
    assert again != replace(again, running=findings.running + 1)


def test_runs_at_work_are_looked_at_again_also_where_the_drive_tells_nothing(qtbot, study):
    watch = RunsWatch()
    watch._again.setInterval(20)
    with qtbot.waitSignal(watch.changed):
        watch.watch(study.runs_root, (), [study.path], at_work=True)
    watch.watch(study.runs_root, (), [study.path])
    assert not watch._again.isActive()
    watch.stop()
