"""Changes to files of runs, one after the other and off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from core.events import CancelToken, Emit
from skinkd_gui.workers.job import Job, JobFailure, JobResult


@dataclass(frozen=True)
class FileTask:
    """`work` runs in a thread, `done` takes its result in the GUI thread and `ended` is called after it, however it
    ended; `text` says what is going on ("" for what takes no time)."""

    work: Callable[[CancelToken], Any]
    done: Callable[[Any], None] | None = None
    ended: Callable[[], None] | None = None
    text: str = ""


class FileJobs(QObject):
    """A queue of tasks."""

    started = Signal(str)  # the text of a task that has one
    ended = Signal()  # a task has ended, well or not
    failed = Signal(object)  # SkinKDError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._task: FileTask | None = None
        self._waiting: list[FileTask] = []

    @property
    def busy(self) -> bool:
        """Whether files are being changed."""
        return self._job is not None

    def start(self, task: FileTask) -> None:
        """Do it as soon as those before it have ended."""
        self._waiting.append(task)
        if self._job is None:
            self._next()

    def _next(self) -> None:
        self._task = task = self._waiting.pop(0)

        def work(emit: Emit, token: CancelToken) -> Any:
            return task.work(token)

        self._job = Job(work)
        self._job.succeeded.connect(self._succeeded)
        self._job.failed.connect(self._failed)
        self._job.ended.connect(self._ended)
        self._job.start()
        if task.text:
            self.started.emit(task.text)

    @Slot(object)
    def _succeeded(self, result: JobResult) -> None:
        if self._task is not None and self._task.done is not None:
            self._task.done(result.value)

    @Slot(object)
    def _failed(self, failure: JobFailure) -> None:
        self.failed.emit(failure.error)

    @Slot(object)
    def _ended(self, end: object) -> None:
        task, self._job = self._task, None
        self.ended.emit()
        if task is not None and task.ended is not None:
            task.ended()
        if self._waiting and self._job is None:
            self._next()

    @Slot()
    def cancel(self) -> None:
        """Give up what is at work; the others follow."""
        if self._job is not None:
            self._job.cancel()

    def shut_down(self) -> None:
        """Give up everything and wait."""
        self._waiting.clear()
        if self._job is not None:
            self._job.shut_down()
