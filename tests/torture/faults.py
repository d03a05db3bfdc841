"""Faults around a run: a full disk, folders that vanish or turn read-only, data that change, a damaged cache.

A fault strikes at a chosen phase. The run then either gets through, or fails with the sentence that belongs to this
fault; its files stay whole; and when the cause is gone it goes on and ends bit for bit as an undisturbed run.
"""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import SkinKDError
from core.events import Event
from core.runs.folder import RunFolder
from tests.torture import strikes
from tests.torture.forking import in_child
from tests.torture.kills import PHASES, attempt, phase_of
from tests.torture.places import PLACES
from tests.torture.strikes import NOBODY, Room
from tests.torture.tally import Tally
from tests.torture.workshop import Workshop, check_whole, differences, left_behind, run_job

EVENT_PHASES = tuple(phase for phase in PHASES if phase[0].isupper())
METHOD = "curriculum"
_MINUTE = 60.0


@dataclass(frozen=True)
class Fault:
    """`strike` happens within the run's process, `heal` afterwards outside.

    `sentences`: how the run may fail under it, each a pattern that its title and summary begin with; without any the
    run must get through. `place`: of `PLACES`. `as_nobody`: root may write anywhere, so the run is a common user's.
    `after_kill`: the run is killed at the phase, and the fault strikes what it left. `refused`: going on must fail
    then. `phases`: where it can strike; `most`: how often at most, where one takes long.
    """

    name: str
    strike: Callable[[Room], None]
    heal: Callable[[Room], None] = lambda room: None
    sentences: tuple[str, ...] = ()
    place: str = ""
    as_nobody: bool = False
    after_kill: bool = False
    refused: bool = False
    phases: tuple[str, ...] = EVENT_PHASES
    most: int = 1_000_000


def faults(shop: Workshop, table: tuple[Fault, ...], count: int, seed: int, only: tuple[str, ...] = ()) -> list[Tally]:
    """Let every fault of a table strike `count` times, at its phases in turn; one line per fault, also for those that
    this machine can not stage."""
    chance = random.Random(seed)
    undisturbed = shop.new_run(METHOD)
    assert attempt(run_job(undisturbed, shop.root / "cache-undisturbed"), None) == ""
    tallies = []
    for fault in table:
        if only and fault.name not in only:
            continue
        phases = chance.sample(fault.phases, len(fault.phases))
        if lacking := PLACES[fault.place].lacks(shop.root) or (fault.as_nobody and _keeps_nobody_out(shop)):
            tallies.append(Tally.left_out(fault.name, lacking))
            continue
        lost, times = 0, min(count, fault.most)
        for number in range(times):
            phase = phases[number % len(phases)]
            wrong = struck(shop, fault, phase, undisturbed)
            if wrong:
                lost += 1
                sys.stderr.write(f"{fault.name} at {phase!r}: {wrong}\n")
        tallies.append(Tally(fault.name, times, times - lost, lost))
    return tallies


def _keeps_nobody_out(shop: Workshop) -> str:
    """Why a common user could not get to the workshop; nothing when one can, or is who tortures."""
    if os.geteuid() != 0:
        return ""

    def look() -> str:
        os.seteuid(NOBODY)
        try:
            shop.root.parent.stat()
        except PermissionError:
            return f"a common user can not get to {shop.root.parent}"
        return ""

    return in_child(look).said


def struck(shop: Workshop, fault: Fault, phase: str, undisturbed: RunFolder) -> str:
    """One fault on one run; what went wrong, or nothing."""
    with room_of(shop, fault.place) as room:
        run = room.shop.new_run(METHOD)
        try:
            if fault.as_nobody and os.geteuid() == 0:
                strikes.give_to_nobody(room)
            said = _killed_then_tried(room, run, fault, phase) if fault.after_kill else _tried(room, run, fault, phase)
            fault.heal(room)
            if wrong := misfit(said, fault):
                return wrong
            check_whole(run)
            attempt(_job(room, run), None)
            left = [*differences(run, undisturbed), *left_behind(room.shop.root)]
            return f"afterwards it differs in {', '.join(left)}" if left else ""
        except Exception:
            return traceback.format_exc()


def misfit(said: str, fault: Fault) -> str:
    """What is wrong with how a run failed under a fault (title and summary; "" when it got through), or nothing."""
    if not said:
        return "it went on as if nothing had been changed" if fault.refused else ""
    return "" if any(re.match(pattern, said) for pattern in fault.sentences) else f"not this fault's sentence: {said}"


def _tried(room: Room, run: RunFolder, fault: Fault, phase: str) -> str:
    """Do the run with the fault; title and summary of how it failed, empty when it got through."""
    return _said_in_child(lambda: _body(room, run, fault, phase))


def _killed_then_tried(room: Room, run: RunFolder, fault: Fault, phase: str) -> str:
    """Kill the run, strike what it left, and go on where that must be refused; how it failed."""

    def kill(event: Event) -> None:
        if phase_of(event) == phase and (phase != "End of an epoch" or len(run.history()) > 1):
            os.kill(os.getpid(), signal.SIGKILL)

    ended = in_child(lambda: _failure(room, run, kill, fault))
    assert ended.signal == signal.SIGKILL, f"the phase {phase!r} never came: {ended.said}"
    fault.strike(room)
    return _said_in_child(lambda: _failure(room, run, lambda event: None, fault)) if fault.refused else ""


def _said_in_child(body: Callable[[], str]) -> str:
    ended = in_child(body)
    if ended.signal:
        raise AssertionError("it hangs" if ended.signal == signal.SIGALRM else f"it died of signal {ended.signal}")
    if ended.failed:
        raise AssertionError(f"an error without a sentence: {ended.said}")
    return ended.said


def _body(room: Room, run: RunFolder, fault: Fault, phase: str) -> str:
    """What happens in the run's own process."""
    strikes_done = 0

    def emit(event: Event) -> None:
        nonlocal strikes_done
        if not strikes_done and phase_of(event) == phase:
            strikes_done = 1
            fault.strike(room)

    said = _failure(room, run, emit, fault)
    assert strikes_done, f"the phase {phase!r} never came: {said}"
    return said


def _failure(room: Room, run: RunFolder, emit: Callable[[Event], None], fault: Fault) -> str:
    """Title and summary of how the run failed, in a process of its own."""
    # A log that can not be written is not worth a word for every line.
    logging.raiseExceptions = False
    if fault.as_nobody and os.geteuid() == 0:
        os.seteuid(NOBODY)
    try:
        _job(room, run)(emit)
    except SkinKDError as error:
        return f"{error.title}: {error.summary}"
    return ""


def _job(room: Room, run: RunFolder) -> Callable[[Callable[[Event], None]], object]:
    """The run's work, with a state of the room's own: a common user may not read the one of who tortures."""
    work = run_job(run, room.cache)

    def in_room(emit: Callable[[Event], None]) -> object:
        os.environ["SKINKD_STATE"] = str(room.state)
        return work(emit)

    return in_room


@contextmanager
def room_of(shop: Workshop, place: str) -> Iterator[Room]:
    """A copy of the workshop with its own data, on the drive that the fault needs."""
    root = shop.root / f"room-{time.monotonic_ns()}"
    root.mkdir()
    try:
        with PLACES[place].open(root):
            yield _furnished(Room(Workshop(root)), shop)
    finally:
        shutil.rmtree(root)


def _furnished(room: Room, shop: Workshop) -> Room:
    shutil.copytree(shop.data, room.shop.data)
    (teacher,) = [folder for folder in shop.runs.iterdir() if folder.name.endswith("-teacher")]
    shutil.copytree(teacher, room.shop.runs / teacher.name)
    for folder in (room.cache, room.state):
        folder.mkdir()
    return room


def _hidden(name: str) -> Callable[[Room], None]:
    return lambda room: strikes.hide(getattr(room.shop, name))


def _shown(name: str) -> Callable[[Room], None]:
    return lambda room: strikes.show(getattr(room.shop, name))


FULL_DISK = (
    r"The disk is full: Free some space, then resume the run",
    r"The checkpoint can not be written: .*; probably the disk is full\. Free some space, then resume",
    r"The decoded images can not be saved: .*: No space left on device\. Free some space",
    r"Not enough space for the decoded images: .* free; .* are needed",
)
_LOST_FILE = (
    r"An image changed while the images were being read: .*\. The file does not exist\.",
    r"Some images can not be used: Unreadable image \(1\): .*SYN_0000007\.jpg",
)

_FAULTS = (
    Fault("full disk (a small disk, filled)", strikes.fill_disk, strikes.empty_disk, FULL_DISK, place="small disk"),
    Fault(
        "files may not grow (a limit of the system)",
        strikes.limit_files,
        sentences=(
            r"A file may not grow so large: .* \(ulimit -f says which\)",
            r"The checkpoint can not be written: ",
            r"The decoded images can not be saved: .*: File too large",
        ),
    ),
    Fault(
        "runs folder turns read-only",
        strikes.forbid_writing,
        strikes.allow_writing,
        (r"The run's folder can not be written: .*: Permission denied\. See to its permissions",),
        as_nobody=True,
    ),
    Fault(
        "runs folder vanishes",
        _hidden("runs"),
        _shown("runs"),
        (r"The run's folder is gone: .* Bring it back, then resume the run",),
    ),
    Fault(
        "data set vanishes",
        _hidden("data"),
        _shown("data"),
        (r"There is no usable image: .*: Unreadable image \(96\)", _LOST_FILE[0]),
    ),
    Fault("a picture is lost", strikes.lose_a_picture, strikes.show_the_picture, _LOST_FILE),
    Fault(
        "a picture changes",
        strikes.change_a_picture,
        strikes.show_the_picture,
        (
            r"An image changed while the images were being read: .*SYN_0000007\.jpg .* It has another content\.",
            r"Some images can not be used: Same picture twice \(2\): .*SYN_0000007\.jpg",
        ),
    ),
    Fault("cache cut off after a kill", strikes.cut_cache, after_kill=True),
    Fault("cache with flipped bits after a kill", strikes.flip_cache, after_kill=True),
    Fault("cache of another version after a kill", strikes.age_cache, after_kill=True),
    Fault("cache vanishes", strikes.lose_cache, sentences=(r"The decoded images can not be",)),
    Fault("killed on an exFAT drive (no case, no links, no rights)", strikes.nothing, place="exFAT", after_kill=True),
    Fault("killed on a FAT drive", strikes.nothing, place="FAT", after_kill=True),
    Fault("killed on an overlay", strikes.nothing, place="overlay", after_kill=True),
)


def fault_table(scale: float) -> tuple[Fault, ...]:
    """Faults that need nothing but the run's process; at a smaller scale it stands still for less than a minute."""
    seconds = round(_MINUTE * min(1.0, scale))
    return (*_FAULTS, Fault(f"SIGSTOP for {seconds} seconds", strikes.stopped_for(seconds), most=3))
