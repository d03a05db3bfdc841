"""Locks between programs, and who holds them.

The system locks a file and frees it when its holder ends, however it ends: a lock file that is left behind locks
nothing. Beside it lies `<lock>.by` with the holder's facts, touched every 20 s while the lock is held. It names the
holder to those who are refused; and on a shared drive that does not pass locks on from one computer to another it is
the only sign of the other one, so another computer's lock is kept while its sign of life is fresh.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.events import CancelToken, Emit, Notice

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from core.errors import SkinKDError

_SECONDS_BETWEEN_SIGNS = 20.0
_SILENT_SECONDS = 180.0
"""Another computer that gave no sign of life for so long has ended, or lost the drive."""

_SECONDS_BETWEEN_TRIES = 0.2
_LONGEST = 4096

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: the program's name, its process number, its computer, and since when (ISO 8601, UTC)."""

    program: str
    process: int
    computer: str
    since: str

    @property
    def here(self) -> bool:
        """Whether it is a program on this computer."""
        return self.computer == platform.node()

    def __str__(self) -> str:
        if self.here and self.process == os.getpid():
            return "this program itself, in another window or thread"
        since = datetime.fromisoformat(self.since).astimezone()
        place = f"on the computer {self.computer}" if self.computer else "on a computer without a name"
        return f"{self.program}, process {self.process} {place}, since {since:%Y-%m-%d %H:%M}"


class Lock:
    """A lock between programs, and between threads of one. Acquire and release it in one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._facts = facts_file(path)
        self._lock: BaseFileLock | None = None
        self._released = threading.Event()
        self._signs: threading.Thread | None = None

    @property
    def holder(self) -> Holder | None:
        """Who holds it, as far as that is known."""
        return read_holder(self._path)

    def acquire(self, seconds: float = 0.0) -> bool:
        """Take the lock, waiting at most so long; False when another holds it. Raises OSError when the file can not be
        written."""
        lock = self._system_lock(seconds)
        if lock is None:
            return False
        left = self.holder
        if left is not None and not left.here and self._sign_is_fresh():
            lock.release()
            return False
        if left is not None:
            _log.info("%s was left locked by %s, which has ended", self._path, left)
        self._lock = lock
        self._write_facts()
        return True

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._lock is None:
            return
        self._released.set()
        if self._signs is not None:
            self._signs.join()
        with suppress(OSError):
            self._facts.unlink(missing_ok=True)
        self._lock.release()
        self._lock = None

    def held_by_another(self) -> bool:
        """Whether someone holds it now. Raises OSError as `acquire` does."""
        lock = self._system_lock(0.0)
        if lock is None:
            return True
        left = self.holder
        held = left is not None and not left.here and self._sign_is_fresh()
        lock.release()
        return held

    def _system_lock(self, seconds: float) -> BaseFileLock | None:
        from filelock import FileLock, Timeout

        lock = FileLock(self._path)
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            return None
        return lock

    def _sign_is_fresh(self) -> bool:
        """Compared by the drive's own clock, which need not go like this computer's."""
        try:
            os.utime(self._path)
            return abs(self._path.stat().st_mtime - self._facts.stat().st_mtime) < _SILENT_SECONDS
        except OSError:
            return False

    def _write_facts(self) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder = Holder(_program(), os.getpid(), platform.node(), now)
        try:
            self._facts.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        except OSError:  # a full disk: the lock itself holds, only its holder stays unnamed
            _log.info("%s can not be written", self._facts, exc_info=True)
            return
        self._released.clear()
        self._signs = threading.Thread(target=self._give_signs, name="skinkd-lock", daemon=True)
        self._signs.start()

    def _give_signs(self) -> None:
        while not self._released.wait(_SECONDS_BETWEEN_SIGNS):
            with suppress(OSError):
                os.utime(self._facts)


@contextmanager
def holding(path: Path, refused: Callable[[str], SkinKDError], seconds: float = 0.0) -> Iterator[None]:
    """Hold a lock inside the block; raises `refused(who holds it)` when another does for longer than `seconds`.

    Raises OSError when the lock's file can not be written.
    """
    lock = Lock(path)
    if not lock.acquire(seconds):
        raise refused(words(lock.holder))
    try:
        yield
    finally:
        lock.release()


@contextmanager
def waiting_for(path: Path, told: str, emit: Emit, token: CancelToken) -> Iterator[None]:
    """Hold a lock inside the block, after waiting for it; reports `told` and who holds it once where it must wait.

    Raises `Cancelled`, and OSError when the lock's file can not be written.
    """
    lock = Lock(path)
    waiting = False
    token.check()
    while not lock.acquire():
        if not waiting:
            emit(Notice(f"{told} It is held by {words(lock.holder)}."))
            waiting = True
        time.sleep(_SECONDS_BETWEEN_TRIES)
        token.check()
    try:
        yield
    finally:
        lock.release()


def words(holder: Holder | None) -> str:
    """Who holds a lock, for a sentence."""
    return "another window or program" if holder is None else str(holder)


def facts_file(path: Path) -> Path:
    """Where the facts of a lock's holder are."""
    return path.with_name(f"{path.name}.by")


def read_holder(path: Path) -> Holder | None:
    """Who holds, or was killed holding, the lock `path`; None when nobody does or the facts can not be read."""
    try:
        with facts_file(path).open(encoding="utf-8") as file:
            values = json.loads(file.read(_LONGEST))
        holder = Holder(str(values["program"]), int(values["process"]), str(values["computer"]), str(values["since"]))
        datetime.fromisoformat(holder.since)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return holder if (holder.program + holder.computer).isprintable() else None


def _program() -> str:
    """What a person calls this program, also where it was started as `python -m package`."""
    file = Path(sys.argv[0] if sys.argv and len(sys.argv[0]) > 2 else sys.executable)
    name = file.parent.name if file.stem == "__main__" else file.stem
    return {"skinkd_gui": "skinkd", "cli": "skinkd-cli"}.get(name, name)
