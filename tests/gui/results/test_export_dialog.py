from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase, Progress
from core.inference.export.exporting import ModelExportOrder
from core.inference.export.report import ExportReport, ExportRow
from skinkd_gui.results import export_dialog
from skinkd_gui.results.export_dialog import ModelExportDialog
from skinkd_gui.widgets.error_dialog import ErrorDialog
from skinkd_gui.workers.job_slot import shut_down_jobs
from tests.gui.results.conftest import MakeRun

ROWS = (
    ExportRow("Original", None, None, 0.6, 9_100_000, 6.1, 4.2),
    ExportRow("ONNX, int8", 0.95, 0.31, 0.59, 3_000_000, 2.5, 1.9),
)


class Exporter:
    """Stands in for `export_with_card`: keeps the order, and ends as told."""

    def __init__(self) -> None:
        self.orders: list[ModelExportOrder] = []
        self.refused = ""
        self.error: SkinKDError | None = None
        self.wait = False
        self.reached = Event()

    def __call__(self, order: ModelExportOrder, emit: Emit, token: CancelToken) -> ExportReport:
        self.orders.append(order)
        emit(Progress(Phase.QUANTISING, 3, 53))
        self.reached.set()
        while self.wait:
            token.check()
        if self.error is not None:
            raise self.error
        file = None if self.refused else order.out
        return ExportReport(
            file, order.source, "test_resnet", order.quantise, "" if order.without_test else "test", 154,
            order.tolerance or 0.0, 0.01, ROWS, self.refused, ("11 of 53 layers keep 32-bit numbers.",), 300,
            "a processor, 2 threads", 32,
        )  # fmt: skip


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Exporter:
    found = Exporter()
    monkeypatch.setattr(export_dialog, "export_with_card", found)
    return found


@pytest.fixture
def dialog(qtbot: QtBot, make_run: MakeRun, exporter: Exporter, tmp_path: Path) -> Iterator[ModelExportDialog]:
    found = ModelExportDialog(None, make_run("kl", "kl"))
    found.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(found)
    found.target.setText(str(tmp_path / "out.onnx"))
    found.open()
    yield found
    exporter.wait = False
    shut_down_jobs(found)


def finish(qtbot: QtBot, dialog: ModelExportDialog) -> None:
    dialog.make_button.click()
    qtbot.waitUntil(lambda: not dialog.busy)


def test_it_orders_what_it_shows(qtbot: QtBot, dialog: ModelExportDialog, exporter: Exporter, tmp_path: Path) -> None:
    assert dialog.order == ModelExportOrder(dialog.order.source, tmp_path / "out.onnx", "", 0.001, None, False)
    dialog.forms["int8"].setChecked(True)
    dialog.data.setText(str(tmp_path))
    dialog.averaged.setChecked(True)
    dialog.target.setText(str(tmp_path / "named"))
    finish(qtbot, dialog)
    order = exporter.orders[0]
    assert order.averaged
    assert (order.out, order.quantise, order.tolerance, order.data) == (
        tmp_path / "named.onnx", "int8", 0.02, tmp_path,
    )  # fmt: skip


def test_a_loss_that_was_typed_stays(dialog: ModelExportDialog) -> None:
    dialog.loss.setValue(5.0)
    dialog.forms["int8"].setChecked(True)
    assert dialog.order.tolerance == 0.05


def test_8_bits_can_not_go_unchecked(dialog: ModelExportDialog) -> None:
    dialog.unchecked.setChecked(True)
    assert dialog.order.without_test
    assert not dialog.data.isEnabled()
    dialog.forms["int8"].setChecked(True)
    assert not dialog.order.without_test
    assert not dialog.unchecked.isEnabled()
    assert dialog.data.isEnabled()


def test_16_bits_may_go_unchecked(dialog: ModelExportDialog) -> None:
    dialog.forms["fp16"].click()
    dialog.unchecked.click()
    assert (dialog.order.quantise, dialog.order.without_test, dialog.loss.value()) == ("fp16", True, 0.5)


def test_a_folder_for_a_programmer_is_made_instead(
    qtbot: QtBot, dialog: ModelExportDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Exporter()
    monkeypatch.setattr(export_dialog, "export_bundle", made)
    dialog.bundle.click()
    assert dialog.target.text() == str(tmp_path / "out")
    finish(qtbot, dialog)
    assert [order.out for order in made.orders] == [tmp_path / "out"]
    assert "classify.py" in dialog.remarks.text().replace("\u200b", "")
    dialog.bundle.click()
    assert dialog.order.out == tmp_path / "out.onnx"


def test_the_check_is_shown_and_the_folder_a_click_away(
    qtbot: QtBot, dialog: ModelExportDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    assert dialog.table.isHidden()
    assert dialog.folder_button.isHidden()
    finish(qtbot, dialog)
    texts = [dialog.table.item(1, column).text() for column in range(dialog.table.columnCount())]
    assert texts == ["ONNX, int8", "95.00 %", "0.31", "59.00 %", "3.0 MB", "2.50", "1.90"]
    assert "loses 1.00 points" in dialog.news.text
    assert "11 of 53 layers" in dialog.remarks.text()
    assert "out.check.md" in dialog.remarks.text()
    dialog.folder_button.click()
    assert [url.toLocalFile() for url in opened] == [str(tmp_path)]


def test_a_refusal_is_shown_with_its_figures(qtbot: QtBot, dialog: ModelExportDialog, exporter: Exporter) -> None:
    exporter.refused = "Refused: it loses 3.00 points of weighted F1, and 2 were allowed."
    finish(qtbot, dialog)
    assert dialog.news.text == exporter.refused
    assert dialog.news.property("role") == "error"
    assert not dialog.table.isHidden()
    assert dialog.folder_button.isHidden()


def test_an_error_is_said_and_it_can_be_tried_again(
    qtbot: QtBot, dialog: ModelExportDialog, exporter: Exporter
) -> None:
    exporter.error = SkinKDError("The export can not be checked", "The images are gone.")
    finish(qtbot, dialog)
    shown = dialog.findChild(ErrorDialog)
    assert isinstance(shown, ErrorDialog)
    shown.accept()
    assert dialog.make_button.isEnabled()
    assert dialog.table.isHidden()


def test_it_can_be_cancelled(qtbot: QtBot, dialog: ModelExportDialog, exporter: Exporter) -> None:
    exporter.wait = True
    dialog.make_button.click()
    qtbot.waitUntil(lambda: dialog.progress.value() == 3)
    assert not dialog.target.isEnabled()
    assert dialog.close_button.text() == "Cancel"
    dialog.close_button.click()
    qtbot.waitUntil(lambda: not dialog.busy)
    assert "Cancelled" in dialog.news.text
    assert dialog.isVisible()


def test_closing_waits_for_the_work(qtbot: QtBot, dialog: ModelExportDialog, exporter: Exporter) -> None:
    exporter.wait = True
    dialog.make_button.click()
    qtbot.waitUntil(exporter.reached.is_set)
    dialog.reject()
    assert dialog.isVisible()
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_a_file_that_is_there_is_not_replaced_unasked(
    qtbot: QtBot, dialog: ModelExportDialog, exporter: Exporter, tmp_path: Path
) -> None:
    (tmp_path / "out.onnx").write_bytes(b"x")
    dialog.make_button.click()
    question = dialog.findChild(QMessageBox, "replaceExportQuestion")
    assert isinstance(question, QMessageBox)
    assert exporter.orders == []
    yes = question.findChild(QPushButton, "replaceExportButton")
    assert isinstance(yes, QPushButton)
    yes.click()
    qtbot.waitUntil(lambda: len(exporter.orders) == 1 and not dialog.busy)


def test_it_proposes_a_name_that_is_not_taken(qtbot: QtBot, make_run: MakeRun, exporter: Exporter) -> None:
    first = ModelExportDialog(None, make_run("Größe, 1"))
    qtbot.addWidget(first)
    proposed = Path(first.target.text())
    assert proposed.suffix == ".onnx"
    assert "/" not in proposed.stem
    assert not proposed.exists()
