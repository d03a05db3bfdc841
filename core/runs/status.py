"""The state of a run, as status.json holds it and lists show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from core.evaluation.scores import Scores
from core.runs.annotations import Annotations

if TYPE_CHECKING:
    from core.recipe import Recipe


class RunState(StrEnum):
    """Where a run stands. `running` without a living process means it was interrupted; such a run can be resumed."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class RunStatus:
    """status.json. Times are ISO 8601 in UTC; `message` says in plain words why a run failed or stopped;
    `seconds` is the computing time over all resumes."""

    state: RunState
    name: str
    created: str
    updated: str
    message: str = ""
    epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
    device: str = ""
    synthetic: bool = False


@dataclass(frozen=True)
class RunSummary:
    """A run folder as lists show it; `scores` is None until the final test, `recipe` None when it can not be read."""

    folder: Path
    status: RunStatus
    recipe: Recipe | None
    scores: Scores | None
    parameters: int | None = None
    annotations: Annotations = field(default_factory=Annotations)

    @property
    def resumable(self) -> bool:
        """Whether `resume` can go on with this run."""
        return self.recipe is not None and self.status.state is not RunState.FINISHED
