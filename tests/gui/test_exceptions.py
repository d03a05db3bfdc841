"""A bug in any job: a dialog tells it, the window lives, the thread has ended, and the next job works."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, QSize
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from core.events import CancelToken, Emit
from core.recipe import Preset, preset, set_values
from core.runs.folder import create_run
from core.runs.listing import list_runs
from core.runs.status import RunState
from skinkd_gui.crash_reporter import CrashReporter
from skinkd_gui.main_window import MainWindow
from skinkd_gui.widgets.error_dialog import ErrorDialog
from skinkd_gui.workers import job_slot
from skinkd_gui.workers.job import Job, Work, running_jobs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    for hooks in (sys, threading):
        monkeypatch.setattr(hooks, "excepthook", hooks.excepthook)
    made = MainWindow(tmp_path / "runs")
    reporter = CrashReporter(made)
    reporter.set_window(made)
    reporter.install()
    made.show()
    assert made.classify_tab
    assert made.results_tab
    qtbot.waitUntil(lambda: not running_jobs())
    yield made
    close_dialogs()
    made.close_without_asking()
    qtbot.waitUntil(lambda: not made.isVisible())
    made.deleteLater()


class BrokenJob(Job):
    """A job with a bug."""

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        def broken(emit: Emit, token: CancelToken) -> None:
            raise ZeroDivisionError("injected")

        super().__init__(broken, parent)


def evidence(window: MainWindow) -> QObject:
    from skinkd_gui.results.evidence_loader import EvidenceLoader

    loader = EvidenceLoader(window)
    loader.load((), None)
    return loader


def notes(window: MainWindow) -> QObject:
    from skinkd_gui.results.annotations_editor import AnnotationsEditor

    editor = AnnotationsEditor(window)
    editor._waiting[Path("run")] = ((), "text")
    editor._start()
    return editor


def picture(window: MainWindow) -> QObject:
    from skinkd_gui.classify.pictures import PictureLoader

    loader = PictureLoader(QSize(10, 10), 5, window)
    loader.request(Path("x.png"))
    return loader


def wizard(window: MainWindow) -> QObject:
    """As the pages of the wizard do."""
    slot = job_slot.JobSlot(window)
    slot.start(lambda emit, token: None)
    return slot


def figure(window: MainWindow) -> QObject:
    from core.reporting.style import message_figure
    from skinkd_gui.widgets.threaded_figure_view import ThreadedFigureView

    view = ThreadedFigureView("", window)
    view.show()
    view.draw(lambda style: message_figure(style, "drawn"))
    return view


def debug_report(window: MainWindow) -> QObject:
    from skinkd_gui.debug_report_dialog import DebugReportDialog

    dialog = DebugReportDialog(window.runs_root, {}, window)
    dialog.open()
    return dialog


def about(window: MainWindow) -> QObject:
    from skinkd_gui.about_dialog import AboutDialog

    dialog = AboutDialog(window)
    dialog.open()
    return dialog


def resume(window: MainWindow) -> QObject:
    from skinkd_gui.training.resume_dialog import ResumeDialog

    dialog = ResumeDialog(window, create_run(preset(Preset.QUICK), runs=window.runs_root).path)
    dialog.open()
    dialog._check()
    return dialog


def memory(window: MainWindow) -> QObject:
    from skinkd_gui.workers.collector import Collector

    collector = Collector(window)
    collector.ask()
    collector._collect_all()
    return collector


STARTS: dict[str, Callable[[MainWindow], Any]] = {
    "loading the tabs": lambda window: window.start_engine(),
    "training": lambda window: window.queue.add(preset(Preset.QUICK)),
    "listing results": lambda window: window.results_tab.refresh(),
    "reading results": evidence,
    "notes": notes,
    "pictures": picture,
    "figures": figure,
    "debug report": debug_report,
    "licences": about,
    "the wizard": wizard,
    "resuming with changes": resume,
    "giving memory back": memory,
}


def close_dialogs() -> None:
    for dialog in dialogs():
        dialog.accept()


def dialogs() -> list[ErrorDialog]:
    found = (widget for widget in QApplication.topLevelWidgets() if isinstance(widget, ErrorDialog))
    return [dialog for dialog in found if dialog.isVisible()]


@pytest.mark.parametrize("kind", STARTS)
def test_a_bug_in_a_job_is_shown_and_the_window_lives(
    kind: str, qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(job_slot, "Job", BrokenJob)
        started = STARTS[kind](window)
        qtbot.waitUntil(lambda: bool(dialogs()))
        qtbot.waitUntil(lambda: not running_jobs())
    told = [dialog.error for dialog in dialogs()]
    assert len({id(error) for error in told}) == len(told)  # where two jobs broke there may be two dialogs
    line = re.compile(r"ZeroDivisionError: injected \(test_exceptions\.py, line \d+, in broken\)")
    assert all(error.title == "Unexpected error" and line.fullmatch(error.details) for error in told)
    assert "injected" in caplog.text
    close_dialogs()
    assert window.isVisible()
    assert window.isEnabled()
    if isinstance(started, QWidget):
        started.close()
    # Where it drew again after a change of size, this is a job without a bug, which does its whole work.
    qtbot.waitUntil(lambda: not running_jobs())
    close_dialogs()
    job = Job(lambda emit, token: "the next job works", window)
    with qtbot.waitSignal(job.succeeded):
        job.start()
    qtbot.waitUntil(lambda: not running_jobs())


def test_every_thread_of_the_window_is_a_job() -> None:
    threads = re.compile(r"\b(QThread|QThreadPool|QRunnable|threading\.Thread|ThreadPoolExecutor)\(")
    files = (ROOT / "skinkd_gui").rglob("*.py")
    found = {file.name for file in files if threads.search(file.read_text(encoding="utf-8"))}
    assert found == {"job.py", "recording.py"}  # the record is written in a thread inside a job, which sees its errors


def test_every_job_of_the_window_stands_in_a_slot() -> None:
    files = (ROOT / "skinkd_gui").rglob("*.py")
    assert {file.name for file in files if re.search(r"\bJob\((?!QObject)", file.read_text(encoding="utf-8"))} == {
        "job_slot.py"
    }


def test_a_bug_in_a_training_marks_the_run_failed(
    qtbot: QtBot,
    window: MainWindow,
    sample_set: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*values: object) -> None:
        raise ZeroDivisionError("injected")

    monkeypatch.setattr("core.runs.execute.prepare_data", broken)
    values = ["task=teacher", "teacher.architecture=test_resnet", "teacher.weights=none", f"data.path={sample_set}"]
    window.queue.add(set_values(preset(Preset.QUICK), [*values, "hardware.device=cpu"]), "my run")
    qtbot.waitUntil(lambda: bool(dialogs()))  # it may import PyTorch
    qtbot.waitUntil(lambda: not running_jobs())
    dialogs()[0].accept()
    (run,) = list_runs(window.runs_root)
    assert run.status.state is RunState.FAILED
    assert "injected" in run.status.message
    assert not list(run.folder.rglob("*.by"))


@pytest.mark.parametrize("error", [SystemExit(3), MemoryError(), RecursionError("deep"), OSError(28, "No space left")])
def test_whatever_ends_a_job_is_told(
    error: BaseException, qtbot: QtBot, window: MainWindow, caplog: pytest.LogCaptureFixture
) -> None:
    def work(emit: Emit, token: CancelToken) -> None:
        raise error

    job = Job(work, window)
    with qtbot.waitSignal(job.ended):
        job.start()
    (dialog,) = dialogs()
    assert type(error).__name__ in dialog.error.details
    dialog.accept()


def test_the_same_error_again_does_not_bring_the_dialog_back_at_once(
    qtbot: QtBot, window: MainWindow, caplog: pytest.LogCaptureFixture
) -> None:
    for expected in (1, 0):
        try:
            raise KeyError("in a timer")
        except KeyError as error:
            sys.excepthook(KeyError, error, error.__traceback__.tb_next if error.__traceback__ else None)
        QApplication.processEvents()
        assert len(dialogs()) == expected
        close_dialogs()
    assert caplog.text.count("in a timer") >= 2
