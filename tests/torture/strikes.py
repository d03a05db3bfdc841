"""What strikes a run, and how it is put right again: a disk, folders, pictures, a cache."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.torture.workshop import Workshop

NOBODY = 65534
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Room:
    """A workshop of its own in which one fault strikes: data, runs, cache and state under one root."""

    shop: Workshop

    @property
    def cache(self) -> Path:
        """Decoded images and the teacher's answers."""
        return self.shop.root / "cache"

    @property
    def state(self) -> Path:
        """What the program remembers."""
        return self.shop.root / "state"

    @property
    def kept(self) -> Path:
        """Copies of files that are changed, for who heals."""
        return self.shop.root / "kept"


def fill_disk(room: Room) -> None:
    """To the last byte."""
    with (room.shop.root / "ballast").open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017


def empty_disk(room: Room) -> None:
    """Take away what filled it."""
    (room.shop.root / "ballast").unlink(missing_ok=True)


def limit_files(room: Room) -> None:
    """No file of this process may be longer than 100 bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))


def forbid_writing(room: Room) -> None:
    """In the folder of runs and all below."""
    _allow(room, 0o555)


def allow_writing(room: Room) -> None:
    """See `forbid_writing`."""
    _allow(room, 0o755)


def _allow(room: Room, mode: int) -> None:
    for folder in [room.shop.runs, *(path for path in room.shop.runs.rglob("*") if path.is_dir())]:
        folder.chmod(mode)


def give_to_nobody(room: Room) -> None:
    """The room becomes a common user's, who may get there."""
    for folder in (room.shop.root.parent, room.shop.root):
        folder.chmod(0o755)
    for path in (room.shop.root, *room.shop.root.rglob("*")):
        os.chown(path, NOBODY, -1)


def hide(path: Path) -> None:
    """Give it another name."""
    path.rename(path.with_name(f"hidden-{path.name}"))


def show(path: Path) -> None:
    """Bring back what was hidden, in the place of what stands there now."""
    hidden = path.with_name(f"hidden-{path.name}")
    if hidden.exists():
        shutil.rmtree(path, ignore_errors=True)
        hidden.rename(path)


def a_picture(room: Room) -> Path:
    """The one that is struck."""
    return sorted(room.shop.data.rglob("*.jpg"))[7]


def lose_a_picture(room: Room) -> None:
    """Its file is gone."""
    hide(a_picture(room))


def change_a_picture(room: Room) -> None:
    """Its file holds another's content."""
    picture = a_picture(room)
    hide(picture)
    shutil.copyfile(sorted(room.shop.data.rglob("*.jpg"))[20], picture)


def show_the_picture(room: Room) -> None:
    """Its own file is back."""
    (hidden,) = room.shop.data.rglob("hidden-*")
    hidden.replace(hidden.with_name(hidden.name.removeprefix("hidden-")))


def _cache_files(room: Room) -> list[Path]:
    return [path for path in room.cache.rglob("*") if path.is_file() and path.suffix != ".lock" and path.stat().st_size]


def cut_cache(room: Room) -> None:
    """Every file loses its second half."""
    for path in _cache_files(room):
        os.truncate(path, path.stat().st_size // 2)


def flip_cache(room: Room) -> None:
    """A byte in the middle of every file."""
    for path in _cache_files(room):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)


def age_cache(room: Room) -> None:
    """The notes of a version that was, or that is to come."""
    for path in room.cache.rglob("*.json"):
        path.write_text(path.read_text().replace('"format": 1', '"format": 99').replace('"format":1', '"format":99'))


def lose_cache(room: Room) -> None:
    """All of it."""
    shutil.rmtree(room.cache, ignore_errors=True)


def nothing(room: Room) -> None:
    """The kill before is all."""


_WAKER = """
import os, signal, sys, time
from pathlib import Path
from core.runs.listing import list_runs
from core.runs.status import RunState
struck, seconds = int(sys.argv[1]), float(sys.argv[3])
os.kill(struck, signal.SIGSTOP)
try:
    time.sleep(seconds)
    states = [item.status.state for item in list_runs(Path(sys.argv[2]))]
finally:
    os.kill(struck, signal.SIGCONT)
sys.exit(RunState.RUNNING not in states)
"""


def stopped_for(seconds: float) -> Callable[[Room], None]:
    """The process that is struck stands still (SIGSTOP) for so long, then goes on. Another program looks at its runs
    meanwhile: to it the run is at work, not left behind."""

    def stop(room: Room) -> None:
        arguments = [str(os.getpid()), str(room.shop.runs), str(seconds)]
        ended = subprocess.run([sys.executable, "-c", _WAKER, *arguments], cwd=ROOT, check=False)
        assert ended.returncode == 0, "while the process stood still its run counted as left behind"

    return stop
