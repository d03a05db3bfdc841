"""One process of those that make a run together (`core.runs.several`).

The leader tells its parent what happens, as events through a connection, and hears from it when to wait and to stop. It
stops by itself when the parent is gone; the others end then.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from multiprocessing.connection import Connection
from pathlib import Path

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken, Emit, Event
from core.inference.child_process import end_with_parent, leave_interrupts
from core.runs.folder import RunFolder

Execute = Callable[[RunFolder, Emit, CancelToken], object]
"""What makes a run."""


class Wish(Enum):
    """What the parent wants of the run."""

    GO = "go"
    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True)
class Ended:
    """How the leader's run ended, the last that it tells: an error as (title, summary, details), or `stopped`."""

    error: tuple[str, str, str] | None = None
    stopped: bool = False


def main(
    execute: Execute, folder: Path, variables: Mapping[str, str], output: Path, connection: Connection | None
) -> None:
    """Make the run together with the others, which `variables` of the environment lead to. What libraries print goes to
    the file `output`. The leader alone has a `connection`."""
    run = RunFolder(folder)
    os.environ.update(variables)
    with output.open("w") as file:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                os.dup2(file.fileno(), stream.fileno())
    if connection is None:
        end_with_parent()
        _help(run)
    else:
        leave_interrupts()
        connection.send(_led(execute, run, connection))


def _help(run: RunFolder) -> None:
    from core.runs.following import joined

    with joined(run.recipe().hardware):
        pass  # all has been helped with


def _led(execute: Execute, run: RunFolder, connection: Connection) -> Ended:
    from core.runs.following import joined

    source, turn = CancelSource(), threading.Lock()

    def tell(event: Event) -> None:  # decoding tells from several threads
        with turn:
            connection.send(event)

    threading.Thread(target=obey, args=(source, connection), daemon=True, name="skinkd-wishes").start()
    with joined(run.recipe().hardware):
        try:
            execute(run, tell, source.token)
        except Cancelled:
            return Ended(stopped=True)
        except SkinKDError as error:
            return Ended((error.title, error.summary, error.details))
    return Ended()


def obey(source: CancelSource, connection: Connection) -> None:
    """Do what the parent wishes, and stop when it is gone."""
    actions = {Wish.GO: source.resume, Wish.WAIT: source.pause, Wish.STOP: source.cancel}
    try:
        while True:
            actions[connection.recv()]()
    except (EOFError, OSError):
        source.cancel()
