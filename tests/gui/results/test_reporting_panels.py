"""Robustness, tests on other images, checklists and the form that fills them, in the Results tab."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialogButtonBox
from pytestqt.qtbot import QtBot

from core.demo.sample_set import write_sample_set
from core.models.files import read_model_info
from core.runs.folder import RunFolder
from core.runs.robustness import read_robustness
from core.runs.statement import StudyStatement, read_statement, write_statement
from skinkd_gui.results.results_tab import ResultsTab
from skinkd_gui.results.statement_dialog import StatementDialog
from skinkd_gui.undo import undo_stack


@pytest.fixture
def trained(finished_run: RunFolder, runs_root: Path) -> Path:
    return Path(shutil.copytree(finished_run.path, runs_root / finished_run.path.name))


@pytest.fixture
def tab(qtbot: QtBot, make_tab: Callable[..., ResultsTab], trained: Path) -> ResultsTab:
    made = make_tab()
    assert made.table.select((trained,))
    qtbot.waitUntil(lambda: made.details_ready)
    return made


def form() -> StatementDialog:
    (dialog,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, StatementDialog)]
    return dialog


def test_the_checklist_is_that_of_the_report_and_the_form_fills_it(
    qtbot: QtBot, tab: ResultsTab, trained: Path
) -> None:
    panel = tab.details.checklist
    tab.details.setCurrentWidget(panel)
    assert panel.which.currentText() == "CLAIM 2024"
    rows = {row[0]: row[2] for row in panel.table_panel.shown.texts}
    assert (len(rows), rows["22"], rows["14"]) == (44, "by the program", "not stated")
    panel.form_button.click()
    dialog = form()
    dialog.edits["labels"].setPlainText("Histology")
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()

    def filled(number: str) -> str:
        return {row[0]: row[2] for row in panel.table_panel.shown.texts}[number]

    qtbot.waitUntil(lambda: filled("14") == "by you")
    assert read_statement(trained) == StudyStatement({"labels": "Histology"})
    undo_stack(tab).undo()
    qtbot.waitUntil(lambda: filled("14") == "not stated")
    panel.which.setCurrentIndex(2)
    panel.which.activated.emit(2)
    assert len(panel.table_panel.shown.rows) == 25


def test_what_runs_say_differently_is_only_replaced_when_it_is_written(qtbot: QtBot, tab: ResultsTab) -> None:
    both = (
        (Path("one"), StudyStatement({"users": "A", "design": "D"})),
        (Path("two"), StudyStatement({"design": "D"})),
    )
    dialog = StatementDialog(tab, "2 runs", both)
    qtbot.addWidget(dialog)
    assert dialog.edits["users"].toPlainText() == ""
    assert dialog.edits["design"].toPlainText() == "D"
    assert dialog.changes == {}
    dialog.edits["users"].setPlainText("B")
    assert [statement.entries for _, statement in dialog.after] == [{"users": "B", "design": "D"}] * 2


def test_robustness_is_measured_and_shown(
    qtbot: QtBot, tab: ResultsTab, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.data import corruptions

    few = corruptions.Registry("corruption", [corruptions.CORRUPTIONS["dark"]])
    monkeypatch.setattr("core.runs.robustness.CORRUPTIONS", few)
    panel = tab.details.robustness
    tab.details.setCurrentWidget(panel)
    assert panel.job.button.isEnabled()
    assert not panel.table_panel.shown.rows
    panel.job.button.click()
    assert panel.job.button.text() == "Stop"
    qtbot.waitUntil(lambda: bool(panel.table_panel.shown.rows) and not panel.job.busy, timeout=60_000)
    found = read_robustness(trained)
    assert found is not None
    assert [row[0] for row in panel.table_panel.shown.texts] == ["Too dark"]
    assert panel.job.button.text() == "Measure robustness"


def test_a_run_is_calibrated_with_flips_and_turns_and_back(qtbot: QtBot, tab: ResultsTab, trained: Path) -> None:
    panel = tab.details.calibration
    tab.details.setCurrentWidget(panel)
    model = RunFolder(trained).model_file
    before = panel.table_panel.shown.texts
    for said, positions in (("Calibrate with flips and turns", 8), ("Calibrate without flips and turns", 1)):
        assert panel.job.button.text() == said
        panel.job.button.click()
        assert panel.job.button.text() == "Stop"
        qtbot.waitUntil(lambda said=said: not panel.job.busy and panel.job.button.text() != said, timeout=60_000)
        assert read_model_info(model).positions == positions
        assert panel.table_panel.shown.texts == before  # of the upright images, whatever the model is used with


def test_a_test_on_other_images_is_kept_and_shown(
    qtbot: QtBot, tab: ResultsTab, trained: Path, tmp_path: Path, sample_set: Path
) -> None:
    panel = tab.details.robustness
    tab.details.setCurrentWidget(panel)
    panel.test_on(write_sample_set(tmp_path / "other clinic", images=30, seed=4, size=64))
    qtbot.waitUntil(lambda: bool(panel.external.shown.rows) and not panel.job.busy, timeout=60_000)
    assert [row[0] for row in panel.external.shown.texts] == ["Own test images", "other clinic"]


def test_a_damaged_form_is_said_and_not_replaced(qtbot: QtBot, tab: ResultsTab, trained: Path) -> None:
    (trained / "statement.toml").write_text("labels = [")
    tab.details.checklist.form_button.click()
    shown = [each for each in QApplication.topLevelWidgets() if each.objectName() == "errorDialog"]
    assert shown
    shown[0].close()
    assert (trained / "statement.toml").read_text() == "labels = ["
    (trained / "statement.toml").unlink()
    write_statement(trained, StudyStatement())
