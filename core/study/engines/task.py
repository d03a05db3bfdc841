"""One run of a study on some computer of a cluster: what it is told, what it looks at first, and how it says it ended.

The run is made in its own folder, which this computer must see where the one that ordered it does: checkpoints, the
teacher's run and whatever follows the run live are there for all of them, also when this computer is lost.
"""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from core import __version__
from core.errors import Cancelled, DiskFullError, SkinKDError
from core.events import CancelSource, CancelToken, ignore
from core.runs.folder import RunFolder
from core.study.folder import StudyFolder
from core.study.stopping import heeding, stop_asked
from core.user_paths import is_there

_SECONDS = 1.0


@dataclass(frozen=True)
class RunOrder:
    """A run to be made or gone on with. `mark` is what the study's file `probe_file` holds, `needed` are the paths that
    must be there, `cache` where whoever orders it keeps decoded images and teachers' outputs."""

    study: Path
    run: Path
    mark: str
    needed: tuple[Path, ...]
    cache: Path
    version: str = __version__


@dataclass(frozen=True)
class Report:
    """How it ended, and where: Ray's name of the computer, and its own."""

    node: str
    computer: str


@dataclass(frozen=True)
class TaskFinished(Report):
    """Its results are in its folder."""


@dataclass(frozen=True)
class TaskStopped(Report):
    """The study was asked to stop."""


@dataclass(frozen=True)
class TaskFailed(Report):
    """The run itself failed; another computer would not help."""

    failure: str


@dataclass(frozen=True)
class ComputerUnfit(Report):
    """This computer can make no run of the study, and why not. `failure` is there when it was found by trying."""

    why: str
    failure: str = ""


def probe_file(study: StudyFolder) -> Path:
    """The file by which a computer sees that it has the study's folder before it, and no other of that name."""
    return study.path / ".seen"


def make(order: RunOrder) -> Report:
    """Make the run, or go on with it, in this process. Raises nothing that is known."""
    import ray

    here = ray.get_runtime_context().get_node_id(), platform.node()
    if why := _unfit(order):
        return ComputerUnfit(*here, why)
    if "SKINKD_CACHE" not in os.environ and is_there(order.cache):
        os.environ["SKINKD_CACHE"] = str(order.cache)
    study, source = StudyFolder(order.study), CancelSource()
    if stop_asked(study):
        return TaskStopped(*here)
    try:
        with heeding(study, source.token):
            _execute(RunFolder(order.run), source.token)
    except Cancelled:
        return TaskStopped(*here)
    except DiskFullError as error:
        return ComputerUnfit(*here, "a disk is full", f"{error.title}: {error.summary}")
    except SkinKDError as error:
        return TaskFailed(*here, f"{error.title}: {error.summary}")
    except Exception as error:  # a fault in one run: its log has the story, the other runs go on
        return TaskFailed(*here, f"{type(error).__name__}: {error}")
    return TaskFinished(*here)


def _unfit(order: RunOrder) -> str:
    """Why this computer can not make the run; "" where it can."""
    if order.version != __version__:
        return f"it has SkinKD {__version__} instead of {order.version}"
    try:
        mark = probe_file(StudyFolder(order.study)).read_text(encoding="utf-8")
    except OSError:
        mark = ""
    if mark != order.mark:
        return f"it does not see {order.study}"
    hidden = [str(path) for path in order.needed if not is_there(path)]
    return f"it does not see {', '.join(hidden)}" if hidden else ""


def _execute(run: RunFolder, token: CancelToken) -> None:
    """Of a computer that was lost while it made the run, the lock is kept for three minutes after its last sign."""
    from core.runs.execute import execute

    while run.is_locked:
        token.check()
        time.sleep(_SECONDS)
    execute(run, ignore, token)
