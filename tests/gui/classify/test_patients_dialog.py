from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from core.inference.patients.facts import PatientFacts
from core.inference.record import record_file
from skinkd_gui.classify.classify_tab import ClassifyTab
from skinkd_gui.classify.export_dialog import ClassificationExportDialog
from skinkd_gui.classify.patient_sources import DicomElementsDialog, FolderLevelsDialog
from skinkd_gui.classify.patients_dialog import PatientsDialog
from skinkd_gui.undo import undo_stack
from tests.core.cli.test_patient_data import dicom, saved

from .conftest import MakeTab
from .tab_helpers import button, classify, text

MARK = "Zq7Patient"
DAY = date(2026, 3, 31)


@pytest.fixture
def tab(qtbot: QtBot, make_tab: MakeTab, weighed: Path, lesions: list[Path]) -> ClassifyTab:
    made = make_tab(weighed)
    classify(qtbot, made, lesions)
    return made


def opened(qtbot: QtBot, tab: ClassifyTab) -> PatientsDialog:
    button(tab, "classifyPatientsButton").click()
    dialog = tab.findChildren(PatientsDialog)[-1]
    qtbot.waitUntil(lambda: not dialog.busy)
    return dialog


def type_in(dialog: PatientsDialog, row: int, column: int, value: str) -> bool:
    return bool(dialog.model.setData(dialog.model.index(row, column), value))


def test_what_is_typed_goes_to_all_selected_rows_and_can_be_undone(qtbot: QtBot, tab: ClassifyTab) -> None:
    dialog = opened(qtbot, tab)
    selection = dialog.table.selectionModel()
    for row in (0, 1):
        chosen = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        selection.select(dialog.model.index(row, 0), chosen)
    assert type_in(dialog, 0, 1, MARK)
    assert type_in(dialog, 1, 2, "1")
    assert not type_in(dialog, 0, 3, "3/4/2026")
    assert "none that is clear" in dialog._news.text
    assert type_in(dialog, 0, 3, "31.3.2026")
    facts = [tab._patients.facts.get(path) for path in dialog.model.paths]
    assert facts[:2] == [PatientFacts(MARK, "1", DAY)] * 2
    assert facts[2] is None
    stack = undo_stack(tab)
    assert stack.undoText() == "date of 2 images"
    stack.undo()
    assert tab._patients.facts[dialog.model.paths[0]] == PatientFacts(MARK, "1")


def test_lesions_are_shown_over_time_and_asked_for_as_a_pdf(qtbot: QtBot, tab: ClassifyTab) -> None:
    paths = tab._images.paths
    tab._patients.put({paths[0]: PatientFacts("A", "1", DAY), paths[1]: PatientFacts("A", "1", date(2026, 5, 1))})
    dialog = opened(qtbot, tab)
    dialog.tabs.setCurrentIndex(1)
    assert dialog.lesions.rowCount() == 2
    dialog.lesions.selectRow(1)
    qtbot.waitUntil(lambda: not dialog.busy)
    texts = [
        label.text() for label in dialog.history.findChildren(type(dialog._none)) if label.objectName() == "lesionDate"
    ]
    assert texts == ["2026-03-31", "2026-05-01"]
    report = dialog.findChild(QPushButton, "patientsReport")
    assert isinstance(report, QPushButton)
    report.click()
    export = tab.findChild(ClassificationExportDialog)
    assert isinstance(export, ClassificationExportDialog)
    order = export.order
    assert (order.by_lesion, order.form.value, len(order.lesions)) == (True, ".pdf", 1)


def test_folders_and_a_table_fill_in_what_was_not_typed(
    qtbot: QtBot, tab: ClassifyTab, tmp_path: Path, lesions: list[Path]
) -> None:
    dialog = opened(qtbot, tab)
    assert type_in(dialog, 0, 1, "typed")
    dialog._ask_for_folders()
    folders = dialog.findChild(FolderLevelsDialog)
    assert isinstance(folders, FolderLevelsDialog)
    folders.boxes["patient"].setCurrentIndex(1)
    folders.accept()
    qtbot.waitUntil(lambda: not dialog.busy)
    assert tab._patients.facts[dialog.model.paths[0]].patient == "typed"
    assert tab._patients.facts[dialog.model.paths[1]].patient == dialog.model.paths[1].parent.name
    (tmp_path / "whose.csv").write_text(f"image,site\n{lesions[0].name},back\n")
    dialog.fill_from_table(tmp_path / "whose.csv")
    qtbot.waitUntil(lambda: not dialog.busy)
    assert tab._patients.facts[lesions[0]].site == "back"
    assert "Filled in for 1 of" in dialog._news.text
    dialog.fill_from_table(tmp_path / "none.csv")
    qtbot.waitUntil(lambda: not dialog.busy)
    assert dialog._news._kind == "error"


def test_dicom_elements_are_read_when_they_are_ticked(qtbot: QtBot, tab: ClassifyTab, tmp_path: Path) -> None:
    file = tmp_path / "x.dcm"
    file.write_bytes(saved(dicom(PatientID=MARK, StudyDate="20260331")))
    classify(qtbot, tab, [file])
    dialog = opened(qtbot, tab)
    dialog._ask_for_elements()
    elements = dialog.findChild(DicomElementsDialog)
    assert isinstance(elements, DicomElementsDialog)
    assert not any(tick.isChecked() for tick in elements.ticks.values())
    elements.ticks["date"].setChecked(True)
    elements.accept()
    qtbot.waitUntil(lambda: not dialog.busy)
    assert tab._patients.facts[file] == PatientFacts(date=DAY)


def test_facts_stay_in_memory_and_go_with_the_list(
    qtbot: QtBot, tab: ClassifyTab, tmp_path: Path, lesions: list[Path]
) -> None:
    dialog = opened(qtbot, tab)
    assert type_in(dialog, 0, 1, MARK)
    dialog.reject()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert record_file() in written
    assert [path for path in written if MARK.encode() in path.read_bytes()] == []
    assert all(MARK not in undo_stack(tab).text(row) for row in range(undo_stack(tab).count()))
    tab._clear_list()
    assert not tab._patients.facts
    undo_stack(tab).undo()
    assert {facts.patient for facts in tab._patients.facts.values()} == {MARK}


def test_tables_hold_the_facts(qtbot: QtBot, tab: ClassifyTab, tmp_path: Path, lesions: list[Path]) -> None:
    tab._patients.put({lesions[0]: PatientFacts("A", "1"), lesions[1]: PatientFacts("A", "1")})
    tab.open_export()
    export = tab.findChild(ClassificationExportDialog)
    assert isinstance(export, ClassificationExportDialog)
    export._form_group.button(2).setChecked(True)
    export.target.setText(str(tmp_path / "all.json"))
    export.make_button.click()
    qtbot.waitUntil(lambda: not export.busy)
    document = json.loads((tmp_path / "all.json").read_text("utf-8"))
    (lesion,) = document["lesions"]
    assert len(lesion["visits"][0]["images"]) == 2
    assert document["images"][0]["patient_facts"]["patient"] == "A"


def test_the_calibration_in_use_is_said(tab: ClassifyTab) -> None:
    assert text(tab, "classifyResearchUse") == "Research use only. Not a medical device."
