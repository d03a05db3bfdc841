"""What an engine is: it says where the runs of a study are executed. Which runs there are, which are finished and which
wait for others is for `core.study.execute` alone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from core.events import CancelToken, Emit
from core.registry import Entry
from core.runs.folder import RunFolder
from core.runs.status import RunSummary
from core.study.folder import StudyFolder


@dataclass(frozen=True)
class EngineOptions:
    """What an engine can be told. `address`: of a cluster that is there, as HOST:PORT or `auto`; "" for one of this
    computer's own. `gpus_per_run`: how many GPUs a run has for itself, or which part of one; None for what its recipe
    asks for."""

    address: str = ""
    gpus_per_run: float | None = None


NO_OPTIONS = EngineOptions()


@dataclass(frozen=True)
class EndedRun:
    """A run that ended: with its summary, or failed for the reason in words."""

    run: RunFolder
    summary: RunSummary | None = None
    failure: str = ""


class Executor(Protocol):
    """An engine at work on one study."""

    @property
    def takes_more(self) -> bool:
        """Whether another run may be handed over now."""

    def start(self, run: RunFolder, title: str) -> None:
        """Hand over a run, to be made or gone on with; `title` names it for people. Raises `SkinKDError`."""

    def wait(self) -> tuple[EndedRun, ...]:
        """Wait a while for runs that were handed over; those that ended, if any.

        Raises `Cancelled` when the study was stopped, `SkinKDError` when no run can be made any more.
        """


class StudyEngine(Entry, Protocol):
    """An entry of `ENGINES`. `takes` names the fields of `EngineOptions` that it heeds."""

    @property
    def takes(self) -> frozenset[str]: ...

    def opened(
        self, folder: StudyFolder, options: EngineOptions, emit: Emit, token: CancelToken
    ) -> AbstractContextManager[Executor]:
        """Ready for the runs of a study; when the block is left nothing works any more, and what was not finished can
        be gone on with. Raises `SkinKDError` where it can not be had."""
