"""Python's cycle collector in the window's process: it runs in the GUI thread alone.

By itself it runs in whichever thread happens to allocate, and destroys there what became cyclic garbage: in a thread
that trains also widgets, models and timers, which only their own thread may destroy. The process died of that. So
automatic collection is off, and a timer of the GUI thread collects by generation.
"""

from __future__ import annotations

import atexit
import gc
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Slot
from PySide6.QtGui import QCursor, QGuiApplication

from core.allocator import give_back
from core.events import CancelToken, Emit
from skinkd_gui.widgets.parts import delay
from skinkd_gui.workers.job import released_memory
from skinkd_gui.workers.job_slot import JobSlot

TICK_MILLISECONDS = 100
YOUNG_OBJECTS = 700  # more containers than this made and not freed: a young pass, as Python by itself does
_YOUNGEST_PASSES = 2  # of these one also looks at what survived them
_MANY_OBJECTS = 30_000  # so many more since the last full pass: the next one, before it takes long
_REST = 100.0  # after a full pass, rest for this many times what it took
_LONG_SECONDS = 0.03  # a full pass that is felt before long: what survived it is frozen, so that the next is short
_MOST_FREEZES = 4  # cyclic garbage that is frozen stays, so not more often before everything is looked at again

_collect = gc.collect
_loading = threading.Lock()  # held by a thread that imports
_log = logging.getLogger(__name__)


@contextmanager
def loading() -> Iterator[None]:
    """For a thread that imports much: no full pass meanwhile, and none ever looks at what was imported: it stays."""
    with _loading:
        yield
        gc.freeze()
        atexit.register(gc.unfreeze)  # libraries that look for leaks at the end would complain of what is frozen


class Collector(QObject):
    """Collects young garbage about ten times a second, everything when the user rests. Lives in the GUI thread.

    While it is at work `gc.collect` from another thread, as libraries call it, only asks for a full pass, and
    `gc.enable` does nothing.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._passes = self._made = 0  # young passes, and objects that they were for, since the last full pass
        self._asked = self._to_give_back = False
        self._freezes = 0  # since the last pass over everything
        self._rests_until = 0.0
        self._cursor = QPoint()
        self._giving_back = JobSlot(self)
        self._tick = QTimer(self, interval=TICK_MILLISECONDS)
        self._tick.timeout.connect(self._check)
        self._idle = delay(self, self._collect_all)  # comes when no event waits
        self._thread = threading.get_ident()
        self._python = gc.collect, gc.enable  # as they were

    def start(self) -> None:
        """Take the collector over, from now until `stop`."""
        gc.disable()
        gc.collect = self._from_anywhere
        gc.enable = _leave_disabled
        released_memory().happened.connect(self.ask)
        self._tick.start()

    def stop(self) -> None:
        """Leave it to Python again."""
        self._tick.stop()
        self._idle.stop()
        released_memory().happened.disconnect(self.ask)
        gc.collect, gc.enable = self._python
        gc.enable()

    @Slot()
    def ask(self) -> None:
        """A full pass at the next rest; then the memory that is free goes back to the system and the GPU."""
        self._asked = self._to_give_back = True

    def _from_anywhere(self, generation: int = 2) -> int:
        if threading.get_ident() == self._thread:
            return _collect(generation)
        self._asked = True
        return 0

    @Slot()
    def _check(self) -> None:
        if gc.isenabled():  # by a library's C code
            gc.disable()
        made = gc.get_count()[0]
        if made > YOUNG_OBJECTS:
            self._made += made
            self._passes += 1
            youngest = self._passes % _YOUNGEST_PASSES or _loading.locked()  # what is imported stays: no second look
            _collect(0 if youngest else 1)
        due = self._asked or self._made > _MANY_OBJECTS
        rested = time.monotonic() >= self._rests_until and not _loading.locked()
        if due and rested and self._user_rests():
            self._idle.start(0)

    def _user_rests(self) -> bool:
        """Whether the pointer stands since the last question and no button is held. A display server far away takes
        its time to say where the pointer is."""
        before, self._cursor = self._cursor, QCursor.pos()
        return self._cursor == before and QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton

    @Slot()
    def _collect_all(self) -> None:
        begin, own = time.monotonic(), time.thread_time()
        self._asked, self._passes, self._made = False, 0, 0
        over_everything = self._freezes > 0 and _user_is_elsewhere()
        if over_everything:
            self._freezes = 0
            gc.unfreeze()
        found = _collect()
        took = time.monotonic() - begin
        self._rests_until = begin + took * (1 + _REST)
        if over_everything:
            gc.freeze()
        elif time.thread_time() - own > _LONG_SECONDS and self._freezes < _MOST_FREEZES:
            self._freezes += 1
            gc.freeze()
        _log.debug("a full collection found %d objects in %.1f ms", found, took * 1000)
        if self._to_give_back:
            self._to_give_back = False
            self._giving_back.start(_give_back)  # it may wait for the GPU


def _user_is_elsewhere() -> bool:
    """Whether another program has the keyboard: a pass over half a million objects is not felt."""
    return QGuiApplication.applicationState() != Qt.ApplicationState.ApplicationActive


def _leave_disabled() -> None:
    """`gc.enable` for libraries that switched collection off for a while and now think it was on."""


def _give_back(emit: Emit, token: CancelToken) -> None:
    give_back()
