"""Faults around a run: a full disk, folders that vanish or turn read-only, data that change, a damaged cache, a clock.

A fault strikes at a chosen phase. The run then either gets through, or fails with a sentence a person understands; its
files stay whole; and when the cause is gone it goes on and ends bit for bit as an undisturbed run.
"""

from __future__ import annotations

import errno
import logging
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import SkinKDError
from core.events import Event
from core.runs.folder import RunFolder
from tests.torture.forking import in_child
from tests.torture.kills import PHASES, attempt, phase_of
from tests.torture.tally import Tally
from tests.torture.workshop import Workshop, check_whole, differences, left_behind, run_job

_EVENT_PHASES = tuple(phase for phase in PHASES if phase[0].isupper())
_NOBODY = 65534


@dataclass(frozen=True)
class Room:
    """A workshop of its own in which one fault strikes: data, runs and cache under one root."""

    shop: Workshop

    @property
    def cache(self) -> Path:
        """Decoded images and the teacher's answers."""
        return self.shop.root / "cache"


@dataclass(frozen=True)
class Fault:
    """`strike` happens within the run's process, `heal` afterwards outside; `words`: what the message must mention.

    `as_nobody`: root may write anywhere, so the run is a common user's. `after_kill`: the run is killed at the phase,
    and the fault strikes what it left.
    """

    name: str
    strike: Callable[[Room], None]
    heal: Callable[[Room], None] = lambda room: None
    words: tuple[str, ...] = ()
    small_disk: bool = False
    as_nobody: bool = False
    after_kill: bool = False


def faults(shop: Workshop, count: int, seed: int, only: tuple[str, ...] = ()) -> list[Tally]:
    """Let every fault strike `count` times, at phases in turn; one line per fault. Faults that this machine can not
    stage (a small disk needs the right to mount one) are left out, which is said."""
    chance = random.Random(seed)
    method = "curriculum"
    undisturbed = shop.new_run(method)
    assert attempt(run_job(undisturbed, shop.root / "cache-undisturbed"), None) == ""
    tallies = []
    for fault in FAULTS:
        if only and fault.name not in only:
            continue
        if fault.small_disk and not _can_mount(shop.root):
            sys.stderr.write(f"{fault.name}: left out, this user may not mount a small disk\n")
            continue
        phases = chance.sample(_EVENT_PHASES, len(_EVENT_PHASES))
        lost = 0
        for number in range(count):
            phase = phases[number % len(phases)]
            wrong = _strike(shop, fault, phase, method, undisturbed)
            if wrong:
                lost += 1
                sys.stderr.write(f"{fault.name} at {phase!r}: {wrong}\n")
        tallies.append(Tally(fault.name, count, count - lost, lost))
    return tallies


def _strike(shop: Workshop, fault: Fault, phase: str, method: str, undisturbed: RunFolder) -> str:
    """One fault on one run; what went wrong, or nothing."""
    with _room(shop, fault.small_disk) as room:
        run = room.shop.new_run(method)
        try:
            if fault.as_nobody and os.geteuid() == 0:
                _give_to_nobody(room)
            said = _struck(room, run, fault, phase)
            fault.heal(room)
            if said and not any(word in said.lower() for word in fault.words):
                return f"it was not explained: {said}"
            check_whole(run)
            attempt(run_job(run, room.cache), None)
            wrong = [*differences(run, undisturbed), *left_behind(room.shop.root)]
            return f"afterwards it differs in {', '.join(wrong)}" if wrong else ""
        except Exception:
            return traceback.format_exc()


def _struck(room: Room, run: RunFolder, fault: Fault, phase: str) -> str:
    """Do the run with the fault; title and summary of how it failed, empty when it got through (or was killed)."""
    ended = in_child(lambda: _body(room, run, fault, phase))
    if fault.after_kill:
        fault.strike(room)
        return ""
    if ended.signal:
        raise AssertionError("it hangs" if ended.signal == signal.SIGALRM else f"it died of signal {ended.signal}")
    return ended.said


def _body(room: Room, run: RunFolder, fault: Fault, phase: str) -> str:
    """What happens in the run's own process."""
    struck = False

    def emit(event: Event) -> None:
        nonlocal struck
        if struck or phase_of(event) != phase:
            return
        struck = True
        if fault.after_kill:
            os.kill(os.getpid(), signal.SIGKILL)
        fault.strike(room)

    # A log that can not be written is not worth a word for every line.
    logging.raiseExceptions = False
    if fault.as_nobody and os.geteuid() == 0:
        os.seteuid(_NOBODY)
    try:
        run_job(run, room.cache)(emit)
    except SkinKDError as error:
        return f"{error.title}: {error.summary}"
    assert struck, f"the phase {phase!r} never came"
    return ""


@contextmanager
def _room(shop: Workshop, small_disk: bool) -> Iterator[Room]:
    """A copy of the workshop with its own data, on a small disk where the fault needs one."""
    root = shop.root / f"room-{time.monotonic_ns()}"
    root.mkdir()
    if small_disk:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=420m", "tmpfs", str(root)], check=True, capture_output=True)
    try:
        room = Room(Workshop(root))
        shutil.copytree(shop.data, room.shop.data)
        (teacher,) = [folder for folder in shop.runs.iterdir() if folder.name.endswith("-teacher")]
        shutil.copytree(teacher, room.shop.runs / teacher.name)
        room.cache.mkdir()
        yield room
    finally:
        if small_disk:
            subprocess.run(["umount", str(root)], check=True)
        shutil.rmtree(root)


def _can_mount(root: Path) -> bool:
    place = root / "mount-trial"
    place.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=False, capture_output=True).returncode:
        return False
    subprocess.run(["umount", str(place)], check=True)
    return True


def _fill_disk(room: Room) -> None:
    with (room.shop.root / "ballast").open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017


def _empty_disk(room: Room) -> None:
    (room.shop.root / "ballast").unlink(missing_ok=True)


def _limit_files(room: Room) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))


def _forbid_writing(room: Room) -> None:
    for folder in [room.shop.runs, *(path for path in room.shop.runs.rglob("*") if path.is_dir())]:
        folder.chmod(0o555)


def _give_to_nobody(room: Room) -> None:
    for folder in (room.shop.root.parent, room.shop.root):
        folder.chmod(0o755)
    for path in (room.shop.root, *room.shop.root.rglob("*")):
        os.chown(path, _NOBODY, -1)


def _allow_writing(room: Room) -> None:
    for folder in [room.shop.runs, *(path for path in room.shop.runs.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)


def _hide(path: Path) -> None:
    path.rename(path.with_name(f"hidden-{path.name}"))


def _show(path: Path) -> None:
    hidden = path.with_name(f"hidden-{path.name}")
    if hidden.exists():
        shutil.rmtree(path, ignore_errors=True)
        hidden.rename(path)


def _a_picture(room: Room) -> Path:
    return sorted(room.shop.data.rglob("*.jpg"))[7]


def _lose_a_picture(room: Room) -> None:
    _hide(_a_picture(room))


def _find_the_picture(room: Room) -> None:
    (hidden,) = room.shop.data.rglob("hidden-*")
    hidden.rename(hidden.with_name(hidden.name.removeprefix("hidden-")))


def _change_a_picture(room: Room) -> None:
    picture = _a_picture(room)
    _hide(picture)
    shutil.copyfile(sorted(room.shop.data.rglob("*.jpg"))[20], picture)


def _change_back(room: Room) -> None:
    (hidden,) = room.shop.data.rglob("hidden-*")
    hidden.replace(hidden.with_name(hidden.name.removeprefix("hidden-")))


def _cache_files(room: Room) -> list[Path]:
    return [path for path in room.cache.rglob("*") if path.is_file() and path.suffix != ".lock" and path.stat().st_size]


def _cut_cache(room: Room) -> None:
    for path in _cache_files(room):
        os.truncate(path, path.stat().st_size // 2)


def _flip_cache(room: Room) -> None:
    for path in _cache_files(room):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)


def _age_cache(room: Room) -> None:
    """The notes of a version that was, or that is to come."""
    for path in room.cache.rglob("*.json"):
        path.write_text(path.read_text().replace('"format": 1', '"format": 99').replace('"format":1', '"format":99'))


def _clock(days: float) -> Callable[[Room], None]:
    def jump(room: Room) -> None:
        now = time.time
        time.time = lambda: now() + days * 86_400

    return jump


_SPACE = ("disk", "space", "full")

FAULTS = (
    Fault("full disk (a small disk, filled)", _fill_disk, _empty_disk, _SPACE, small_disk=True),
    Fault("files may not grow (a limit of the system)", _limit_files, words=(*_SPACE, "large", "limit")),
    Fault(
        "runs folder turns read-only",
        _forbid_writing,
        _allow_writing,
        ("permission", "written", "write"),
        as_nobody=True,
    ),
    Fault(
        "runs folder vanishes",
        lambda room: _hide(room.shop.runs),
        lambda room: _show(room.shop.runs),
        ("gone", "there", "missing", "vanished", "no longer"),
    ),
    Fault(
        "data set vanishes",
        lambda room: _hide(room.shop.data),
        lambda room: _show(room.shop.data),
        ("exist", "changed", "missing", "there", "unreadable"),
    ),
    Fault("a picture is lost", _lose_a_picture, _find_the_picture, ("exist", "changed", "missing", "unreadable")),
    Fault("a picture changes", _change_a_picture, _change_back, ("changed", "unreadable", "same picture")),
    Fault("cache cut off after a kill", _cut_cache, after_kill=True),
    Fault("cache with flipped bits after a kill", _flip_cache, after_kill=True),
    Fault("cache of another version after a kill", _age_cache, after_kill=True),
    Fault("cache vanishes", lambda room: shutil.rmtree(room.cache, ignore_errors=True), words=("cache", "decoded")),
    Fault("clock jumps ahead", _clock(400.0)),
    Fault("clock jumps back", _clock(-4000.0)),
)
