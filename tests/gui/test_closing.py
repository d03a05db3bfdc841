"""Closing the window at any moment leaves no process, no thread and no temporary file, and the run can go on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QObject, Signal, Slot
from pytestqt.qtbot import QtBot

from core.events import BatchFinished, CancelToken, Emit, Event, Notice, Phase, Progress
from core.recipe import Recipe, set_values
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.listing import list_runs
from core.runs.status import RunState
from skinkd_gui.main_window import MainWindow
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.work import Conditions, work_for
from skinkd_gui.workers import job_slot
from skinkd_gui.workers.job import Job, Work, running_jobs, shut_down_all

Moment = Callable[[Event], bool]


def during(phase: Phase) -> Moment:
    return lambda event: isinstance(event, Progress) and event.phase is phase


class Closer(QObject):
    """Closes the window when a job reports what is waited for; the job goes on when closing has begun."""

    _now = Signal()

    def __init__(self, window: MainWindow, moment: Moment) -> None:
        super().__init__(window)
        self._window, self._moment = window, moment
        self.begun = threading.Event()
        self._now.connect(self._close)

    def wrap(self, work: Work) -> Work:
        """The work with its reports watched."""

        def watched(emit: Emit, token: CancelToken) -> object:
            def tell(event: Event) -> None:
                emit(event)
                if not self.begun.is_set() and self._moment(event):
                    self._now.emit()
                    self.begun.wait(0.3)  # a window without a run waits for its jobs as it closes

            return work(tell, token)

        return watched

    @Slot()
    def _close(self) -> None:
        if not self.begun.is_set():
            self.begun.set()
            self._window.close_without_asking()


@dataclass(frozen=True)
class Material:
    """A runs folder with a finished teacher, and the recipe of a student of it."""

    runs: Path
    teacher: RunFolder
    student: Recipe


@pytest.fixture(scope="module")
def finished(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("finished")
    values = ["task=teacher", "teacher.architecture=test_resnet", "teacher.weights=none", "data.image_size=32"]
    values += ["optimisation.epochs=1", f"data.path={sample_set}", "hardware.device=cpu", "hardware.threads=1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        return execute(create_run(set_values(Recipe(), values), runs=root / "runs", name="teacher")).folder


@pytest.fixture
def material(finished: Path, tmp_path: Path) -> Material:
    folder = tmp_path / "runs" / finished.name
    shutil.copytree(finished, folder)
    changes = ["task=student", "student.architecture=test_resnet", "student.weights=none", "distillation.method=kl"]
    changes += ["data.image_size=40", "optimisation.epochs=2", f"teacher.run={folder.name}"]
    return Material(folder.parent, RunFolder(folder), set_values(RunFolder(finished).recipe(), changes))


@pytest.fixture
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    left = set(psutil.Process().children(recursive=True)) - before
    # Python's own helper of multiprocessing ends with this program.
    assert [child for child in left if "resource_tracker" not in " ".join(child.cmdline())] == []
    assert [job._worker.work for job in running_jobs()] == []
    files = [path for path in tmp_path.rglob("*") if path.name.endswith((".tmp", ".by")) or ".work-" in path.name]
    assert files == []


def closed(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.isVisible())
    assert shut_down_all(20_000)  # the program's last act, for what a late event has started
    window.deleteLater()


MOMENTS: dict[str, Moment] = {
    "images are decoded": during(Phase.DECODING),
    "the teacher is asked": during(Phase.TEACHER),
    "an epoch": lambda event: isinstance(event, BatchFinished),
    "the final test": during(Phase.TESTING),
    "saving": during(Phase.SAVING),
}


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("moment", MOMENTS)
def test_closing_in_every_phase_of_a_run(moment: str, qtbot: QtBot, material: Material) -> None:
    closers: list[Closer] = []

    def make_work(run: QueuedRun, conditions: Conditions) -> Work:
        return closers[0].wrap(work_for(run, conditions))

    window = MainWindow(material.runs, make_work)
    closers.append(Closer(window, MOMENTS[moment]))
    window.show()
    window.queue.add(material.student, "student")
    closed(qtbot, window)
    assert closers[0].begun.is_set()
    states = {run.status.state for run in list_runs(material.runs) if run.status.name == "student"}
    assert states in ({RunState.STOPPED}, {RunState.FINISHED})


def training_costs(window: MainWindow, material: Material) -> None:
    from core.training.cost import estimate_cost

    slot = job_slot.JobSlot(window)
    slot.start(lambda emit, token: estimate_cost(material.student, 160, 112, emit, token))


def exporting(window: MainWindow, material: Material) -> None:
    from skinkd_gui.results.export_dialog import ModelExportDialog

    dialog = ModelExportDialog(window, material.teacher.path)
    dialog.open()
    dialog._start()


def reporting(window: MainWindow, material: Material) -> None:
    from skinkd_gui.results.report_dialog import ReportDialog

    dialog = ReportDialog(window, [material.teacher.path])
    dialog.open()
    dialog._start()


def classifying(window: MainWindow, material: Material) -> None:
    window.classify_tab.add_paths([Path(material.student.data.path)])


OTHERS: dict[str, tuple[Callable[[MainWindow, Material], None], Moment]] = {
    "the tabs are loaded": (lambda window, _: window.start_engine(), lambda event: True),
    "the engine is loaded": (
        lambda window, _: window.start_engine(),
        lambda event: isinstance(event, Notice) and "training loop" in event.text,
    ),
    "costs are measured": (training_costs, lambda event: True),
    "a model is exported": (exporting, during(Phase.EXPORTING)),
    "a report is made": (reporting, lambda event: True),
    "images are classified": (classifying, during(Phase.CLASSIFYING)),
}


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("moment", OTHERS)
def test_closing_while_other_work_is_done(
    moment: str, qtbot: QtBot, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, condition = OTHERS[moment]
    monkeypatch.chdir(tmp_path)
    window = MainWindow(material.runs)
    window.show()
    assert window.classify_tab
    qtbot.waitUntil(lambda: not running_jobs())
    closer = Closer(window, condition)

    class WatchedJob(Job):
        """A job that closes the window at its moment."""

        def __init__(self, work: Work, parent: QObject | None = None) -> None:
            super().__init__(closer.wrap(work), parent)

    monkeypatch.setattr(job_slot, "Job", WatchedJob)
    start(window, material)
    if moment == "the tabs are loaded":  # which reports nothing
        window.close_without_asking()
    closed(qtbot, window)
    assert closer.begun.is_set() or moment == "the tabs are loaded"
