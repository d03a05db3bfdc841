"""Who presses the buttons in the demo: puts the runs into the window's queue, then shows what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from core.cli.progress import PlainLines
from core.data.types import Part
from core.demo.plan import demo_plan, demo_report, write_demo_images
from core.errors import SkinKDError
from core.events import BatchFinished, CancelToken, Emit, EpochFinished, Event, Notice, Progress
from core.quantities import fraction
from core.runs.pictures import parts_of_files
from core.runs.planning import PlannedRun, with_teacher
from core.runs.status import RunState, RunSummary
from skinkd_gui.main_window import MainWindow
from skinkd_gui.training.queue import RunFailure, RunStopped
from skinkd_gui.training.wizard.dialog import TrainingWizard
from skinkd_gui.workers.job import running_jobs
from skinkd_gui.workers.job_slot import JobSlot

_TICK_MILLISECONDS = 100
_LINE_SECONDS = 5.0  # between lines that only say that work goes on
_QUIET_SECONDS = 0.6  # without any job at work: what was asked for is drawn
_LONGEST_WAIT_SECONDS = 30.0
_PICTURE_EPOCH_SHARE = 0.6  # of the epochs of a distilled run: the charts have something to show
_CLASSIFIED_IMAGES = 12

Condition = Callable[[], bool]


@dataclass(frozen=True)
class DemoOptions:
    """What was asked for: where everything goes, without a screen or with one, and changes to the recipes."""

    out: Path
    screen: bool
    images: int
    assignments: tuple[str, ...]


class DemoDirector(QObject):
    """Runs the demo in a window, and writes lines. `status` is the exit status: 0 once every run has finished."""

    finished = Signal()  # everything is done and shown

    def __init__(self, window: MainWindow, options: DemoOptions, write: Callable[..., None]) -> None:
        super().__init__(window)
        self.status = 1
        self._window = window
        self._options = options
        self._write = write
        self._begin = time.monotonic()
        self._lines = PlainLines(self._say, 0.0)
        self._said_at = self._begin
        self._notices: set[str] = set()
        self._plan: tuple[PlannedRun, ...] = ()
        self._ended: list[RunSummary | RunFailure | RunStopped] = []
        self._writing = JobSlot(
            self, reported=self._on_reported, succeeded=self._on_images, failed=self._on_images_failed
        )
        self._pictures: list[str] = []
        self._script: Iterator[Condition] | None = None
        self._condition: Condition = self._now
        self._waiting_since = self._busy_at = self._begin
        self._timer = QTimer(self, interval=_TICK_MILLISECONDS)
        self._timer.timeout.connect(self._tick)
        window.queue.reported.connect(self._on_reported)
        window.queue.run_finished.connect(self._on_run_finished)
        window.queue.failed.connect(self._on_run_failed)
        window.queue.run_stopped.connect(self._on_run_stopped)

    @property
    def summaries(self) -> tuple[RunSummary, ...]:
        """The finished runs."""
        return tuple(end for end in self._ended if isinstance(end, RunSummary))

    def start(self) -> None:
        """Write the sample set; the runs follow."""
        self._say(f"Runs, pictures and the report go to {self._options.out}")
        self._say("Writing the sample images: generated pictures, not photographs of anybody")
        self._window.tabs.setCurrentWidget(self._window.train_tab)
        folder, images = self._options.out / "sample-images", self._options.images

        def work(emit: Emit, token: CancelToken) -> Path:
            return write_demo_images(folder, images, emit, token)

        self._writing.start(work)
        self._timer.start()

    # --- training ---

    @Slot(object)
    def _on_images(self, folder: Path) -> None:
        self._plan = demo_plan(folder, self._options.assignments)
        for planned in self._plan:
            if planned.needs_teacher_of is None:
                self._window.queue.add(planned.recipe, planned.name)

    @Slot(object)
    def _on_images_failed(self, error: SkinKDError) -> None:
        self._say(f"{error.title}: {error.summary}")
        self._end()

    @Slot(object)
    def _on_reported(self, event: Event) -> None:
        self._print(event)
        if isinstance(event, EpochFinished) and event.record.train_loss.distillation is not None:
            due = event.record.epoch >= event.epochs * _PICTURE_EPOCH_SHARE
            if due and "train.png" not in self._pictures:
                # After the view has drawn this epoch.
                QTimer.singleShot(600, self, partial(self._picture, self._window, "train.png"))
                self._pictures.append("train.png")

    def _print(self, event: Event) -> None:
        """Events as lines; what is said of every run alike is said once."""
        if isinstance(event, Progress | BatchFinished) and time.monotonic() - self._said_at < _LINE_SECONDS:
            return
        if isinstance(event, Notice):
            if event.text in self._notices:
                return
            self._notices.add(event.text)
        self._lines(event)

    @Slot(object)
    def _on_run_finished(self, summary: RunSummary) -> None:
        first = not self.summaries
        self._ended.append(summary)
        if summary.scores is not None:
            f1, accuracy = fraction(summary.scores.weighted_f1), fraction(summary.scores.accuracy)
            self._say(f"{summary.status.name}: weighted F1 {f1}, accuracy {accuracy} on test images")
        if first and summary.recipe is not None and summary.recipe.task == "teacher":
            for planned in self._plan:
                if planned.needs_teacher_of is not None:
                    self._window.queue.add(with_teacher(planned.recipe, summary.folder), planned.name)
        self._check_for_end()

    @Slot(object)
    def _on_run_failed(self, failure: RunFailure) -> None:
        self._say(f"{failure.run.name} failed. {failure.error.title}: {failure.error.summary}")
        self._ended.append(failure)
        self._check_for_end()

    @Slot(object)
    def _on_run_stopped(self, stop: RunStopped) -> None:
        self._say(f"{stop.run.name} was stopped")
        self._ended.append(stop)
        self._check_for_end()

    def _check_for_end(self) -> None:
        # The end of the last run is told before the queue has put it away.
        QTimer.singleShot(0, self, self._show_when_all_ended)

    @Slot()
    def _show_when_all_ended(self) -> None:
        state = self._window.queue.state
        waiting = [run for run in state.waiting if not run.problem]  # the others have failed
        if waiting or state.current is not None:
            if state.current is not None and not waiting and len(self._ended) == len(self._plan):
                self._check_for_end()
            return
        if self._script is None and self._window.isVisible():
            self._script = self._show()

    # --- showing ---

    def _show(self) -> Iterator[Condition]:
        """The steps of the showing; each waits, not for ever, for the condition that it yields."""
        window, results = self._window, self._window.results_tab
        good = [run for run in self.summaries if run.status.state is RunState.FINISHED]
        window.tabs.setCurrentWidget(results)
        results.refresh()
        yield self._quiet
        if good:
            good.sort(key=_student_score, reverse=True)
            yield from self._show_results(tuple(run.folder for run in good))
        if good and not self._options.screen:
            yield from self._show_classify(good[0].folder)
            yield from self._show_wizard()
            window.tabs.setCurrentWidget(results)
        if good:
            self.status = 0 if len(good) == len(self._plan) else 1
        self._end()

    def _show_results(self, folders: tuple[Path, ...]) -> Iterator[Condition]:
        results = self._window.results_tab
        details = results.details
        results.table.select(folders)
        for index, name in ((0, "results.png"), (1, "results-per-class.png"), (2, "results-confusion.png")):
            details.setCurrentIndex(index)
            yield self._quiet
            self._picture(self._window, name)
        details.setCurrentIndex(0)

    def _show_classify(self, model: Path) -> Iterator[Condition]:
        tab = self._window.classify_tab
        self._window.tabs.setCurrentWidget(tab)
        tab.choose_model(model)
        parts = parts_of_files(model, sorted((self._options.out / "sample-images").rglob("*.jpg")))
        images = [path for path, part in parts.items() if part is Part.TEST]
        tab.add_paths(images[:: max(1, len(images) // _CLASSIFIED_IMAGES)][:_CLASSIFIED_IMAGES])
        yield self._quiet
        self._picture(self._window, "classify.png")

    def _show_wizard(self) -> Iterator[Condition]:
        tab = self._window.train_tab
        self._window.tabs.setCurrentWidget(tab)
        tab.open_recipe(self._plan[2].recipe)
        wizard = tab.findChild(TrainingWizard)
        if wizard is None:
            return
        for page in range(1, wizard.steps.count() + 1):
            yield partial(self._page_ready, wizard)
            self._picture(wizard, f"wizard-{page}.png")
            if not (wizard.next_button.isVisible() and wizard.next_button.isEnabled()):
                break
            wizard.next_button.click()
        wizard.reject()
        yield self._quiet

    def _page_ready(self, wizard: TrainingWizard) -> bool:
        button = wizard.next_button if wizard.next_button.isVisible() else wizard.start_button
        return button.isEnabled() and self._quiet()

    def _picture(self, widget: QWidget, name: str) -> None:
        if self._options.screen:
            return
        widget.grab().save(str(self._options.out / name))
        if name not in self._pictures:
            self._pictures.append(name)

    @Slot()
    def _tick(self) -> None:
        now = time.monotonic()
        if running_jobs():
            self._busy_at = now
        if self._script is None:
            return
        if not self._condition() and now - self._waiting_since < _LONGEST_WAIT_SECONDS:
            return
        self._condition = next(self._script, self._never)
        self._waiting_since = self._busy_at = now

    def _quiet(self) -> bool:
        return time.monotonic() - self._busy_at > _QUIET_SECONDS

    def _now(self) -> bool:
        return True

    def _never(self) -> bool:
        return False

    def _end(self) -> None:
        """Write the report and say where everything is."""
        self._timer.stop()
        seconds = time.monotonic() - self._begin
        file = self._options.out / "report.md"
        file.write_text(demo_report(self.summaries, seconds, tuple(self._pictures)), encoding="utf-8")
        self._write("", *demo_report(self.summaries, seconds).split("\n"))
        failed = len(self._plan) - len(self.summaries)
        if failed or not self._plan:
            self._say("The demo is not complete: see above what failed")
        self._say(f"The report is {file}")
        if self._options.screen:
            self._say("The window stays open: look around, and close it when you are done")
        self.finished.emit()

    def _say(self, text: str) -> None:
        self._said_at = time.monotonic()
        passed = int(self._said_at - self._begin)
        self._write(f"[{passed // 60}:{passed % 60:02}] {text}")


def _student_score(run: RunSummary) -> tuple[bool, float]:
    """Students before the teacher, good ones first: the student is the model to use."""
    student = run.recipe is not None and run.recipe.task == "student"
    return student, run.scores.weighted_f1 if run.scores is not None else 0.0
