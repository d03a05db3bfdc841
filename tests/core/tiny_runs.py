"""Whole runs of seconds, from a recipe to their scores, that are stopped on the way or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Cancelled
from core.events import BatchFinished, CancelSource, Event
from core.recipe import recipe_from_toml
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run


def run(runs: Path, recipe: str, stop_in: int = 0) -> RunFolder:
    """Do a run; with `stop_in` it stops in the middle of that epoch and then goes on. Batches are reported at once
    where `core.training.meter._REPORT_SECONDS` is 0."""
    folder, source = create_run(recipe_from_toml(recipe), runs=runs), CancelSource()

    def stop(event: Event) -> None:
        if isinstance(event, BatchFinished) and event.epoch == stop_in:
            source.cancel()

    if stop_in:
        with pytest.raises(Cancelled):
            execute(folder, stop, source.token)
        assert len(folder.history()) == stop_in - 1
    execute(folder)
    return folder
