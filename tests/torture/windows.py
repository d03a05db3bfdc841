"""The window killed at random moments, with its queue: every entry is done in the end, once, with undisturbed numbers.

A window of its own, in a forked process, works through a queue (a student whose teacher comes first, a plain student,
one that finds the teacher again; or a study and a student) while the user classifies, exports, reports, imports,
renames and bins. It is killed, or asked to end, opened again and started again, until nothing is left to do.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from core import atomic
from core.events import CancelToken, Emit, Event
from core.recipe import Recipe
from core.reporting.report.writing import PAGE, _earlier_files, check_folder
from core.runs.archive import export_run
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.status import RunState
from core.study.folder import StudyFolder, create_study
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.queue_file import NAME, QueueFile
from skinkd_gui.training.work import Conditions, work_for
from skinkd_gui.workers.job import Work
from tests.torture.forking import in_child
from tests.torture.kills import Moment, arm, die_after, die_at_flush
from tests.torture.tally import Tally
from tests.torture.workshop import Workshop, check_whole, differences

if TYPE_CHECKING:
    from skinkd_gui.main_window import MainWindow
    from skinkd_gui.training.entries import NotePlan

_BETWEEN = "between the runs of an entry"
_QUEUE = "while the queue is written"
_PHASES = ("Asking the teacher", "Training", "Validating", "End of an epoch", "Testing", "Saving")
_SIGNALS = {"SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP, "SIGINT": signal.SIGINT}
_KILLS_PER_QUEUE = 8
_SPARES = 8
_OTHERS = "20260101"  # how the names of the runs begin that lie there before; an imported one is named teacher
_MILLISECONDS = 20  # between looks whether the queue is done
_ENDED, _ASKED, _KILLED = "ended", "asked to end", "killed"


@dataclass(frozen=True)
class Strike:
    """How a window dies: `kind` is one of the rows, `chance` draws its moment within."""

    kind: str
    chance: random.Random


@dataclass(frozen=True)
class Room:
    """A user's folders: runs with finished ones to look at, documents, a bin."""

    shop: Workshop
    root: Path
    study: bool

    @property
    def runs(self) -> Path:
        """The folder of runs."""
        return self.root / "runs"

    @property
    def archive(self) -> Path:
        """A run in a zip file."""
        return self.root / "run.zip"

    @property
    def shown(self) -> Path:
        """The finished run that the user looks at."""
        return self.runs / f"{_OTHERS}-000000-shown"

    def recipes(self) -> dict[str, Recipe]:
        """What the user queues, by name."""
        seed = "optimisation.seed=7"  # not the workshop's teacher: one of their own
        epochs = "optimisation.epochs=2"
        return {
            "a": self.shop.recipe("distillation.method=kl", seed, epochs),
            "b": self.shop.recipe("distillation.method=none", epochs),
            "c": self.shop.recipe("distillation.method=dist", seed, epochs),
        }

    def spares(self) -> list[Path]:
        """Finished runs to throw away."""
        return sorted(self.runs.glob("*-spare-*"))


def windows(shop: Workshop, count: int, seed: int) -> list[Tally]:
    """Kill windows until `count` strikes have hit; a line per kind. A queue that does not end as the undisturbed one
    counts each of its strikes as lost."""
    chance = random.Random(seed)
    hit: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    undisturbed = cache(partial(_undisturbed, shop))
    kinds: list[str] = []
    number = 0
    while sum(hit.values()) < count:
        number += 1
        study = number % 3 == 0
        room = open_room(shop, f"{seed}-{number}", study)
        struck, wrong = _torture(room, lambda: Strike(_next(kinds, chance), chance), undisturbed(study), count)
        hit.update(struck)
        if wrong:
            lost.update(struck)
            sys.stderr.write(f"a window struck {', '.join(struck)}: {wrong}\n")
        shutil.rmtree(room.root)
    return [Tally(kind, hit[kind], hit[kind] - lost[kind], lost[kind]) for kind in sorted(hit)]


def _next(kinds: list[str], chance: random.Random) -> str:
    """Draws kinds, each as often as the others."""
    if not kinds:
        kinds += [_row(name) for name in (*_PHASES, _BETWEEN, _QUEUE, *ACTIVITIES)] + list(map(_asked, _SIGNALS))
        chance.shuffle(kinds)
    return kinds.pop()


def _row(what: str) -> str:
    return f"kill -9 of the window, {what[0].lower()}{what[1:]}"


def _asked(name: str) -> str:
    return f"{name} to the window"


def open_room(shop: Workshop, name: str, study: bool) -> Room:
    """A room with a finished run to look at, a zip file to import, and runs to throw away."""
    room = Room(shop, shop.root / f"window-{name}", study)
    (teacher,) = [item.folder for item in list_runs(shop.runs) if item.status.name == "teacher"]
    for copy in (room.shown, *(room.runs / f"{_OTHERS}-00000{number}-spare-{number}" for number in range(_SPARES))):
        shutil.copytree(teacher, copy)
    export_run(teacher, room.archive)
    return room


def _torture(
    room: Room, strike: Callable[[], Strike], undisturbed: dict[str, Path], most: int
) -> tuple[list[str], str]:
    """One queue, its window struck and opened again until it is done; what struck it, and what went wrong."""
    struck: list[str] = []
    try:
        _live(room, None, fills=True, works=False)
        while True:
            last = len(struck) >= min(_KILLS_PER_QUEUE, most)
            blow = None if last else strike()
            end = _live(room, blow)
            if end == _ENDED:
                return struck, _outcome(room, undisturbed)
            assert blow is not None
            struck.append(blow.kind)
            checked = in_child(partial(_check, room, asked=end == _ASKED))
            assert (checked.signal, checked.said) == (0, ""), checked.said
    except Exception:
        return struck, traceback.format_exc()


def _undisturbed(shop: Workshop, study: bool) -> dict[str, Path]:
    room = open_room(shop, f"undisturbed-{study}", study)
    assert _live(room, None, fills=True) == _ENDED
    return {item.status.name: item.folder for item in list_runs(room.runs) if item.folder.name[:8] != _OTHERS}


def _outcome(room: Room, undisturbed: dict[str, Path]) -> str:
    """What is wrong with what the queue has left; empty when nothing is."""
    made = [item for item in list_runs(room.runs) if item.folder.name[:8] != _OTHERS and item.status.name != "teacher"]
    names = Counter(item.status.name for item in made)
    if names != Counter(undisturbed.keys()):
        return f"there are the runs {dict(names)}, expected one of each of {', '.join(undisturbed)}"
    if (room.runs / NAME).exists():
        return "the queue is not empty"
    unread = list(room.runs.glob(".queue.unread*"))
    if unread:
        return f"the queue was damaged: {unread}"
    wrong = [
        f"{item.status.name}: {difference}"
        for item in made
        for difference in differences(RunFolder(item.folder), RunFolder(undisturbed[item.status.name]))
    ]
    return f"it differs in {', '.join(wrong)}" if wrong else ""


def _check(room: Room, asked: bool) -> str:
    """After a blow, before the next window: nothing of the queue is lost, and every file is whole or not there."""
    file = QueueFile(room.runs)
    found = file.load()
    file.close()
    if file.refusal:
        return f"the queue can not be kept: {file.refusal}"
    finished = {item.status.name for item in list_runs(room.runs) if item.status.state is RunState.FINISHED}
    waiting = [entry.name for entry in found.entries]
    expected = ["study", "b"] if room.study else ["a", "b", "c"]
    gone = [name for name in expected if name not in waiting and name not in finished]
    if room.study and "study" in gone and all(member.finished for member in _study(room).members()):
        gone.remove("study")
    if gone or len(set(waiting)) != len(waiting):
        return f"the queue holds {waiting} while {sorted(finished)} are finished; {gone} are lost"
    begun = [entry.begun for entry in found.entries]  # none where the request came between two entries
    if asked and any(begun) and not begun[0]:
        return f"what was at work is not first: {waiting}"
    for item in list_runs(room.runs):
        check_whole(RunFolder(item.folder))
    binned = list((room.root / "data" / "Trash" / "files").glob("*-spare-*"))
    for folder in binned:
        check_whole(RunFolder(folder))
    if len(room.spares()) + len(binned) != _SPARES:
        return f"of {_SPARES} runs there are {len(room.spares())}, and {len(binned)} in the bin"
    return _check_files(room)


def _check_files(room: Room) -> str:
    for file in (room.root / "documents").glob("*"):
        if file.suffix == ".html":
            check_folder(file)  # whatever lies there, the next report takes its place
            names = _earlier_files(file) if (file / PAGE).exists() else []
            if lost := [name for name in names if not (file / name).is_file()]:
                return f"{file} is half a report, without {lost}"
        if file.suffix == ".onnx":
            import onnx

            onnx.checker.check_model(onnx.load(file))
        if file.suffix == ".zip":
            assert zipfile.ZipFile(file).testzip() is None
    return ""


def _study(room: Room) -> StudyFolder:
    return StudyFolder(room.runs / "studies" / "study")


# --- the window's process ---


def _live(room: Room, strike: Strike | None, *, fills: bool = False, works: bool = True) -> str:
    """A window from its opening to its end, in a process of its own; how it ended. One that `fills` the queue starts
    with that; one that does not work is closed at once. Raises AssertionError when it failed by itself."""
    ended = in_child(lambda: _window(room, strike, fills, works))
    if ended.signal == signal.SIGKILL and strike is not None:
        return _KILLED
    assert ended.signal == 0, f"the window died of signal {ended.signal}"
    assert not ended.failed, f"the window failed: {ended.said}"
    return ended.said


def _window(room: Room, strike: Strike | None, fills: bool, works: bool) -> str:
    """The life of the window's process."""
    own_folders(room.root)
    from PySide6.QtCore import QTimer

    from skinkd_gui.application import make_application
    from skinkd_gui.end_requests import EndRequests
    from skinkd_gui.main_window import MainWindow
    from skinkd_gui.workers.job import shut_down_all

    sys.excepthook = die_loudly
    application = make_application()
    trap = _Trap(strike)
    window = MainWindow(room.runs, trap.make_work)
    requests = EndRequests(application)
    requests.asked.connect(window.close_without_asking)
    window.show()
    if fills:
        _queue_all(window, room)
    else:
        window.queue.start_waiting()

    def look() -> None:
        trap.look(window, room)
        state = window.queue.state
        closing = trap.asked or not works
        assert closing or state.current is not None or not state.entries, f"the queue stands still: {state}"
        if not works or not state.entries:
            window.close_without_asking()

    timer = QTimer(application)
    timer.timeout.connect(look)
    timer.start(_MILLISECONDS)
    application.exec()
    assert shut_down_all(30_000)
    return _ENDED if not window.queue.state.entries else _ASKED


def die_loudly(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """An exception hook: an error in a slot ends the window."""
    traceback.print_exception(error)
    os._exit(3)


def own_folders(root: Path) -> None:
    """The home of nobody: settings, cache, documents and bin lie below a folder."""
    os.environ["SKINKD_CACHE"] = str(root / "cache")
    os.environ["SKINKD_STATE"] = str(root / "state")
    for name, folder in (("HOME", "home"), ("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data")):
        os.environ[name] = str(root / folder)
        (root / folder).mkdir(exist_ok=True)
    (root / "documents").mkdir(exist_ok=True)


def _queue_all(window: MainWindow, room: Room) -> None:
    recipes = room.recipes()
    if room.study:
        from core.study.definition import Configuration, Study

        configurations = (
            Configuration("teacher", "Teacher", teacher=True),
            Configuration("kl", "KL", (("distillation.method", "kl"),)),
        )
        study = create_study(Study("study", recipes["a"], configurations), room.runs)
        window.queue.add_study(study.path, "study")
        window.queue.add(recipes["b"], "b")
        return
    for name, recipe in recipes.items():
        window.queue.add(recipe, name)


class _Trap:
    """Strikes the process at the moment of a strike."""

    def __init__(self, strike: Strike | None) -> None:
        self.asked = False  # the window is to end by a signal
        self._strike = strike
        self._kind = "" if strike is None else strike.kind
        self._report: Emit = lambda event: None
        self._active = self._trained = False
        self._notes = 0
        if strike is None:
            return
        chance = strike.chance
        for phase in _PHASES:
            if self._kind == _row(phase):
                self._report = arm(Moment(phase, chance.randint(1, 3), chance.uniform(0.0, 0.12)))
        if self._kind == _row(_QUEUE):
            self._arm_writing(chance)

    def make_work(self, run: QueuedRun, conditions: Conditions) -> Work:
        """The queue's work, watched."""
        work = work_for(run, replace(conditions, note=self._watch_notes(conditions.note)))

        def watched(emit: Emit, token: CancelToken) -> object:
            def tell(event: Event) -> None:
                emit(event)
                self._trained = True
                self._report(event)

            return work(tell, token)

        return watched

    def look(self, window: MainWindow, room: Room) -> None:
        """Begin what the user does meanwhile, once something is at work."""
        if self._strike is None or self._active or not self._trained:
            return
        chance = self._strike.chance
        for name, number in _SIGNALS.items():
            if self._kind == _asked(name):
                self._active = self.asked = True
                die_after(chance.uniform(0.0, 1.5), number)
        for name, (begin, longest) in ACTIVITIES.items():
            if self._kind == _row(name):
                self._active = True
                begin(window, room)
                die_after(chance.uniform(0.0, longest))

    def _watch_notes(self, note: NotePlan) -> NotePlan:
        if self._strike is None or self._kind != _row(_BETWEEN):
            return note
        chance = self._strike.chance
        number, after, delay = chance.randint(1, 2), chance.random() < 0.7, chance.uniform(0.0, 0.03)

        def noted(entry: str, plan: tuple[object, ...]) -> None:
            self._notes += 1
            if self._notes == number and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            note(entry, plan)  # type: ignore[arg-type]
            if self._notes == number:
                die_after(delay)

        return noted

    def _arm_writing(self, chance: random.Random) -> None:
        """Within the n-th writing of the queue's file: before or after a flush, or the rename."""
        write, number, seen = atomic.write_text, chance.randint(1, 4), 0
        moment = Moment(_QUEUE, chance.randint(1, 2), 0.0, chance.random() < 0.5)

        def watched(path: Path, text: str) -> None:
            nonlocal seen
            seen += path.name == NAME
            if path.name == NAME and seen == number:
                die_at_flush(moment)
            write(path, text)

        atomic.write_text = watched


# --- what the user does meanwhile ---


def _classify(window: MainWindow, room: Room) -> None:
    window.classify_tab.choose_model(room.shown)
    window.classify_tab.add_paths(sorted(room.shop.data.rglob("*.jpg"))[:40])


def _export(window: MainWindow, room: Room) -> None:
    from skinkd_gui.results.export_dialog import ModelExportDialog

    dialog = ModelExportDialog(window, room.shown)
    dialog.target.setText(str(_document(room, "onnx")))
    dialog.open()
    dialog._start()


def _make_report(window: MainWindow, room: Room) -> None:
    from skinkd_gui.results.report_dialog import ReportDialog

    dialog = ReportDialog(window, [room.shown])
    dialog.target.setText(str(_document(room, "html")))
    dialog.open()
    dialog._start()


def _import(window: MainWindow, room: Room) -> None:
    window.results_tab.actions_.import_from([room.archive])


def _rename(window: MainWindow, room: Room) -> None:
    from core.runs.amending import rename_run
    from skinkd_gui.results.file_jobs import FileTask

    name = "shown" if RunFolder(room.shown).status().name != "shown" else "shown again"
    window.results_tab.actions_.jobs.start(FileTask(lambda token: rename_run(room.shown, name)))


def _bin(window: MainWindow, room: Room) -> None:
    from skinkd_gui.results.bin import BinnedRuns
    from skinkd_gui.results.file_jobs import FileTask

    spares = room.spares()[:1]
    window.results_tab.actions_.jobs.start(FileTask(BinnedRuns(spares).move))


def _document(room: Room, ending: str) -> Path:
    folder = room.root / "documents"
    return folder / f"{len(list(folder.iterdir()))}.{ending}"


ACTIVITIES: dict[str, tuple[Callable[[MainWindow, Room], None], float]] = {
    "Classify": (_classify, 1.5),
    "export": (_export, 3.0),
    "report": (_make_report, 2.0),
    "import": (_import, 0.2),
    "rename": (_rename, 0.06),
    "bin": (_bin, 0.06),
}
"""What begins it, and how many seconds it takes at most."""
