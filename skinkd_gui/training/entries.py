"""What waits or works in the queue: a new run by its recipe, an unfinished one by its folder, or a study."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.recipe import Recipe
    from core.runs.planning import Plan


def _new_id() -> str:
    return uuid.uuid4().hex[:12]


@dataclass(frozen=True)
class QueuedRun:
    """One entry of the queue: a new run by its recipe, an unfinished one by its folder (and the recipe in it), or a
    study by its folder, to begin or to go on with.

    `plan`: the runs that a recipe takes, from the moment that they are decided, with their folders. `begun`: it was at
    work once. `problem`: the error, in a sentence, that keeps it from starting by itself again. `id` is the entry's own
    for as long as it is in the queue.
    """

    name: str
    recipe: Recipe | None = None
    folder: Path | None = None
    study: Path | None = None
    plan: Plan = ()
    begun: bool = False
    problem: str = ""
    id: str = field(default_factory=_new_id, compare=False)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of its runs, as far as they are decided; those of a study are the study's own affair."""
        planned = tuple(run.folder for run in self.plan if run.folder is not None)
        return planned if self.folder is None else (self.folder, *planned)

    @property
    def in_run_folders(self) -> bool:
        """Whether run folders hold all that the entry asks for, so that nothing is lost when it leaves the queue."""
        if self.study is not None:
            return False
        return self.folder is not None or (bool(self.plan) and all(run.made for run in self.plan))


NotePlan = Callable[[str, "Plan"], None]
"""Writes down the plan of the entry with this id, at once. Called in the thread that is about to make a run."""


def note_nowhere(entry: str, plan: Plan) -> None:
    """For a queue that is not kept."""
