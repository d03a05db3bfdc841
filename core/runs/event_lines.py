"""Events as lines of text, from one process of ours to another: JSON behind a mark, so that what libraries print on the
same stream is told apart."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from core import events
from core.events import Event


@dataclass(frozen=True)
class Failed(Event):
    """The error that ended a run, as its reader raises it again."""

    title: str
    summary: str
    details: str


_MARK = "\x1eskinkd "
_KINDS = {name: kind for name, kind in vars(events).items() if isinstance(kind, type) and issubclass(kind, Event)}
_KINDS[Failed.__name__] = Failed


def to_line(event: Event) -> str:
    """The event as a line, with its end."""
    return f"{_MARK}{json.dumps({'event': type(event).__name__, **asdict(event)}, default=str)}\n"


def from_line(line: str) -> Event | None:
    """The event of a line; None for a line that is none."""
    if not line.startswith(_MARK):
        return None
    values: dict[str, Any] = json.loads(line[len(_MARK) :])
    kind = _KINDS[values.pop("event")]
    found = _of_type(values, kind)
    assert isinstance(found, Event)
    return found


def _of_type(value: Any, wanted: Any) -> Any:
    """A JSON value as what its field wants."""
    if get_origin(wanted) in (Union, UnionType):
        if value is None:
            return None
        (wanted,) = (each for each in get_args(wanted) if each is not type(None))
    if is_dataclass(wanted) and isinstance(wanted, type):
        hints = get_type_hints(wanted)
        return wanted(**{each.name: _of_type(value[each.name], hints[each.name]) for each in fields(wanted)})
    if isinstance(wanted, type) and issubclass(wanted, Enum | Path):
        return wanted(value)
    return value
