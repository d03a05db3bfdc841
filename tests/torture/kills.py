"""kill -9 at random moments of runs and studies: what lies there afterwards is whole, goes on, and ends the same.

Every attempt is a forked process of its own that kills itself at its moment, so nothing gets a chance to tidy up. A run
is killed several times, resumed in between, and must end bit for bit as one that was never disturbed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from core.events import BatchFinished, EpochFinished, Event, Progress, ignore
from core.runs.folder import RunFolder
from core.study.folder import StudyFolder
from tests.torture.forking import Ended, in_child
from tests.torture.tally import Tally
from tests.torture.workshop import METHODS, Job, Workshop, check_whole, differences, run_job, study_job

WRITING = "while a file is written"
ANY = "at any moment"
PHASES = (
    "Checking the images",
    "Decoding the images",
    "Asking the teacher",
    "Training",
    "Validating",
    "End of an epoch",
    "Testing",
    "Calibrating",
    "Saving",
    WRITING,
    ANY,
)
_LONGEST_DELAY = 0.12
_KILLS_PER_RUN = 6


@dataclass(frozen=True)
class Moment:
    """When to die: `delay` seconds after the `number`-th event of a phase, or at the `number`-th flush of a file."""

    phase: str
    number: int
    delay: float
    after: bool = False


def kills(shop: Workshop, count: int, seed: int) -> list[Tally]:
    """Kill runs of every method, and studies, until `count` kills have hit; one line per phase.

    A run that ends otherwise than the undisturbed one counts each of its kills as lost.
    """
    chance = random.Random(seed)
    moments = _Moments(chance)
    hit: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    undisturbed = _undisturbed(shop)
    number = 0
    while sum(hit.values()) < count:
        kinds = [*METHODS, "study"]
        kind = kinds[number % len(kinds)]
        number += 1
        phases, wrong = _torture(shop, kind, f"{seed}-{number}", moments, undisturbed)
        hit.update(phases)
        if wrong:
            lost.update(phases)
            sys.stderr.write(f"killed {kind} ({', '.join(phases)}): {wrong}\n")
    return [
        Tally(f"kill -9, {phase.lower()}", hit[phase], hit[phase] - lost[phase], lost[phase]) for phase in sorted(hit)
    ]


class _Moments:
    """Draws moments, each phase as often as the others."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._left: list[str] = []

    def next(self) -> Moment:
        if not self._left:
            self._left = list(PHASES)
            self._chance.shuffle(self._left)
        phase = self._left.pop()
        if phase == WRITING:
            return Moment(phase, self._chance.randint(1, 14), 0.0, self._chance.random() < 0.5)
        if phase == ANY:
            return Moment(phase, 0, self._chance.uniform(0.0, 2.0))
        return Moment(phase, self._chance.randint(1, 3), self._chance.uniform(0.0, _LONGEST_DELAY))


def _undisturbed(shop: Workshop) -> dict[str, list[RunFolder]]:
    """Every kind of job, done in one go, in processes like those that are killed."""
    done: dict[str, list[RunFolder]] = {}
    for method in METHODS:
        run = shop.new_run(method)
        assert attempt(run_job(run, shop.root / f"cache-{method}"), None) == ""
        done[method] = [run]
    study = shop.new_study("undisturbed")
    assert attempt(study_job(study, shop.root / "cache-study"), None) == ""
    done["study"] = _runs_of(study)
    return done


def _torture(
    shop: Workshop, kind: str, name: str, moments: _Moments, undisturbed: dict[str, list[RunFolder]]
) -> tuple[list[str], str]:
    """One run or study, killed and resumed until it is finished; the phases of its kills and what went wrong."""
    cache = shop.root / f"cache-{name}"
    study = shop.new_study(name) if kind == "study" else None
    run = shop.new_run(kind) if study is None else None
    job = study_job(study, cache) if study else run_job(run, cache) if run else None
    assert job is not None
    phases: list[str] = []
    try:
        while (phase := attempt(job, moments.next() if len(phases) < _KILLS_PER_RUN else None)) != "":
            phases.append(phase)
            for folder in [run] if run else _runs_of(study):
                check_whole(folder)
        ended = [run] if run else _runs_of(study)
        wrong = [difference for pair in zip(ended, undisturbed[kind], strict=True) for difference in differences(*pair)]
        return phases, f"it differs in {', '.join(wrong)}" if wrong else ""
    except Exception:
        return phases, traceback.format_exc()


def _runs_of(study: StudyFolder | None) -> list[RunFolder]:
    assert study is not None
    return [RunFolder(member.folder) for member in study.members() if member.folder is not None]


def attempt(job: Job, moment: Moment | None) -> str:
    """Do the job in a process of its own that is killed at the moment; the phase it died in, empty if it got through.

    Raises AssertionError when the job failed by itself.
    """

    def body() -> str:
        job(arm(moment) if moment else ignore)
        return ""

    ended = in_child(body)
    if ended.signal == signal.SIGKILL and moment is not None:
        return moment.phase
    assert ended == Ended(0, "", False), f"the job failed (signal {ended.signal}): {ended.said}"
    return ""


def arm(moment: Moment) -> Callable[[Event], None]:
    """Set the trap; what is returned is the job's `emit`."""
    seen = 0
    if moment.phase == WRITING:
        die_at_flush(moment)
    if moment.phase == ANY:
        die_after(moment.delay)

    def emit(event: Event) -> None:
        nonlocal seen
        seen += phase_of(event) == moment.phase
        if seen == moment.number and phase_of(event) == moment.phase:
            die_after(moment.delay)

    return emit


def phase_of(event: Event) -> str:
    """What a run is busy with when it reports this; empty for what tells nothing of it."""
    if isinstance(event, Progress):
        return event.phase.value
    if isinstance(event, BatchFinished):
        return "Training"
    return "End of an epoch" if isinstance(event, EpochFinished) else ""


def die_at_flush(moment: Moment) -> None:
    """Die just before or just after the n-th flush to the disk: between the steps of writing a file whole."""
    flush, flushed = os.fsync, 0

    def counting(file: int) -> None:
        nonlocal flushed
        flushed += 1
        if flushed == moment.number and not moment.after:
            os.kill(os.getpid(), signal.SIGKILL)
        flush(file)
        if flushed == moment.number:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = counting


def die_after(delay: float, number: int = signal.SIGKILL) -> None:
    """Send this process a signal in `delay` seconds."""

    def die() -> None:
        time.sleep(delay)
        os.kill(os.getpid(), number)

    threading.Thread(target=die, daemon=True).start()
