"""The runs of a study as tasks of Ray, on this computer's own cores or on a cluster that is there.

Ray decides where a run is made, and when; it neither retries nor ships anything. A run whose process or computer was
lost is handed over again, here, so that it can be said; it goes on from its checkpoint.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, assert_never

from core import atomic
from core.errors import Cancelled, SkinKDError
from core.events import CancelToken, Emit, Level, Notice, Phase, Progress, RunStarted
from core.paths import cache_root, make_private
from core.recipe import Recipe
from core.runs.folder import RunFolder
from core.runs.listing import summarise
from core.runs.status import RunState
from core.study.engines.connection import Computer, Ray, computers, connected
from core.study.engines.engine import EndedRun, EngineOptions, Executor
from core.study.engines.task import (
    ComputerUnfit,
    Report,
    RunOrder,
    TaskFailed,
    TaskFinished,
    TaskStopped,
    make,
    probe_file,
)
from core.study.folder import StudyFolder
from core.study.stopping import ask_to_stop
from core.user_paths import expanded, is_there

MOST_TRIES = 4
"""How often a run is begun or gone on with before its process is said to end always."""

_SECONDS = 1.0
_MOST_CHECKS = 180
"""How often, a second between, a finished run is looked for in its folder: shared drives tell of changes late."""


@dataclass(frozen=True)
class RayEngine:
    """As many runs at once as the cluster has room for."""

    name: str = "ray"
    title: str = "Ray"
    help: str = "many at once, as tasks of a Ray cluster or of this computer (needs the extra cluster)"
    source: str = "Moritz et al. 2018, Ray: A distributed framework for emerging AI applications"
    takes: frozenset[str] = frozenset({"address", "gpus_per_run"})

    @contextmanager
    def opened(self, folder: StudyFolder, options: EngineOptions, emit: Emit, token: CancelToken) -> Iterator[Executor]:
        """Connected to the cluster, or with one of this computer's own. Raises `SkinKDError`."""
        with connected(options.address) as ray:
            names = sorted({computer.name for computer in computers(ray)})
            emit(Notice(f"Ray makes the runs on {', '.join(names)}."))
            executor = _Tasks(ray, folder, options, emit, token)
            try:
                yield executor
            finally:
                executor.close()


@dataclass(frozen=True)
class _Task:
    """A run that was handed over; `checks`: how often it was looked for since it was said to be finished."""

    run: RunFolder
    title: str
    tries: int = 1
    checks: int = 0


class _Tasks:
    """The tasks of one study, and the computers that make none of them."""

    def __init__(self, ray: Ray, folder: StudyFolder, options: EngineOptions, emit: Emit, token: CancelToken) -> None:
        self._ray, self._folder, self._options = ray, folder, options
        self._emit, self._token = emit, token
        self._tasks: dict[Any, _Task] = {}
        self._arriving: list[_Task] = []
        self._avoided: dict[str, str] = {}
        self._begun: set[Path] = set()
        self._epochs: dict[Path, tuple[int, int]] = {}
        self._mark = secrets.token_hex(16)
        # Ray ends the process after each: a network's memory goes, and the next run begins as it would alone.
        self._make = ray.remote(max_calls=1, max_retries=0)(make)
        make_private(cache_root())
        atomic.write_text(probe_file(folder), self._mark)

    @property
    def takes_more(self) -> bool:
        return True

    def start(self, run: RunFolder, title: str) -> None:
        self._submit(_Task(run, title))

    def wait(self) -> tuple[EndedRun, ...]:
        self._token.check()
        done: list[Any] = []
        if self._tasks:
            done = self._ray.wait(list(self._tasks), timeout=_SECONDS)[0]
        elif self._arriving:
            time.sleep(_SECONDS)
        reports = [(self._tasks.pop(handle), self._report(handle)) for handle in done]
        ended = [self._ended(task, report) for task, report in reports]
        self._tell()
        return (*filter(None, ended), *self._arrived())

    def close(self) -> None:
        """Let what is at work stop, and wait for it."""
        if self._tasks:
            ask_to_stop(self._folder)
        for handle, task in self._tasks.items():
            if task.run.path not in self._begun and not task.run.is_locked:
                self._ray.cancel(handle)
        while self._tasks:
            for handle in self._ray.wait(list(self._tasks), timeout=_SECONDS)[0]:
                del self._tasks[handle]
        with suppress(OSError):
            probe_file(self._folder).unlink(missing_ok=True)

    def _submit(self, task: _Task) -> None:
        recipe = task.run.recipe()
        left = [computer for computer in computers(self._ray) if computer.node not in self._avoided]
        cores, gpus = needs(recipe, self._options, left)
        if not any(computer.cores >= cores and computer.gpus >= gpus for computer in left):
            raise SkinKDError("No computer of the cluster suffices", _too_small(cores, gpus, left))
        needed = tuple(path for path in _paths(recipe, task.run.path) if is_there(path))
        order = RunOrder(self._folder.path, task.run.path, self._mark, needed, cache_root())
        elsewhere = {"ray.io/node-id": f"!in({','.join(self._avoided)})"} if self._avoided else None
        wanted = self._make.options(num_cpus=cores, num_gpus=gpus, label_selector=elsewhere)
        self._tasks[wanted.remote(order)] = task

    def _report(self, handle: Any) -> Report | Exception:
        try:
            report: Report = self._ray.get(handle)
        except self._ray.exceptions.RayError as error:
            lost: Exception = error
            return lost
        return report

    def _ended(self, task: _Task, report: Report | Exception) -> EndedRun | None:
        """The run's end; None where it goes on, or is not seen here yet."""
        match report:
            case TaskFinished():
                self._arriving.append(task)
                return None
            case TaskFailed():
                return EndedRun(task.run, failure=report.failure)
            case TaskStopped():
                raise Cancelled
            case ComputerUnfit():
                return self._without(report, task)
            case Exception():
                return self._again(task, report)
            case Report():
                raise AssertionError(f"a report that nobody makes: {report}")
            case _:
                assert_never(report)

    def _without(self, unfit: ComputerUnfit, task: _Task) -> EndedRun | None:
        """Make it on another computer. Raises `SkinKDError` where none is left that sees the study."""
        if unfit.node not in self._avoided:
            self._avoided[unfit.node] = f"{unfit.computer}: {unfit.why}"
            self._emit(Notice(f"{unfit.computer} makes no runs of the study: {unfit.why}.", Level.WARNING))
        if all(computer.node in self._avoided for computer in computers(self._ray)):
            if unfit.failure:
                return EndedRun(task.run, failure=unfit.failure)
            raise SkinKDError(
                "No computer of the cluster can make the study",
                f"{'; '.join(self._avoided.values())}. All of them need the same SkinKD, and the folders of runs and "
                "of data under the same paths (a shared drive). Then give the same command again.",
            )
        self._submit(task)
        return None

    def _again(self, task: _Task, error: Exception) -> EndedRun | None:
        """Go on with a run whose process ended unwished, or let it fail after several times."""
        why = _loss(error)
        if isinstance(error, self._ray.exceptions.RayTaskError) or task.tries == MOST_TRIES:
            failure = f"{why} {task.tries} times" if task.tries > 1 else why
            with suppress(SkinKDError, OSError), task.run.locked():
                task.run.set_status(state=RunState.FAILED, message=failure)
            return EndedRun(task.run, failure=failure)
        self._emit(
            Notice(
                f"{task.title}: {why}. It goes on from its last checkpoint (try {task.tries + 1} of {MOST_TRIES}).",
                Level.WARNING,
            )
        )
        self._submit(replace(task, tries=task.tries + 1))
        return None

    def _arrived(self) -> tuple[EndedRun, ...]:
        """The runs that are said to be finished, and are so in their folders as this computer sees them."""
        waiting, self._arriving = self._arriving, []
        ended = []
        for task in waiting:
            summary = summarise(task.run)
            if summary.status.state is RunState.FINISHED:
                self._epochs[task.run.path] = (summary.status.epochs, summary.status.epochs)
                self._emit(Notice(f"{task.title} is finished."))
                ended.append(EndedRun(task.run, summary))
            elif task.checks == _MOST_CHECKS:
                ended.append(EndedRun(task.run, failure="it was finished, but its results do not show in its folder"))
            else:
                self._arriving.append(replace(task, checks=task.checks + 1))
        return tuple(ended)

    def _tell(self) -> None:
        """Which runs began, and how many epochs of all are done, from their own folders."""
        for task in self._tasks.values():
            with suppress(SkinKDError):
                status = task.run.status()
                self._epochs[task.run.path] = (status.epoch, status.epochs)
                if status.state is RunState.RUNNING and task.run.path not in self._begun:
                    self._begun.add(task.run.path)
                    self._emit(RunStarted(task.run.path, status.name))
        done, total = (sum(counts) for counts in zip((0, 0), *self._epochs.values(), strict=True))
        if self._tasks:
            self._emit(Progress(Phase.TRAINING, done, total))


def needs(recipe: Recipe, options: EngineOptions, left: list[Computer]) -> tuple[float, float]:
    """The cores and GPUs that a run has for itself on any of these computers.

    Without a number of threads in the recipe it has all cores of the smallest one, or of its GPUs their part.
    """
    hardware = recipe.hardware
    any_gpu = hardware.device != "cpu" and any(computer.gpus for computer in left)
    gpus = options.gpus_per_run if options.gpus_per_run is not None else float(hardware.devices if any_gpu else 0)
    if hardware.threads:
        return float(hardware.threads * hardware.devices), gpus
    parts = [computer.cores * gpus / computer.gpus for computer in left if gpus and computer.gpus]
    wholes = [computer.cores for computer in left if not gpus]
    return max(1.0, float(int(min(parts or wholes, default=1.0)))), gpus


def _too_small(cores: float, gpus: float, left: list[Computer]) -> str:
    there = "; ".join(f"{computer.name}: {computer.cores:g} cores, {computer.gpus:g} GPUs" for computer in left)
    return (
        f"A run asks for {cores:g} cores and {gpus:g} GPUs (hardware.threads, hardware.devices, --gpus-per-run). There "
        f"are {there or 'none'}. Ask for less."
    )


def _paths(recipe: Recipe, run: Path) -> Iterator[Path]:
    """What a run reads outside its own folder."""
    named = [recipe.data.path, recipe.teacher.run, *recipe.teacher.also, recipe.trained.weights]
    for name in filter(None, named):
        path = expanded(name)
        yield path if path.is_absolute() else run.parent / path


def _loss(error: Exception) -> str:
    """What became of a run's process, in words."""
    known = {
        "OutOfMemoryError": "the memory of its computer did not suffice",
        "NodeDiedError": "its computer was lost",
        "LocalRayletDiedError": "its computer was lost",
    }
    usual = "its process ended unexpectedly (it was killed, or its computer was lost)"
    told = known.get(type(error).__name__)
    return told or (usual if type(error).__name__ == "WorkerCrashedError" else f"{type(error).__name__}: {error}"[:300])


RAY = RayEngine()
