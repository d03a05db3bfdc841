"""A process of its own for one attempt: forked, so that it begins at once, and with a limit on its time."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """How the process ended: by a signal (its number, else 0), and what its body returned or how it failed."""

    signal: int
    said: str
    failed: bool


def in_child(body: Callable[[], str], seconds: int = SECONDS) -> Ended:
    """Do `body` in a forked process and wait for its end. A process that takes longer ends by SIGALRM."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live(body, writing, seconds)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    status = os.waitpid(child, 0)[1]
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Ended(number, said, number == 0 and os.waitstatus_to_exitcode(status) != 0)


def _live(body: Callable[[], str], writing: int, seconds: int) -> None:
    """The child's life; never returns."""
    status = 1
    signal.alarm(seconds)
    try:
        os.write(writing, body().encode())
        status = 0
    except BaseException:
        os.write(writing, traceback.format_exc().encode())
    finally:
        os._exit(status)
