"""Keeping the computer awake while it works."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from core.events import Emit, Notice

_log = logging.getLogger(__name__)
_told = False


@contextmanager
def keep_awake(emit: Emit) -> Iterator[None]:
    """Keep the computer from falling asleep inside the block (its screen may) as far as the system lets us.

    Where there is no way, that is reported once while the program lives: a study has dozens of runs.
    """
    from wakepy import keep

    global _told
    with keep.running(on_fail="pass") as mode:
        if not mode.active and not _told:
            _told = True
            _log.info("no way to keep the computer awake: %s", mode.active_method)
            emit(
                Notice(
                    "This system offers no way to keep the computer awake. If it falls asleep by itself, work goes on "
                    "when it wakes up; to work through the night, switch sleeping off in the system's settings."
                )
            )
        yield
