"""Ctrl-C and SIGTERM as a request to stop: the work ends at its next check and leaves everything in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from core.cli.console import say
from core.errors import Cancelled
from core.events import CancelSource, CancelToken


class Interrupted(Exception):  # noqa: N818  (a request of the user's, not an error)
    """The user stopped a command. `summary` says how to go on; `run` is the run folder that was stopped, if any."""

    def __init__(self, summary: str, run: Path | None = None, code: int = 130) -> None:
        super().__init__(summary)
        self.summary = summary
        self.run = run
        self.code = code


@contextmanager
def stoppable() -> Iterator[CancelToken]:
    """A token that the first Ctrl-C (or SIGTERM) cancels; the second one ends the program at once.

    A `Cancelled` that leaves the block becomes an `Interrupted` with the exit code of its signal.
    """
    source = CancelSource()
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        say("Stopping... (again to stop at once)")
        source.cancel()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield source.token
    except Cancelled as cancelled:
        raise Interrupted("Stopped before the end.", code=128 + (received[0] if received else 2)) from cancelled
    except Interrupted as interrupted:
        interrupted.code = 128 + (received[0] if received else 2)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
