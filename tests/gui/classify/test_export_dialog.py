from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from core.errors import Cancelled
from core.events import CancelSource
from core.inference.results import Classification
from core.reporting.classification_report import ReportSubject, classification_report_html, gather_images
from skinkd_gui.classify.classify_tab import ClassifyTab
from skinkd_gui.classify.export_dialog import ClassificationExportDialog
from skinkd_gui.classify.exporting import ClassificationExportOrder, ExportSource, Form, export
from skinkd_gui.classify.kinds import Kind

from .conftest import MakeTab
from .tab_helpers import classify


@pytest.fixture
def tab(qtbot: QtBot, make_tab: MakeTab, weighed: Path, lesions: list[Path]) -> ClassifyTab:
    made = make_tab(weighed)
    classify(qtbot, made, lesions)
    return made


def opened(tab: ClassifyTab) -> ClassificationExportDialog:
    tab.open_export()
    dialog = tab.findChild(ClassificationExportDialog)
    assert isinstance(dialog, ClassificationExportDialog)
    return dialog


def choose(dialog: ClassificationExportDialog, *names: str) -> None:
    for name in names:
        button = dialog.findChild(QRadioButton, name)
        assert isinstance(button, QRadioButton), name
        button.setChecked(True)


def make(qtbot: QtBot, dialog: ClassificationExportDialog, target: Path) -> None:
    dialog.target.setText(str(target))
    dialog.make_button.click()
    qtbot.waitUntil(lambda: not dialog.busy)


def test_a_table_holds_what_is_shown(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], tmp_path: Path) -> None:
    tab._summary.show_kind(Kind.NOT_CLASSIFIED)
    dialog = opened(tab)
    make(qtbot, dialog, tmp_path / "shown")
    with (tmp_path / "shown.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert [row["image"] for row in csv.DictReader(lines)] == [str(lesions[-1])]
    choose(dialog, "exportAllRadio", "exportJsonRadio")
    make(qtbot, dialog, tmp_path / "all.json")
    document = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert [image["image"] for image in document["images"]] == [str(file) for file in lesions]
    assert str(tmp_path / "all.json") in dialog.news.text
    dialog.reject()


def test_a_pdf_of_one_image_and_of_all(qtbot: QtBot, tab: ClassifyTab, tmp_path: Path) -> None:
    dialog = opened(tab)
    choose(dialog, "exportSelectedRadio", "exportPdfRadio")
    assert dialog.heat.isVisible()
    make(qtbot, dialog, tmp_path / "one.pdf")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    choose(dialog, "exportAllRadio")
    make(qtbot, dialog, tmp_path / "all.pdf")
    assert "pages)" in dialog.news.text
    assert (tmp_path / "all.pdf").stat().st_size > (tmp_path / "one.pdf").stat().st_size
    dialog.reject()


def test_a_file_that_is_there_is_replaced_only_when_the_user_says_so(
    qtbot: QtBot, tab: ClassifyTab, tmp_path: Path
) -> None:
    there = tmp_path / "there.csv"
    there.write_text("mine")
    dialog = opened(tab)
    dialog.target.setText(str(there))
    for answer, kept in (("keepExportButton", True), ("replaceExportButton", False)):
        dialog.make_button.click()
        question = dialog.findChildren(QMessageBox)[-1]
        found = question.findChild(QPushButton, answer)
        assert isinstance(found, QPushButton)
        found.click()
        qtbot.waitUntil(lambda: not dialog.busy)
        assert (there.read_text(encoding="utf-8-sig") == "mine") is kept
    dialog.reject()


def test_a_pdf_has_an_upper_bound_that_is_said(
    qtbot: QtBot, tab: ClassifyTab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skinkd_gui.classify.export_dialog.MOST_IN_PDF", 5)
    monkeypatch.setattr("skinkd_gui.classify.exporting.MOST_IN_PDF", 5)
    dialog = opened(tab)
    assert dialog._limit.isHidden()
    choose(dialog, "exportPdfRadio")
    assert "at most 5 images: the first 5 of these 14" in dialog._limit.text()
    dialog.heat.setChecked(False)
    make(qtbot, dialog, tmp_path / "bounded.pdf")
    assert "holds the first 5 of 14 images" in dialog.news.text
    dialog.reject()


def test_a_cancelled_export_leaves_nothing(tab: ClassifyTab, tmp_path: Path) -> None:
    source = tab._export_source()
    assert source is not None
    stop = CancelSource()
    order = ClassificationExportOrder(source, source.every, Form.PDF, tmp_path / "never.pdf")
    with pytest.raises(Cancelled):
        export(order, lambda event: stop.cancel(), stop.token)
    assert list(tmp_path.glob("never*")) == []


def test_names_inject_neither_formulas_nor_markup(tab: ClassifyTab, tmp_path: Path, lesions: list[Path]) -> None:
    bad = tmp_path / '=HYPERLINK("x")<b>bold<img src=x>.png'
    bad.write_bytes(lesions[0].read_bytes())
    source = tab._export_source()
    assert source is not None
    renamed: Classification = replace(source.every[0], path=bad)
    order = ClassificationExportOrder(replace_rows(source, renamed), (renamed,), Form.CSV, tmp_path / "bad.csv")
    export(order, lambda event: None, CancelSource().token)
    with (tmp_path / "bad.csv").open(encoding="utf-8-sig", newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert not row["image"].startswith("=")
    assert row["diagnosis"] == renamed.code
    subject = ReportSubject("<script>x</script>", source.classifier.info)
    html = classification_report_html(gather_images([renamed]), subject, made=datetime.now(UTC))
    assert "<b>bold" not in html
    assert "<script>" not in html


def replace_rows(source: ExportSource, row: Classification) -> ExportSource:
    """The same source with one row."""
    return ExportSource(source.classifier, source.name, (row,), (row,), row, source.level)
