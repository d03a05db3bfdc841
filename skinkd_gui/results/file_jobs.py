"""Changes to files of runs, one after the other and off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from core.events import CancelToken, Emit
from skinkd_gui.workers.job_slot import JobSlot


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
        self._working = JobSlot(self, succeeded=self._succeeded, failed=self.failed, ended=self._ended)
        self._task: FileTask | None = None
        self._waiting: list[FileTask] = []

    @property
    def busy(self) -> bool:
        """Whether files are being changed."""
        return self._working.running

    def start(self, task: FileTask) -> None:
        """Do it as soon as those before it have ended."""
        self._waiting.append(task)
        if not self.busy:
            self._next()

    def _next(self) -> None:
        self._task = task = self._waiting.pop(0)

        def work(emit: Emit, token: CancelToken) -> Any:
            return task.work(token)

        self._working.start(work)
        if task.text:
            self.started.emit(task.text)

    @Slot(object)
    def _succeeded(self, result: Any) -> None:
        if self._task is not None and self._task.done is not None:
            self._task.done(result)

    @Slot()
    def _ended(self) -> None:
        task = self._task
        self.ended.emit()
        if task is not None and task.ended is not None:
            task.ended()
        if self._waiting and not self.busy:
            self._next()

    @Slot()
    def cancel(self) -> None:
        """Give up what is at work; the others follow."""
        self._working.cancel()
