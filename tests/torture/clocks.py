"""The clock jumps under a run: the whole process, its libraries too, is told another time (libfaketime).

libfaketime takes the place of the C library's clocks, so it has to be there when a process starts: `jumps` starts one
that forks every attempt. Times of files and the clock that only goes forward stay true, as they do when a person or a
time server sets a computer's clock. Under libfaketime 0.9.10 Python's own sleep fails ("Invalid argument": it sleeps
until a moment of the clock that is left true), so it sleeps by `select` here. Without libfaketime (Debian: faketime)
the faults count as not tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from tests.torture.tally import Tally

ROOT = Path(__file__).resolve().parents[2]
_LIBRARIES = (
    *("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/lib64", "/usr/local/lib"),
)  # fmt: skip
JUMPS = {"clock jumps ahead": "+400d", "clock jumps back": "-4000d"}
"""Fault -> how far, in libfaketime's words."""
_FILE = "FAKETIME_TIMESTAMP_FILE"


def library() -> Path | None:
    """libfaketime for programs of several threads, where it is installed."""
    places = [Path(folder) / "faketime" / "libfaketimeMT.so.1" for folder in _LIBRARIES]
    return next((place for place in places if place.exists()), None)


def jumps(folder: Path, count: int, seed: int) -> list[Tally]:
    """Let the clock jump under runs, `count` times each way, in a workshop in an empty folder; a line per direction."""
    preloaded = library()
    if preloaded is None:
        return [Tally.left_out(name, "libfaketime is not installed (Debian: faketime)") for name in JUMPS]
    clock, found = folder / "clock", folder / "found.json"
    set_clock(clock, "+0")
    told = {
        "LD_PRELOAD": str(preloaded),
        _FILE: str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # waits of threads go by that clock; "fixed", they come back at once
        "NO_FAKE_STAT": "1",
    }
    command = [sys.executable, "-m", "tests.torture.clocks", str(folder / "shop"), str(count), str(seed), str(found)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **told}, check=True)
    return [Tally(**values) for values in json.loads(found.read_text(encoding="utf-8"))]


def set_clock(file: Path, offset: str) -> None:
    """What processes under libfaketime are told from now on."""
    file.write_text(f"{offset}\n", encoding="utf-8")


def _jump_all(folder: Path, count: int, seed: int) -> list[Tally]:
    """The forking process's work, under libfaketime."""
    import select
    import time

    from tests.torture.faults import Fault, faults
    from tests.torture.strikes import Room
    from tests.torture.workshop import open_workshop

    time.sleep = lambda seconds: select.select([], [], [], seconds)  # type: ignore[assignment]
    clock = Path(os.environ[_FILE])

    def jump(offset: str) -> None:
        before = time.time()
        set_clock(clock, offset)
        assert abs(time.time() - before) > 86_400 or offset == "+0", "the clock did not jump: libfaketime has no effect"

    def jumping(offset: str) -> Fault:
        def strike(room: Room) -> None:
            jump(offset)

        return Fault(name_of[offset], strike, lambda room: jump("+0"))

    name_of = {offset: name for name, offset in JUMPS.items()}
    folder.mkdir()
    return faults(open_workshop(folder), tuple(map(jumping, name_of)), count, seed)


if __name__ == "__main__":
    import core  # noqa: F401  (before numpy and torch)

    place, times, drawn, out = sys.argv[1:]
    Path(out).write_text(
        json.dumps([asdict(item) for item in _jump_all(Path(place), int(times), int(drawn))]), encoding="utf-8"
    )
