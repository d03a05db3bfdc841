"""The window in bad hours: its disk fills up while it trains and classifies, and somebody drops 30,000 files on it."""

from __future__ import annotations

import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.events import CancelToken, Emit, Event
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.status import RunState
from tests.torture.faults import FULL_DISK
from tests.torture.forking import in_child
from tests.torture.kills import attempt, phase_of
from tests.torture.places import PLACES
from tests.torture.strikes import Room as Disk
from tests.torture.strikes import empty_disk, fill_disk
from tests.torture.tally import Tally
from tests.torture.windows import Room, open_room, own_folders
from tests.torture.workshop import Workshop, check_whole, differences, left_behind, run_job

if TYPE_CHECKING:
    from skinkd_gui.main_window import MainWindow

_PHASES = ("Training", "End of an epoch", "Saving", "Testing", "Validating")
_MILLISECONDS = 20
_NO_PICTURES = 100
"""Of so many dropped files one is no picture."""
_SECONDS_FOR_DROPPING = 900


def uses(shop: Workshop, count: int, files: int) -> list[Tally]:
    """Fill the disk under `count` windows, and drop `files` files on one; a line each."""
    return [_full_disks(shop, count), _dropping(shop, files)]


# --- a full disk ---


def _full_disks(shop: Workshop, count: int) -> Tally:
    name = "full disk under the window, emptied again, the run resumed"
    if lacking := PLACES["small disk"].lacks(shop.root):
        return Tally.left_out(name, lacking)
    undisturbed = shop.new_run("plain")
    assert attempt(run_job(undisturbed, shop.root / "cache-undisturbed-window"), None) == ""
    lost = 0
    for number in range(count):
        phase = _PHASES[number % len(_PHASES)]
        wrong = _full_disk(shop, phase, number, undisturbed)
        if wrong:
            lost += 1
            sys.stderr.write(f"{name}, at {phase!r}: {wrong}\n")
    return Tally(name, count, count - lost, lost)


def _full_disk(shop: Workshop, phase: str, number: int, undisturbed: RunFolder) -> str:
    place = shop.root / f"window-on-a-small-disk-{number}"
    place.mkdir()
    try:
        with PLACES["small disk"].open(place):
            inner = Workshop(place / "shop")
            shutil.copytree(shop.data, inner.data)
            shutil.copytree(shop.runs, inner.runs)
            room = open_room(inner, "full", False)
            ended = in_child(partial(_window_on_a_full_disk, room, phase, place))
            if ended.signal or ended.failed:
                return f"the window ended (signal {ended.signal}): {ended.said}"
            if not any(re.match(pattern, ended.said) for pattern in FULL_DISK):
                return f"not the sentence of a full disk: {ended.said}"
            run = _its_run(room)
            check_whole(run)
            left = [*differences(run, undisturbed), *left_behind(room.runs)]
            return f"afterwards it differs in {', '.join(left)}" if left else ""
    except Exception:
        return traceback.format_exc()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _its_run(room: Room) -> RunFolder:
    (found,) = [item.folder for item in list_runs(room.runs) if item.status.name == "full"]
    return RunFolder(found)


def _window_on_a_full_disk(room: Room, phase: str, place: Path) -> str:
    """The life of the window: what it said of the full disk, once its run is finished all the same."""
    from core.recipe import set_values
    from skinkd_gui.training.work import Conditions, work_for
    from skinkd_gui.workers.job import Work

    disk, said, filled = Disk(Workshop(place)), [], False

    def make_work(run: Any, conditions: Conditions) -> Work:
        work = work_for(run, conditions)

        def watched(emit: Emit, token: CancelToken) -> object:
            def tell(event: Event) -> None:
                nonlocal filled
                emit(event)
                if not filled and phase_of(event) == phase:
                    filled = True
                    fill_disk(disk)

            return work(tell, token)

        return watched

    def begin(window: MainWindow) -> None:
        window.queue.failed.connect(lambda failure: said.append(f"{failure.error.title}: {failure.error.summary}"))
        recipe = set_values(room.shop.recipe(), ["distillation.method=none"])
        window.queue.add(recipe, "full")
        window.classify_tab.choose_model(room.shown)
        window.classify_tab.add_paths(sorted(room.shop.data.rglob("*.jpg"))[:20])

    def look(window: MainWindow) -> bool:
        """Once the run has failed: make room and go on with it, as its user would; true when it is finished."""
        if window.queue.state.current is not None:
            return False
        states = {item.status.state for item in list_runs(room.runs) if item.status.name == "full"}
        if states == {RunState.FINISHED}:
            return True
        assert len(said) < 2, f"it failed again: {said}"
        assert filled, f"the phase {phase!r} never came"
        empty_disk(disk)
        if window.queue.state.waiting:
            window.queue.start_waiting()
        else:
            window.train_tab.resume_run(_its_run(room).path)
        return False

    _live(room, begin, look, make_work)
    assert filled, f"the phase {phase!r} never came"
    return said[0] if said else "it got through without a word"


# --- many files ---


def _dropping(shop: Workshop, files: int) -> Tally:
    """All pictures are listed, each once, what is none is not, and the window goes on answering."""
    name = f"{files:,} files dropped on the window"
    room = open_room(shop, "dropping", False)
    try:
        folder, pictures = _many_files(room, files)
        ended = in_child(partial(_window_with_many, room, folder, pictures), _SECONDS_FOR_DROPPING)
        wrong = ended.said if ended.failed or ended.signal else ""
        if wrong:
            sys.stderr.write(f"{name} (signal {ended.signal}): {wrong}\n")
        if wrong:
            return Tally(name, files, 0, files)
        return Tally(f"{name} ({ended.said})", files, files, 0)
    finally:
        shutil.rmtree(room.root)


def _many_files(room: Room, files: int) -> tuple[Path, int]:
    """A folder of folders with so many files, links to a few; and how many of them are pictures."""
    pictures, folder = sorted(room.shop.data.rglob("*.jpg")), room.root / "dropped"
    counted = 0
    for number in range(files):
        place = folder / f"{number // 1000:03d}"
        place.mkdir(parents=True, exist_ok=True)
        if number % _NO_PICTURES == _NO_PICTURES - 1:
            (place / f"{number:06d}.txt").touch()
        else:
            os.link(pictures[number % len(pictures)], place / f"{number:06d}.jpg")
            counted += 1
    return folder, counted


def _window_with_many(room: Room, folder: Path, pictures: int) -> str:
    """Drop the folder and wait until all is listed; the growth of the process, in words."""
    import psutil
    from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
    from PySide6.QtGui import QDropEvent

    process, before = psutil.Process(), 0.0
    listed: list[int] = []

    def begin(window: MainWindow) -> None:
        nonlocal before
        before = process.memory_info().rss / 2**20
        tab = window.classify_tab
        window.tabs.setCurrentWidget(tab)
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(folder))])
        event = QDropEvent(
            *(QPointF(9, 9), Qt.DropAction.CopyAction, mime),
            *(Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier),
        )  # fmt: skip
        tab.dropEvent(event)
        assert event.isAccepted()

    def look(window: MainWindow) -> bool:
        from skinkd_gui.classify.images_model import ClassifiedImagesModel

        (model,) = window.classify_tab.findChildren(ClassifiedImagesModel)
        listed.append(model.rowCount())
        return listed[-1] >= pictures and listed[-1] == listed[max(0, len(listed) - 20)]

    _live(room, begin, look, None, _SECONDS_FOR_DROPPING)
    assert listed[-1] == pictures, f"{listed[-1]:,} rows of {pictures:,} pictures"
    grown = process.memory_info().rss / 2**20 - before
    return f"{pictures:,} listed, {grown:.0f} MB more"


# --- the window ---


def _live(
    room: Room,
    begin: Callable[[MainWindow], None],
    look: Callable[[MainWindow], bool],
    make_work: Any = None,
    limit: int = 100,
) -> None:
    """A window that `begin` is done with, until `look` says that it is enough. An error in the window ends the
    process, `limit` seconds do too."""
    own_folders(room.root)
    from PySide6.QtCore import QTimer

    from skinkd_gui.application import make_application
    from skinkd_gui.main_window import MainWindow
    from skinkd_gui.workers.job import shut_down_all
    from tests.torture.windows import die_loudly

    sys.excepthook = die_loudly
    application = make_application()
    window = MainWindow(room.runs, make_work) if make_work else MainWindow(room.runs)
    window.show()
    begin(window)
    left = limit * 1000 // _MILLISECONDS

    def tick() -> None:
        nonlocal left
        left -= 1
        assert left > 0, "no end"
        if look(window):
            timer.stop()
            window.close_without_asking()

    timer = QTimer(application)
    timer.timeout.connect(tick)
    timer.start(_MILLISECONDS)
    application.exec()
    assert shut_down_all(30_000)
