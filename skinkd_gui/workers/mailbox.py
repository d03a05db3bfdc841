"""Between a worker that may report thousands of times a second and a window that looks ten times a second."""

from __future__ import annotations

import threading

from core.events import BatchFinished, Event, Progress


class Mailbox:
    """Events in the order they came, where of a row of the same kind of progress only the newest is kept.

    Notices, finished epochs and whatever else happens once are never dropped. Safe from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[Event] = []

    def post(self, event: Event) -> None:
        """Add an event; replaces the last one when that is older news of the same thing."""
        with self._lock:
            if self._events and _replaces(event, self._events[-1]):
                self._events[-1] = event
            else:
                self._events.append(event)

    def drain(self) -> tuple[Event, ...]:
        """Take everything out, oldest first."""
        with self._lock:
            events, self._events = tuple(self._events), []
        return events


def _replaces(new: Event, old: Event) -> bool:
    if isinstance(new, Progress) and isinstance(old, Progress):
        return new.phase is old.phase
    return isinstance(new, BatchFinished) and isinstance(old, BatchFinished)
