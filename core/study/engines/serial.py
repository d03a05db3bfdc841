"""The runs of a study one after the other, in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import Cancelled, SkinKDError
from core.events import CancelToken, Emit
from core.runs.folder import RunFolder
from core.study.engines.engine import EndedRun, EngineOptions, Executor
from core.study.folder import StudyFolder

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SerialEngine:
    """One run at a time."""

    name: str = "serial"
    title: str = "One after the other"
    help: str = "the runs one after the other, by this program alone"
    source: str = ""
    takes: frozenset[str] = frozenset()

    @contextmanager
    def opened(self, folder: StudyFolder, options: EngineOptions, emit: Emit, token: CancelToken) -> Iterator[Executor]:
        """It takes nothing to begin."""
        yield _Serial(emit, token)


class _Serial:
    def __init__(self, emit: Emit, token: CancelToken) -> None:
        self._emit, self._token = emit, token
        self._run: RunFolder | None = None

    @property
    def takes_more(self) -> bool:
        return self._run is None

    def start(self, run: RunFolder, title: str) -> None:
        self._run = run

    def wait(self) -> tuple[EndedRun, ...]:
        from core.runs.execute import execute

        run, self._run = self._run, None
        if run is None:
            return ()
        try:
            return (EndedRun(run, execute(run, self._emit, self._token)),)
        except Cancelled:
            raise
        except SkinKDError as error:
            return (EndedRun(run, failure=f"{error.title}: {error.summary}"),)
        except Exception as error:  # a fault in one run: its log has the story, the other runs go on
            _log.exception("the run %s failed", run.path.name)
            return (EndedRun(run, failure=f"{type(error).__name__}: {error}"),)


SERIAL = SerialEngine()
