"""Making a report from the window."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QStandardPaths, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken
from core.reporting.report import Include, collect, report_html
from skinkd_gui.results import report_dialog
from skinkd_gui.results.pdf_report import write_pdf
from skinkd_gui.results.report_dialog import ReportDialog
from skinkd_gui.widgets.error_dialog import ErrorDialog
from skinkd_gui.workers.job import Job
from skinkd_gui.workers.job_slot import shut_down_jobs


@pytest.fixture
def make_dialog(qtbot):
    def make(*arguments: object) -> ReportDialog:
        dialog = ReportDialog(None, *arguments)  # type: ignore[arg-type]
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog, before_close_func=shut_down_jobs)
        dialog.open()
        return dialog

    return make


def only(dialog: ReportDialog, *parts: Include) -> None:
    for part, box in dialog.parts.items():
        box.setChecked(part in parts)


def done(qtbot, dialog: ReportDialog) -> None:
    qtbot.waitUntil(lambda: not dialog.busy)


def test_a_page_is_made_and_opened(qtbot, make_dialog, make_tested, tmp_path, monkeypatch):
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    dialog = make_dialog([make_tested("one"), make_tested("two", "plain")])
    only(dialog, Include.COMPARISON)
    dialog.target.setText(str(tmp_path / "report"))
    dialog.make_button.click()
    assert dialog.busy
    assert not dialog.make_button.isEnabled()
    done(qtbot, dialog)
    page = tmp_path / "report" / "index.html"
    assert "The baseline is two." in page.read_text(encoding="utf-8")
    assert str(tmp_path / "report") in dialog.news.text
    dialog.open_button.click()
    dialog.folder_button.click()
    assert [Path(url.toLocalFile()) for url in opened] == [page, page.parent]


def test_a_pdf_is_made_and_not_written_over_unasked(qtbot, make_dialog, make_tested, tmp_path):
    dialog = make_dialog([make_tested("one")])
    only(dialog)
    dialog.as_pdf.setChecked(True)
    dialog.target.setText(str(tmp_path / "mine"))
    dialog.make_button.click()
    done(qtbot, dialog)
    first = (tmp_path / "mine.pdf").read_bytes()
    assert first.startswith(b"%PDF")
    dialog.make_button.click()
    question = dialog.findChild(QMessageBox, "replaceReportQuestion")
    assert question is not None
    question.findChild(QPushButton, "keepReportButton").click()
    assert not dialog.busy
    assert (tmp_path / "mine.pdf").read_bytes() == first


def test_a_single_run_has_no_differences(make_dialog, make_tested):
    dialog = make_dialog([make_tested("one")])
    assert not dialog.parts[Include.COMPARISON].isEnabled()
    assert Include.COMPARISON not in dialog.order.include
    assert not dialog.whole_study.isVisible()


def test_with_a_baseline_a_single_run_has_them(make_dialog, make_tested):
    dialog = make_dialog([make_tested("one")], make_tested("two"))
    assert dialog.parts[Include.COMPARISON].isEnabled()


def test_a_study_is_told_whole_or_by_the_chosen_runs(make_dialog, make_tested, tmp_path):
    run = make_tested("one")
    dialog = make_dialog([run], None, tmp_path / "studies" / "s")
    assert (dialog.order.study, dialog.order.folders) == (tmp_path / "studies" / "s", ())
    dialog.whole_study.setChecked(False)
    assert (dialog.order.study, dialog.order.folders) == (None, (run,))


def test_proposed_names_are_not_taken(make_dialog, make_tested, monkeypatch, tmp_path):
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda place: str(tmp_path))
    (tmp_path / "skinkd-report").mkdir()
    dialog = make_dialog([make_tested("one"), make_tested("two")])
    assert dialog.order.target == tmp_path / "skinkd-report-2"
    dialog.as_pdf.setChecked(True)
    assert dialog.order.target == tmp_path / "skinkd-report.pdf"


def test_what_goes_wrong_is_said_and_the_dialog_stays(qtbot, make_dialog, make_tested, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    dialog = make_dialog([make_tested("one")])
    dialog.target.setText(str(tmp_path / "full"))
    dialog.make_button.click()
    done(qtbot, dialog)
    error = dialog.findChild(ErrorDialog)
    assert error is not None
    error.reject()
    assert dialog.isVisible()
    assert dialog.make_button.isEnabled()
    assert not dialog.open_button.isVisible()


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that takes until it is cancelled."""

    def work(order: object, emit: object, token: CancelToken) -> Path:
        while True:
            token.check()
            threading.Event().wait(0.01)

    monkeypatch.setattr(report_dialog, "make_report", work)


def test_cancel_ends_the_work_and_keeps_the_dialog(qtbot, make_dialog, make_tested, tmp_path, endless):
    dialog = make_dialog([make_tested("one")])
    dialog.make_button.click()
    assert dialog.close_button.text() == "Cancel"
    dialog.close_button.click()
    done(qtbot, dialog)
    assert dialog.isVisible()
    assert dialog.news.text.startswith("Cancelled")


def test_escape_closes_as_soon_as_the_work_has_stopped(qtbot, make_dialog, make_tested, endless):
    dialog = make_dialog([make_tested("one")])
    dialog.make_button.click()
    dialog.reject()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert not dialog.busy


def test_every_widget_has_a_name(make_dialog, make_tested):
    dialog = make_dialog([make_tested("one")])
    widgets = [dialog.target, dialog.as_page, dialog.as_pdf, dialog.progress, dialog.make_button, dialog.close_button]
    widgets += [*dialog.parts.values(), dialog.whole_study, dialog.open_button, dialog.folder_button]
    assert all(isinstance(widget, QWidget) and widget.objectName() and widget.accessibleName() for widget in widgets)


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_a_pdf_is_a4_with_all_its_pages_from_a_worker(qtbot, make_tested, tmp_path):
    content = collect([make_tested("one")], include=frozenset({Include.CLASSES, Include.RECIPES}))
    html = report_html(content, for_print=True)
    counts: list[int] = []
    job = Job(lambda emit, token: counts.append(write_pdf(html, tmp_path / "a.pdf", emit=emit, token=token)))
    with qtbot.waitSignal(job.ended):
        job.start()
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert counts == [pages_of(pdf)]
    assert counts[0] >= 3
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert boxes
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(595, 842)}


def test_headings_stay_with_what_follows(qapp, tmp_path, monkeypatch):
    from PySide6.QtGui import QTextDocument

    from skinkd_gui.results import pdf_report

    seen: list[QTextDocument] = []
    paint = pdf_report._paint
    monkeypatch.setattr(pdf_report, "_paint", lambda *found: (seen.append(found[1]), paint(*found)))
    block = (
        "<h2>Heading {n}</h2><table border='1'><tr><td>"
        + "<br>".join("x" * 30 for _ in range(9))
        + "</td></tr></table>"
    )
    write_pdf("<html><body>" + "".join(block.format(n=n) for n in range(25)) + "</body></html>", tmp_path / "a.pdf")
    document = seen[0]
    height, layout = document.pageSize().height(), document.documentLayout()
    found = document.begin()
    headings = 0
    while found.isValid():
        if found.text().startswith("Heading"):
            headings += 1
            page = layout.blockBoundingRect(found).top() // height
            line = found.next().layout().lineAt(0)
            below = layout.blockBoundingRect(found.next()).top() + line.y() + line.height() / 2
            assert below // height == page, found.text()
        found = found.next()
    assert headings == 25


def test_a_pdf_that_can_not_be_written_or_is_cancelled_leaves_nothing(qapp, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SkinKDError):
        write_pdf("<p>x</p>", tmp_path / "file" / "a.pdf")
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        write_pdf("<p>x</p>", tmp_path / "b.pdf", token=source.token)
    assert not (tmp_path / "b.pdf").exists()
