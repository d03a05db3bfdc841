"""How much memory the process holds while something is done."""

from __future__ import annotations

import threading
from types import TracebackType

import psutil


class MemoryWatch:
    """Watches inside `with`, fifty times a second; the figures are megabytes.

    `resident` is the most that was resident, `own` the most without the pages of files (where the system tells them
    apart), `before` what was resident at first.
    """

    def __init__(self) -> None:
        self._process, self._ended = psutil.Process(), threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.before = self.resident = self.own = 0.0

    def __enter__(self) -> MemoryWatch:
        self._note()
        self.before = self.resident
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._note()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            self._note()

    def _note(self) -> None:
        found = self._process.memory_info()
        self.resident = max(self.resident, found.rss / 1e6)
        self.own = max(self.own, (found.rss - getattr(found, "shared", 0)) / 1e6)
