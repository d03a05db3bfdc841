"""Reads and writes the queue's file as a window does that comes and goes."""

from __future__ import annotations

from pathlib import Path

from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.queue_file import QueueFile


def write_queue(runs: Path, *entries: QueuedRun) -> None:
    """What a window leaves in a folder of runs."""
    file = QueueFile(runs)
    file.save(entries)
    assert file.refusal == ""
    file.close()


def read_queue(runs: Path) -> tuple[QueuedRun, ...]:
    """What the next window finds."""
    file = QueueFile(runs)
    found = file.load().entries
    file.close()
    return found
