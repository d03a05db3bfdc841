"""One process of those that make a run together (`core.runs.several`): `python -m core.runs.rank RUN_FOLDER`.

The leader tells its parent, on its standard output, what happens (`core.runs.event_lines`), and is told to wait or to
stop by a file. It stops by itself when the parent is gone.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, Event
from core.runs.event_lines import Failed, to_line
from core.runs.orders import COMMANDS, FAILED, GO, PARENT, STOP, STOPPED, WAIT

_SECONDS = 0.2


def main(folder: Path) -> int:
    """Make the run together with the others; the exit status."""
    from core.runs.execute import execute
    from core.runs.folder import RunFolder
    from core.runs.following import joined

    run, status = RunFolder(folder), 0
    with joined(run.recipe().hardware) as leads:
        if not leads:
            return 0
        source = CancelSource()
        threading.Thread(target=_obey, args=(source,), daemon=True, name="skinkd-commands").start()
        try:
            execute(run, _tell, source.token)
        except Cancelled:
            status = STOPPED
        except SkinKDError as error:
            _tell(Failed(error.title, error.summary, error.details))
            return FAILED
    return status


def _tell(event: Event) -> None:
    sys.stdout.write(to_line(event))
    sys.stdout.flush()


def _obey(source: CancelSource) -> None:
    """Do what the file says, and stop when its writer is gone."""
    import psutil

    file, parent, last = Path(os.environ[COMMANDS]), int(os.environ[PARENT]), GO
    actions = {GO: source.resume, WAIT: source.pause, STOP: source.cancel}
    waiting = threading.Event()
    while last != STOP:
        said = STOP if not psutil.pid_exists(parent) else file.read_text(encoding="ascii") if file.exists() else last
        if said != last and said in actions:
            last = said
            actions[said]()
        waiting.wait(_SECONDS)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
