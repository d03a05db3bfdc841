"""What the planned runs will cost on this computer, measured in a worker and said in plain words. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.events import CancelToken, Emit, Event, Progress
from core.quantities import duration, file_size
from skinkd_gui.training.wizard.preview import split_preview
from skinkd_gui.training.wizard.state import Goal, WizardState, plan, studies_of, study_runs

if TYPE_CHECKING:
    from core.training.cost import Cost

_DAY = 86_400


@dataclass(frozen=True)
class RunCost:
    """The measured cost of one planned run, which stands for `count` runs of its kind. `shared_bytes` are the decoded
    images, which runs of a plan share."""

    name: str
    cost: Cost
    shared_bytes: int
    count: int = 1


@dataclass(frozen=True)
class FreeSpace:
    """What this computer has left, in bytes: on the disk that takes the run and the decoded images, and in memory."""

    disk: int
    memory: int


def measure(state: WizardState, runs_root: Path, emit: Emit, token: CancelToken) -> tuple[RunCost, ...]:
    """Time a few real steps of every planned run. Raises `SkinKDError` and `Cancelled`."""
    from core.data.store import store_bytes
    from core.training.cost import estimate_cost

    if state.dataset is None:
        return ()
    preview = split_preview(state.dataset, state.excluded, state.recipe)
    train_images = preview.rows[0][1]
    measured: list[RunCost] = []
    planned_runs = plan(state, runs_root)
    counts = _counts(state, len(planned_runs))
    for number, planned in enumerate(planned_runs):
        token.check()
        told = partial(_report_share, emit, number, len(planned_runs))
        cost = estimate_cost(planned.recipe, preview.images, train_images, told, token)
        shared = store_bytes(preview.images, planned.recipe.data.image_size)
        kind = "teachers" if planned.recipe.task == "teacher" else "students"
        many = kind if state.goal is Goal.STUDY else "folds"
        name = planned.name if counts[number] == 1 else f"Each of {counts[number]} {many}"
        measured.append(RunCost(name, cost, shared, counts[number]))
    return tuple(measured)


def _counts(state: WizardState, planned: int) -> tuple[int, ...]:
    """How many runs each planned one stands for: in studies the last, a student, for all but the teachers, of which
    each study has one."""
    if state.goal is not Goal.STUDY:
        return (max(study_runs(state) // planned, 1),) * planned
    studies = len(studies_of(state))
    return (*(studies for _ in range(planned - 1)), study_runs(state) - studies)


def _report_share(emit: Emit, number: int, runs: int, event: Event) -> None:
    """Pass on the progress of one run's timing as that of all."""
    if isinstance(event, Progress):
        emit(replace(event, done=number * event.total + event.done, total=runs * event.total))


def free_space(runs_root: Path) -> FreeSpace:
    """What is left on the disk of the runs folder, and in memory."""
    import psutil

    there = next(folder for folder in (runs_root.absolute(), *runs_root.absolute().parents) if folder.exists())
    return FreeSpace(psutil.disk_usage(str(there)).free, psutil.virtual_memory().available)


def total_seconds(costs: Sequence[RunCost]) -> float:
    """How long all runs take at most, one after the other; only the first has to decode the images."""
    decoded = max((run.cost.decode_seconds for run in costs), default=0.0)
    asked = max((run.cost.teacher_seconds for run in costs), default=0.0)  # students of one teacher share its answers
    alone = (
        run.count * (run.cost.seconds_total_max - run.cost.decode_seconds - run.cost.teacher_seconds) for run in costs
    )
    return float(sum(alone) + decoded + asked)


def headline(costs: Sequence[RunCost]) -> str:
    """The answer in one sentence."""
    count = sum(run.count for run in costs)
    runs = {1: "the run", 2: "both runs"}.get(count, f"all {count} runs")
    return f"At most {duration(total_seconds(costs))} for {runs}; early stopping usually ends sooner."


def disk_needed(costs: Sequence[RunCost]) -> int:
    """Bytes on disk for all runs; the decoded images are shared, so they count once."""
    alone = sum(run.count * (run.cost.disk_bytes - run.shared_bytes) for run in costs)
    return alone + max((run.shared_bytes for run in costs), default=0)


def how_measured(costs: Sequence[RunCost]) -> tuple[str, ...]:
    """What the numbers rest on, in sentences."""
    device = "processor" if all(run.cost.device == "cpu" for run in costs) else "GPU"
    basis = (
        f"Timed with real training steps on this computer's {device}, and reckoned up to all epochs and images. "
        "Other programs that were at work meanwhile make the times too long. "
        "Memory is what training adds to the program."
    )
    return (basis, *(f"{run.name}: {note}" for run in costs for note in run.cost.notes))


def warnings(costs: Sequence[RunCost], left: FreeSpace) -> tuple[str, ...]:
    """What should make the user think again."""
    found: list[str] = []
    seconds = total_seconds(costs)
    if seconds > _DAY:
        found.append(
            f"This may take {duration(seconds)} on this computer. Smaller networks or images, fewer epochs, or a "
            "computer with a GPU make it shorter; “Quick try” on the Task page takes minutes to hours."
        )
    needed = disk_needed(costs)
    if needed > left.disk:
        found.append(f"The disk is too full: about {file_size(needed)} are needed, {file_size(left.disk)} are free.")
    elif needed > 0.8 * left.disk:
        found.append(
            f"The disk will be nearly full: {file_size(needed)} of the {file_size(left.disk)} that are free are needed."
        )
    memory = max((run.cost.memory_bytes for run in costs if run.cost.device == "cpu"), default=0)
    if memory > left.memory:
        found.append(
            f"Memory is short: about {file_size(memory)} are needed, {file_size(left.memory)} are free. "
            "A smaller batch size needs less."
        )
    return tuple(found)
