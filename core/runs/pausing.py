"""Pausing in every phase of a run, not only in its training."""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.events import CancelToken


class TellingToken(CancelToken):
    """Another token's eyes and ears that also tell when its job begins and ends to wait."""

    def __init__(self, token: CancelToken, waiting: Callable[[bool], None]) -> None:
        """`waiting(True)` is called before the job waits and `waiting(False)` after, in the thread that waits first."""
        super().__init__()
        self._token = token
        self._cancelled, self._going = token._cancelled, token._going
        self._waiting = waiting
        self._telling = threading.Lock()

    def check(self) -> None:
        """Wait while paused, and tell so; raise `Cancelled` when asked to stop."""
        if self.paused and not self.cancelled and self._telling.acquire(blocking=False):
            try:
                self._waiting(True)
                self._going.wait()
                self._waiting(False)
            finally:
                self._telling.release()
        self._token.check()
