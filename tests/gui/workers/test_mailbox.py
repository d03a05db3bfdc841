"""The mailbox drops old progress and nothing else."""

from __future__ import annotations

from core.events import Notice, Phase, Progress
from skinkd_gui.workers.mailbox import Mailbox


def test_only_older_progress_of_the_same_phase_is_dropped() -> None:
    mailbox = Mailbox()
    for event in (
        Progress(Phase.READING, 1, 2),
        Progress(Phase.READING, 2, 2),
        Notice("one"),
        Notice("two"),
        Progress(Phase.READING, 2, 3),
        Progress(Phase.CHECKING, 1, 2),
    ):
        mailbox.post(event)
    assert mailbox.drain() == (
        Progress(Phase.READING, 2, 2),
        Notice("one"),
        Notice("two"),
        Progress(Phase.READING, 2, 3),
        Progress(Phase.CHECKING, 1, 2),
    )
    assert mailbox.drain() == ()
