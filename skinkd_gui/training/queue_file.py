"""The queue on disk: `.queue.json` in the folder of runs holds every entry until its last run has ended.

It is written whole and flushed before anything of an entry happens, so that the window may die at any moment. One
window at a time keeps it: the first that had anything to write, or that found it. What can not be read is kept aside
under a name that is told, and what a newer SkinKD wrote stays as it is.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import atomic
from core.documents import Migration, NewerVersionError, read_json, up_to_date
from core.errors import SkinKDError
from core.events import Level, Notice
from core.locks import Lock, words
from core.paths import make_private
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.entry_rows import entry_of, row_of
from skinkd_gui.training.old_queue_file import OLD_LOCK, OLD_NAME, read_old

if TYPE_CHECKING:
    from core.runs.planning import Plan

NAME = ".queue.json"
VERSION = 1
MIGRATIONS: dict[int, Migration] = {}
_LOCK = ".queue.lock"
_MOST_ASIDE = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Restored:
    """What was found: the entries in their order, and what the user must know of them."""

    entries: tuple[QueuedRun, ...] = ()
    notices: tuple[Notice, ...] = ()


class QueueFile:
    """The queue's file in a folder of runs, for the one window that keeps it. Lives in the GUI thread, but for `note`.

    Another window on the same folder (on another computer, or of another user) neither starts what waits there nor
    writes over it; what waits in that window is forgotten when it closes, which `refusal` lets it say.
    """

    def __init__(self, runs_root: Path) -> None:
        self._root = runs_root
        self._lock: Lock | None = None
        self._entries: tuple[QueuedRun, ...] = ()
        self._plans: dict[str, Plan] = {}
        self._written: str | None = None
        self._writing = threading.Lock()  # the file and the three above, which `note` changes from a job's thread
        self._unwritten = ""
        self._barred = ""

    @property
    def path(self) -> Path:
        """The file."""
        return self._root / NAME

    @property
    def refusal(self) -> str:
        """Why what is queued here is not on disk, as the end of a sentence; empty while it is."""
        return self._barred or self._unwritten

    @property
    def barred(self) -> bool:
        """Whether this window leaves the file alone for good: another keeps it, or it can not be read here."""
        return bool(self._barred)

    def load(self) -> Restored:
        """The entries on disk; none when another window keeps them, or this program can not read them."""
        if not (self.path.exists() or (self._root / OLD_NAME).exists()) or not self._take():
            return Restored()
        notices: list[Notice] = []
        try:
            found = [*self._read_old(notices), *self._read(notices)]
        except NewerVersionError as error:
            self._bar(f"{self.path} is from a newer SkinKD and stays as it is; update SkinKD to use it")
            _log.warning("%s", error.summary)
            return Restored()
        except OSError as error:
            self._bar(f"{self.path} can not be read ({error})")
            return Restored()
        found = [entry for entry in found if not self._is_done(entry, notices)]
        self._entries = tuple(found)
        if (self._root / OLD_NAME).exists():
            self.save(found)
            if not self.refusal:
                (self._root / OLD_NAME).unlink()
        return Restored(self._entries, tuple(notices))

    def save(self, entries: Sequence[QueuedRun]) -> None:
        """Write the entries, unless the file is left alone; `refusal` says whether they are on disk now."""
        if self._lock is None and entries and not self.barred:
            try:
                make_private(self._root)
            except OSError as error:
                self._unwritten = f"{self._root} can not be written ({error})"
                return
            if self._take() and self.path.exists():
                self._bar("another window has left what waits in this folder")  # and this one has not read it
        with self._writing:
            self._entries = tuple(entries)
            self._plans = {entry.id: self._plans[entry.id] for entry in entries if entry.id in self._plans}
            self._write()

    def note(self, entry: str, plan: Plan) -> None:
        """Write down the plan of an entry, before its next run is made. Safe from any thread."""
        with self._writing:
            self._plans[entry] = plan
            self._write()

    def move(self, runs_root: Path) -> Restored:
        """Go on in another folder of runs, with what waits here and what is found there, in this order; in the same one
        by another name nothing is found."""
        if runs_root.resolve() == self._root.resolve():
            self._root = runs_root
            return Restored()
        old = QueueFile(self._root)
        with self._writing:
            mine, plans = self._entries, self._plans
        old._lock, old._written, self._lock = self._lock, self._written, None
        self._root, self._entries, self._plans = runs_root, (), {}
        self._written, self._unwritten, self._barred = None, "", ""
        found = self.load()
        self._plans.update(plans)
        self.save([*mine, *found.entries])
        if not self.refusal:  # otherwise it goes on lying there
            old.save(())
        old.close()
        return found

    def close(self) -> None:
        """Leave the file to others."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _write(self) -> None:
        if self._lock is None:
            return
        text = self._document() if self._entries else ""
        if text == self._written and not self._unwritten:
            return
        try:
            if text:
                atomic.write_text(self.path, text)
            else:
                self.path.unlink(missing_ok=True)
                atomic.flush_folder(self._root)
        except OSError as error:
            _log.warning("the queue can not be written", exc_info=True)
            self._unwritten = f"{self.path} can not be written ({error.strerror or error})"
            return
        self._written, self._unwritten = text, ""

    def _document(self) -> str:
        known = [replace(entry, plan=self._plans.get(entry.id, entry.plan)) for entry in self._entries]
        rows = [row_of(entry, self._root) for entry in known]
        return json.dumps({"version": VERSION, "entries": rows}, indent=2) + "\n"

    def _take(self) -> bool:
        lock = Lock(self._root / _LOCK)
        try:
            taken = lock.acquire()
        except OSError as error:  # a folder that this user may only read
            _log.warning("the queue in %s can not be kept", self._root, exc_info=True)
            self._bar(f"{self._root} can not be written ({error.strerror or error})")
            return False
        if not taken:
            self._bar(f"the queue of this folder is kept by another window: {words(lock.holder)}")
            return False
        self._lock = lock
        atomic.remove_leftovers([self._root])
        return True

    def _bar(self, why: str) -> None:
        self.close()
        self._barred = why

    # --- reading ---

    def _read(self, notices: list[Notice]) -> list[QueuedRun]:
        """Raises OSError and `NewerVersionError`."""
        if not self.path.exists():
            return []
        try:
            values = up_to_date(read_json(self.path), "The queue", VERSION, MIGRATIONS)
            rows = values.get("entries")
            if not isinstance(rows, list):
                raise ValueError("entries: expected a list")
        except ValueError as error:
            notices.append(_damaged(self.path, str(error)))
            return []
        return self._entries_from(rows, self.path, notices)

    def _read_old(self, notices: list[Notice]) -> list[QueuedRun]:
        """What a SkinKD before this file's time left waiting, unless one of that time is at work with it."""
        path = self._root / OLD_NAME
        if not path.exists() or Lock(self._root / OLD_LOCK).held_by_another():
            return []
        (self._root / OLD_LOCK).unlink(missing_ok=True)
        try:
            rows = read_old(path)
        except ValueError as error:
            notices.append(_damaged(path, str(error)))
            return []
        return self._entries_from(rows, path, notices)

    def _entries_from(self, rows: list[Any], path: Path, notices: list[Notice]) -> list[QueuedRun]:
        """The entries; where one can not be read, the file as it was is kept aside: the others go on."""
        found, unread = [], []
        for number, row in enumerate(rows, 1):
            try:
                found.append(entry_of(row, self._root))
            except (ValueError, KeyError, TypeError, AttributeError, SkinKDError) as error:
                why = f"{error.title}: {error.summary}" if isinstance(error, SkinKDError) else str(error)
                name = row.get("name") if isinstance(row, dict) else None
                unread.append(f"{name if isinstance(name, str) else f'entry {number}'} ({why[:300].rstrip('.')})")
        if unread:
            kept = _aside(path)
            atomic.write_bytes(kept, path.read_bytes())
            text = f"Of the queue, this could not be read and does not wait any more: {'; '.join(unread)}."
            notices.append(Notice(f"{text} The queue as it was is kept as {kept}.", Level.WARNING))
        return found

    def _is_done(self, entry: QueuedRun, notices: list[Notice]) -> bool:
        """Whether it ended in the moment before its window died; notices say so, and where a begun one stands."""
        stands, done = _standing(entry)
        if done:
            notices.append(Notice(f"{entry.name} was finished when SkinKD ended."))
        elif entry.begun and not entry.problem:
            text = f"{entry.name} was at work when SkinKD ended{f' ({stands})' if stands else ''}. It goes on where it"
            notices.append(Notice(f"{text} stood: start the waiting runs.", Level.WARNING))
        return done


def _damaged(path: Path, why: str) -> Notice:
    """Put a damaged file aside, under a name that nothing has. Raises OSError."""
    kept = _aside(path)
    path.rename(kept)
    atomic.flush_folder(path.parent)
    _log.warning("%s can not be read (%s); it is kept as %s", path, why, kept)
    return Notice(
        f"The queue can not be read: {path.name} is damaged ({why[:300].rstrip('.')}). It is kept as {kept}; the "
        "recipes of what waited are in it as text. Runs that were at work are among the unfinished runs.",
        Level.WARNING,
    )


def _aside(path: Path) -> Path:
    """A free name beside it. Raises FileExistsError when there is none."""
    for number in range(1, _MOST_ASIDE):
        kept = path.with_name(f"{path.stem}.unread-{number}{path.suffix}")
        if not kept.exists():
            return kept
    raise FileExistsError(f"{path.parent} holds too many queues that could not be read")


def _standing(entry: QueuedRun) -> tuple[str, bool]:
    """Where its runs stand, in words, and whether all are finished."""
    from core.runs.folder import RunFolder
    from core.runs.status import RunState
    from core.study.folder import StudyFolder

    if entry.study is not None:
        with suppress(SkinKDError):
            members = StudyFolder(entry.study).members()
            done = sum(member.finished for member in members)
            return f"{done} of {len(members)} runs done", done == len(members)
        return "", False
    texts, finished = [], 0
    for folder in entry.folders:
        with suppress(SkinKDError):
            status = RunFolder(folder).status()
            finished += status.state is RunState.FINISHED
            ended = "finished" if status.state is RunState.FINISHED else f"epoch {status.epoch} of {status.epochs}"
            texts.append(f"{status.name}: {ended}")
    return ", ".join(texts), finished > 0 and finished == max(len(entry.plan), 1)
