"""A button that has something computed for a finished run, in the background, with its progress; then it stops it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from core.errors import SkinKDError
from core.events import Event, Progress
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.parts import make_button, slim_bar
from skinkd_gui.workers.job import JobEnd, Work
from skinkd_gui.workers.job_slot import JobSlot


class RunJob(QObject):
    """`button` says `text` or Stop, `progress` is shown while there is something to wait for. What the button is to
    start, whoever has it does, on `wanted`."""

    wanted = Signal()
    finished = Signal(object)  # the folder of the run of which more is known now
    changed = Signal()  # something has begun or ended

    def __init__(self, text: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._text, self._folder = text, Path()
        self.button = make_button(text, f"{name}Button", parent, self._click)
        self.progress = slim_bar(f"{name}Progress", f"Progress of: {text}", parent)
        self.progress.hide()
        self._job = JobSlot(
            self, reported=self._show_progress, succeeded=self._take, failed=self._fail, ended=self._ended
        )

    @property
    def busy(self) -> bool:
        """Whether something is being computed."""
        return self._job.running

    def set_text(self, text: str) -> None:
        """What the button says while nothing is being computed."""
        self._text = text
        self._update()

    def start(self, folder: Path, work: Work) -> None:
        """Have it done for the run in `folder`."""
        self._folder = folder
        self.progress.setRange(0, 0)
        self._job.start(work)
        self._update()

    def _update(self) -> None:
        self.button.setText("Stop" if self.busy else self._text)
        self.progress.setVisible(self.busy)
        self.changed.emit()

    @Slot()
    def _click(self) -> None:
        if self.busy:
            self._job.cancel()
        else:
            self.wanted.emit()

    @Slot(object)
    def _show_progress(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress.setRange(0, event.total if event.total > 1 else 0)
            self.progress.setValue(event.done)

    @Slot(object)
    def _take(self, result: object) -> None:
        self.finished.emit(self._folder)

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        widget = self.parent()  # not kept: it keeps this
        assert isinstance(widget, QWidget)
        show_error(widget, error)

    @Slot(object)
    def _ended(self, end: JobEnd) -> None:
        self._update()
