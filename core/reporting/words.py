"""Runs and numbers in plain words, the same in the window, the command line and reports."""

from __future__ import annotations

from datetime import datetime

from core.recipe import Recipe
from core.runs.status import RunState

_METHODS = {"none": "Plain student", "kl": "KL student", "dist": "DIST student"}

STATE_WORDS = {
    RunState.QUEUED: "Waiting",
    RunState.RUNNING: "Running",
    RunState.PAUSED: "Paused",
    RunState.FINISHED: "Finished",
    RunState.STOPPED: "Stopped",
    RunState.FAILED: "Failed",
}
"""Each state of a run as people read it."""

NONE = "–"
"""What stands where there is no value."""


def kind_of_run(recipe: Recipe | None) -> str:
    """What was trained: 'Teacher', 'Plain student', 'KL student' or 'DIST student', '+ curriculum' where it had one."""
    if recipe is None:
        return "Unknown"
    if recipe.task == "teacher":
        return "Teacher"
    kind = _METHODS[recipe.distillation.method]
    return kind if recipe.curriculum.order == "none" else f"{kind} + curriculum"


def fraction(value: float | None) -> str:
    """A score in 0..1 as '83.1 %'; the word 'undefined' where it has no value."""
    return "undefined" if value is None else f"{100 * value:.1f} %"


def duration(seconds: float) -> str:
    """A time span in its two largest units: '41 s', '3 min 20 s', '2 h 5 min', '3 d 4 h'."""
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def million(count: int | None) -> str:
    """A number of parameters: '63.81 M', '2.23 M', '412 k'; '–' when it is not known."""
    if count is None:
        return NONE
    return f"{count / 1e6:.2f} M" if count >= 1_000_000 else f"{count / 1e3:.0f} k"


def file_size(count: int) -> str:
    """A number of bytes in the unit that reads best, of 1,000 bytes a step."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def moment(text: str) -> str:
    """An ISO 8601 time in this computer's time zone as '2026-03-31 14:05'; what can not be read stays as it is."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text
