"""Processes of our own that can be ended at any moment, and end with the program that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from typing import Any


def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """A started process. Ctrl-C, which a terminal sends to all of its processes, is for the program alone: it ends its
    own in order."""
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments, daemon=True)
    with _without_interrupts():
        process.start()
    return process


def end(process: BaseProcess) -> None:
    """End a process at once, whatever it does."""
    if process.is_alive():
        process.kill()
    process.join()


def end_with_parent() -> None:
    """For the process itself: from now on it ends when the program that started it does, also by being killed, and
    leaves Ctrl-C to that."""
    leave_interrupts()
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def leave_interrupts() -> None:
    """For the process itself: Ctrl-C is for the program that started it."""
    with suppress(ValueError):  # outside the main thread, as in tests
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _wait_for_the_end() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """The new process inherits what this thread does not listen to, until it says for itself that it ignores it."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
