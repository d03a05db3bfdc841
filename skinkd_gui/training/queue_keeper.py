"""Keeps the window's queue on disk, and tells the user what was found there and what can not be kept."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.events import Level, Notice
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.queue import QueueState, TrainingQueue
from skinkd_gui.training.queue_file import QueueFile, Restored

_AGAIN_MILLISECONDS = 20_000  # between tries to write on a disk that was full


class QueueKeeper(QObject):
    """Writes the queue down whenever it changes. Lives in the GUI thread."""

    told = Signal(object)  # core.events.Notice: what the user must know

    def __init__(self, runs_root: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = QueueFile(runs_root)
        self.note = self._file.note
        """Writes down which runs an entry takes, from the thread that makes them."""
        self._queue: TrainingQueue | None = None
        self._complained = ""
        self._again = QTimer(self, interval=_AGAIN_MILLISECONDS)
        self._again.timeout.connect(self._save)

    @property
    def keeps(self) -> bool:
        """Whether all that is queued is on disk."""
        return not self._file.refusal

    def keep(self, queue: TrainingQueue) -> None:
        """Put what is on disk into the queue, and write down what becomes of it."""
        self._queue = queue
        self._restore(self._file.load())
        queue.changed.connect(self._save_state)

    def move(self, runs_root: Path) -> None:
        """Go on in another folder of runs: what is queued goes with it, what waits there joins."""
        self._save()
        self._restore(self._file.move(runs_root))
        self._save()

    def close(self) -> None:
        """Write for the last time, and leave the file to other windows."""
        self._again.stop()
        self._save()
        self._queue = None
        self._file.close()

    def _restore(self, restored: Restored) -> None:
        for notice in restored.notices:
            self.told.emit(notice)
        if self._file.barred:
            self.told.emit(Notice(f"{_sentence(self._file.refusal)} What waits in it is left alone."))
        if self._queue is not None:
            self._queue.restore(restored.entries)

    @Slot(object)
    def _save_state(self, _state: QueueState) -> None:
        self._save()

    @Slot()
    def _save(self) -> None:
        entries = self._queue.state.entries if self._queue is not None else ()
        self._file.save(entries)
        self._complain(entries)

    def _complain(self, entries: tuple[QueuedRun, ...]) -> None:
        """Say once that what is queued would be lost with the window, and when that is over."""
        why = self._file.refusal if entries else ""
        if why and why != self._complained:
            text = f"What is queued here is forgotten when this window closes: {why}."
            self.told.emit(Notice(text, Level.WARNING))
        elif self._complained and not self._file.refusal:
            self.told.emit(Notice("The queue is on disk again."))
        self._complained = self._file.refusal and (why or self._complained)
        if why and not self._file.barred:
            self._again.start()
        else:
            self._again.stop()


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
