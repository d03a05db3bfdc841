"""The state of a run, as status.json holds it and lists show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.documents import Migration, nearest, one_line, shown, up_to_date
from core.evaluation.scores import Scores
from core.runs.annotations import Annotations

if TYPE_CHECKING:
    from core.recipe import Recipe

STATUS_VERSION = 1
"""Of status.json; files without a version are of the first one."""

STATUS_MIGRATIONS: dict[int, Migration] = {}

_MOST = 10**9


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


def status_from_json(values: Mapping[str, Any]) -> RunStatus:
    """The status in what status.json holds, checked key by key: a person or another version may have written it.

    Raises ValueError that names the key, what was expected and the nearest name, and `NewerVersionError`.
    """
    found = up_to_date(values, "The run", STATUS_VERSION, STATUS_MIGRATIONS)
    found.pop("version", None)
    known = {field.name: field for field in fields(RunStatus)}
    for key in found:
        if key not in known:
            raise ValueError(f"{key[:60]}: unknown name; {nearest(key, known)}")
    for key, item in known.items():
        if key not in found and item.default is MISSING:
            raise ValueError(f"{key}: it is missing")
    return RunStatus(**{key: _checked(key, value) for key, value in found.items()})


def _checked(key: str, value: Any) -> Any:
    expected, fits, made = _EXPECTED[key]
    if not fits(value):
        hint = f"; {nearest(value if isinstance(value, str) else '', RunState)}" if made is RunState else ""
        raise ValueError(f"{key}: expected {expected}; it is {shown(value)}{hint}")
    return made(value)


def _is_moment(value: Any) -> bool:
    try:
        moment = datetime.fromisoformat(value)
        moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return False
    return moment.year >= 1970


_Expected = tuple[str, Callable[[Any], bool], Callable[[Any], Any]]
_LINE: _Expected = ("a text", lambda value: isinstance(value, str), one_line)
_MOMENT: _Expected = ("a time such as 2026-03-31T14:05:00+00:00", _is_moment, str)
_COUNT: _Expected = ("a whole number from 0 up", lambda value: type(value) is int and 0 <= value <= _MOST, int)
_EXPECTED: dict[str, _Expected] = {
    "state": ("the state of a run", lambda value: value in list(RunState), RunState),
    "name": _LINE,
    "created": _MOMENT,
    "updated": _MOMENT,
    "message": _LINE,
    "epoch": _COUNT,
    "epochs": _COUNT,
    "seconds": (
        "a number of seconds from 0 up",
        lambda value: type(value) in (int, float) and 0 <= value <= _MOST,
        float,
    ),
    "device": _LINE,
    "synthetic": ("true or false", lambda value: type(value) is bool, bool),
}
"""Of every field of `RunStatus`: what is expected, whether a value is that, and what is made of it."""
