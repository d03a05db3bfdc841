"""status.json as values: checked key by key, because a person or another version may have written it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from datetime import UTC, datetime
from typing import Any

from core.documents import Migration, nearest, one_line, shown, up_to_date
from core.runs.status import RunState, RunStatus

STATUS_VERSION = 1
"""Files without a version are of the first one."""

MIGRATIONS: dict[int, Migration] = {}

_MOST = 10**9


def status_from_json(values: Mapping[str, Any]) -> RunStatus:
    """What `status_to_json` gave. Raises ValueError that names the key, what was expected and the nearest name, and
    `NewerVersionError`."""
    found = up_to_date(values, "The run", STATUS_VERSION, MIGRATIONS)
    found.pop("version", None)
    known = {field.name: field for field in fields(RunStatus)}
    for key in found:
        if key not in known:
            raise ValueError(f"{key[:60]}: unknown name; {nearest(key, known)}")
    for key, field in known.items():
        if key not in found and field.default is MISSING:
            raise ValueError(f"{key}: it is missing")
    return RunStatus(**{key: _CHECKS[key](key, value) for key, value in found.items()})


def status_to_json(status: RunStatus) -> dict[str, Any]:
    """The values to write."""
    return asdict(status)


def _state(key: str, value: Any) -> RunState:
    try:
        return RunState(value)
    except ValueError as error:
        hint = nearest(value, list(RunState)) if isinstance(value, str) else f"known are {', '.join(RunState)}"
        raise ValueError(f"{key}: expected the state of a run; it is {shown(value)}; {hint}") from error


def _line(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key}: expected a text; it is {shown(value)}")
    return one_line(value)


def _moment(key: str, value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value)
        moment.astimezone(UTC)
        if moment.year < 1970:
            raise ValueError
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{key}: expected a time such as 2026-03-31T14:05:00+00:00; it is {shown(value)}") from error
    return str(value)


def _count(key: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError(f"{key}: expected a whole number from 0 up; it is {shown(value)}")
    return value


def _seconds(key: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= _MOST or not math.isfinite(value):
        raise ValueError(f"{key}: expected a number of seconds from 0 up; it is {shown(value)}")
    return float(value)


def _switch(key: str, value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{key}: expected true or false; it is {shown(value)}")
    return value


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "state": _state,
    "name": _line,
    "created": _moment,
    "updated": _moment,
    "message": _line,
    "epoch": _count,
    "epochs": _count,
    "seconds": _seconds,
    "device": _line,
    "synthetic": _switch,
}
