"""Every window, dialog, panel, page and worker of the window is opened, used and closed, and nothing of it stays.

What a cycle of references keeps is destroyed by Python's collector, in whichever thread that happens to run. With
collection off `gc.get_objects` names it.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import pkgutil
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QGridLayout,
    QLayout,
    QListView,
    QMainWindow,
    QMenu,
    QStyle,
    QTableView,
    QTabWidget,
    QWidget,
)
from shiboken6 import isValid

import skinkd_gui
from core.classes import CLASS_SETS
from core.data.choices import Choice, Option
from core.data.drift import Drift
from core.errors import SkinKDError
from core.events import CancelSource
from core.inference.patients.tables import NO_PATIENTS
from core.inference.similar import SimilarCase
from core.recipe import Preset, Recipe, preset, set_values
from core.recipe.fields import field, resumable_fields
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.statement import StudyStatement
from skinkd_gui.classify.similar_job import ShownCase
from skinkd_gui.data.entries import Aspect
from skinkd_gui.results.cases import RunPredictions, class_cases
from skinkd_gui.settings.store import Settings
from skinkd_gui.training.wizard.state import WizardStep, initial_state
from skinkd_gui.training.work import Conditions
from skinkd_gui.widgets import opening
from skinkd_gui.widgets.theme import theme
from skinkd_gui.workers.job import running_jobs
from skinkd_gui.workers.preload import load_engine
from tests.gui.training.scripted import RECIPE, Stage, batch, epoch_finished

LONG_LIVED = ("UnheardFailures", "ReleasedMemory", "Theme", "DemoDirector")
"""There is one of each, for as long as the program runs."""
NO_FILE = {
    "getOpenFileName": ("", ""),
    "getSaveFileName": ("", ""),
    "getOpenFileNames": ([], ""),
    "getExistingDirectory": "",
}
"""What a file dialog says when nothing was chosen."""
_PATIENCE = 60  # seconds


@dataclass(frozen=True)
class Place:
    """Where windows are opened, and of what: over a window, of a folder of two finished runs and their data set."""

    window: QMainWindow
    runs: Path
    data: Path

    @property
    def run(self) -> RunFolder:
        """One of the runs."""
        return RunFolder(self.runs / "one")

    @property
    def pictures(self) -> list[Path]:
        """Some of the data set's."""
        return sorted(self.data.rglob("*.jpg"))[:3]

    def cases(self) -> object:
        """The answers to the test images of a class."""
        classes = self.run.recipe().class_set
        return class_cases(RunPredictions("run", self.run.path, self.run.predictions(), classes, 1.0), "NV")


def kinds() -> dict[str, type[QObject]]:
    """Every public kind of Qt object that skinkd_gui declares, by its module and name."""
    modules = [module.name for module in pkgutil.walk_packages(skinkd_gui.__path__, "skinkd_gui.")]
    found = {
        f"{kind.__module__[len('skinkd_gui.') :]}.{kind.__name__}": kind
        for name in modules
        if not name.endswith("__main__")
        for kind in vars(importlib.import_module(name)).values()
        if inspect.isclass(kind) and issubclass(kind, QObject) and kind.__module__ == name and kind.__name__[0] != "_"
    }
    return {
        name: kind
        for name, kind in sorted(found.items())
        if kind.__name__ not in LONG_LIVED and not issubclass(kind, QLayout)
    }


KINDS = kinds()

VALUES: dict[str, Callable[[Place], Any]] = {
    "parent": lambda place: place.window,
    "owner": lambda place: place.window,
    "window": lambda place: place.window,
    "application": lambda place: QApplication.instance(),
    "runs_root": lambda place: place.runs,
    "runs_root: Callable[[], Path]": lambda place: lambda: place.runs,
    "runs: Path": lambda place: place.runs,
    "runs: Sequence[RunSummary]": lambda place: list_runs(place.runs),
    "run": lambda place: list_runs(place.runs)[0],
    "number: int": lambda place: 0,
    "folder": lambda place: place.run.path,
    "folders": lambda place: [place.run.path],
    "source: Path": lambda place: place.run.path,
    "source: ExportSource": lambda place: SimpleNamespace(
        every=(), shown=(), selected=(), second=(), truths={}, patients=NO_PATIENTS
    ),
    "asked": lambda place: place.pictures[0],
    "cases: CaseList": Place.cases,
    "cases: Sequence[SimilarCase]": lambda place: [SimilarCase("x", place.pictures[1], "NV", 0.9)],
    "choice": lambda place: Choice("data.label_column", "Which column", (Option("a", "x"), Option("b", "y"))),
    "classes": lambda place: CLASS_SETS["isic2019"],
    "icon_name": lambda place: "chart",
    "drift": lambda place: Drift(3, 0.5, ()),
    "known": lambda place: ["tag"],
    "error": lambda place: SkinKDError("Title", "Summary", "details"),
    "settings: Settings": lambda place: Settings(),
    "settings: Mapping[str, str]": lambda place: {},
    "conditions": lambda place: Conditions(place.runs),
    "make_work": lambda place: Stage((batch(1, 2, 1, 2), epoch_finished(1, 2))),
    "state": lambda place: initial_state(tiny(), str(place.data)),
    "recipe": lambda place: tiny(),
    "data_path": lambda place: str(place.data),
    "step": lambda place: WizardStep.DATA,
    "specs": lambda place: resumable_fields(),
    "spec": lambda place: field("optimisation.epochs"),
    "section": lambda place: "student",
    "suggested": lambda place: (("test_resnet", "small"),),
    "tabs: Owner": lambda place: QTabWidget(place.window),
    "table: QTableView": lambda place: QTableView(place.window),
    "parent: QListView": lambda place: QListView(place.window),
    "grid": lambda place: QGridLayout(QWidget(place.window)),
    "make": lambda place: QWidget,
    "work": lambda place: lambda emit, token: None,
    "words": lambda place: SimpleNamespace(name="x", make="Make", make_name="makeButton"),
    "box": lambda place: QSize(10, 10),
    "size": lambda place: QSize(10, 10),
    "thumbnail": lambda place: QSize(10, 10),
    "menu": lambda place: QMenu(place.window),
    "model: CardSource": lambda place: QObject(place.window),
    "most_waiting": lambda place: 5,
    "keep": lambda place: True,
    "statements": lambda place: ((place.run.path, StudyStatement()),),
    "index": lambda place: 0,
    "current": lambda place: None,
    "can_save": lambda place: True,
    "row": lambda place: 0,
    "sample": lambda place: place.pictures[0],
    "paths": lambda place: place.pictures,
    "columns": lambda place: lambda: NO_PATIENTS,
}
"""What a parameter is given, by its name, where there are several by its name and type. Texts and other kinds of Qt
objects need no entry."""


def tiny() -> Recipe:
    """Networks that are made at once."""
    changes = ("data.image_size=32", "teacher.architecture=test_resnet", "teacher.weights=none")
    changes += ("student.architecture=test_efficientnet", "student.weights=none", "optimisation.epochs=1")
    return set_values(preset(Preset.QUICK), [*changes, "hardware.device=cpu", "hardware.threads=1"])


def value(kind: type[QObject], parameter: inspect.Parameter, place: Place) -> Any:
    """What a parameter of a kind is given."""
    name, wanted = parameter.name, parameter.annotation
    entry = VALUES.get(f"{name}: {wanted}") or VALUES.get(name)
    if entry is not None:
        return entry(place)
    if wanted == "str":
        return "text"
    other = vars(sys.modules[kind.__module__]).get(wanted)
    other = other or next((each for each in KINDS.values() if each.__name__ == wanted), None)
    assert other is not None, f"VALUES has nothing for {name}: {wanted} of {kind.__name__}"
    return make(other, place)


def make(kind: type[QObject], place: Place) -> Any:
    """One of a kind, with what its parameters ask for."""
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    asked = [each for each in parameters if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)]
    return kind(
        **{each.name: value(kind, each, place) for each in asked if each.default is each.empty or each.name in VALUES}
    )


# --- what the user does ---


def use_window(window: Any, place: Place) -> None:
    """Train a little, and choose everything in the menus but to quit."""
    window.queue.add(RECIPE, "a run")
    settle(jobs=False)
    trigger(window, lambda action: action.objectName().endswith("Action") and action.objectName() != "quitAction")
    window.queue.stop_current()


def use_results(tab: Any, place: Place) -> None:
    """Look at everything about one run and about two, and choose everything that can be done with them but to bin."""
    for folders in ((place.run.path,), tuple(sorted(place.runs.iterdir()))):
        wait(lambda: tab.listed)
        tab.table.select(folders)
        wait(lambda: tab.details_ready)
        for index in range(tab.details.count()):
            tab.details.setCurrentIndex(index)
            settle()
        trigger(tab.bar, lambda action: action is not tab.bar.bin)


def use_classify(tab: Any, place: Place) -> None:
    """Classify images, look at one, and open what there is to open."""
    tab.choose_model(place.run.path)
    settle()
    tab.add_paths(place.pictures)
    settle()
    for open_dialog in (tab.open_card, tab.open_export, tab.open_patients, tab._sessions.open_dialog):
        open_dialog()
        settle()
        close_dialogs()


def walk(wizard: Any, place: Place) -> None:
    """Look at every page."""
    while wizard.next_button.isVisible():
        wait(wizard.next_button.isEnabled)
        wizard.next_button.click()
        settle()


def use_data(tab: Any, place: Place) -> None:
    """Open a data set, ask a run about it, correct, compare and export."""
    tab.open(place.data)
    settle()
    tab.bar.run.setCurrentIndex(tab.bar.run.count() - 1)
    settle()
    tab.filters.clear()
    tab.facts.relabelled.emit("NV")
    tab.facts.exclusion_toggled.emit(True)
    tab.filters.show_aspect(Aspect.UNUSUAL)
    settle()
    tab.comparison.compare(place.data, tab.session.opened)
    settle()
    tab.session.export(place.runs.with_suffix(".csv"))
    settle()


USES: dict[str, Callable[[Any, Place], None]] = {
    "data.data_tab.DataTab": use_data,
    "main_window.MainWindow": use_window,
    "results.results_tab.ResultsTab": use_results,
    "classify.classify_tab.ClassifyTab": use_classify,
    "classify.similar_view.CaseButton": lambda button, place: button.show_case(
        ShownCase(SimilarCase("x", None, "NV", 0.9), None), CLASS_SETS["isic2019"]
    ),
    "training.wizard.dialog.TrainingWizard": walk,
    "end_requests.EndRequests": lambda requests, place: requests.close(),
    "workers.job.Job": lambda job, place: job.start(),
}
"""What is done with some kinds besides showing them."""


def trigger(widget: QWidget, wanted: Callable[[QAction], bool]) -> None:
    """Choose these actions of a widget one after the other, where they can be chosen, and close what they open."""
    for action in widget.findChildren(QAction):
        if action.isEnabled() and wanted(action):
            action.trigger()
            settle(jobs=False)
            close_dialogs()


def close_dialogs() -> None:
    """Close every dialog."""
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog):
            widget.reject()
    settle(jobs=False)


def settle(jobs: bool = True) -> None:
    """Let everything happen that is under way, deletions too; with `jobs` what runs in threads, too."""
    for _ in range(3):
        wait(lambda: not jobs or not running_jobs())
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def wait(until: Callable[[], bool]) -> None:
    """Let events happen until then. (What pytest-qt waits with stays for a while.)"""
    deadline = time.monotonic() + _PATIENCE
    while not until():
        assert time.monotonic() < deadline, inspect.getsource(until)
        QApplication.processEvents()
        time.sleep(0.001)


def close(widget: Any) -> None:
    """As its owner does when it ends."""
    if not isValid(widget):  # it went with another
        return
    leave = widget.reject if isinstance(widget, QDialog) else widget.close
    getattr(widget, "close_without_asking", leave)()
    wait(lambda: not isValid(widget) or not widget.isVisible())
    settle(jobs=False)


@pytest.fixture(scope="module")
def used_before(
    qapp: QApplication, finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder with two runs, in a process that has loaded its libraries and made what lives as long as it does."""
    runs = tmp_path_factory.mktemp("stays")
    for name in ("one", "two"):
        shutil.copytree(finished_run.path, runs / name)
    kept = theme(), qapp.style()
    load_engine(lambda event: None, CancelSource().token)
    yield runs
    del kept


@pytest.mark.parametrize("name", KINDS)
def test_nothing_stays(name: str, used_before: Path, sample_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for asked, nothing in NO_FILE.items():
        monkeypatch.setattr(QFileDialog, asked, partial(_answer, nothing))
    monkeypatch.setattr(opening, "open_address", lambda address: None)
    gc.freeze()
    lives(KINDS[name], USES.get(name), used_before, sample_set)
    left = stayed()
    gc.freeze()  # what tests before this one left is theirs
    assert not left, left[:20]


def _answer(answer: object, *_: object, **__: object) -> object:
    return answer


def lives(kind: type[QObject], use: Callable[[Any, Place], None] | None, runs: Path, data: Path) -> None:
    """The life of one of a kind, in a window."""
    place = Place(QMainWindow(), runs, data)
    place.window.show()
    made = make(kind, place)
    if isinstance(made, QWidget) and not isinstance(made, QMenu):
        made.show()
    if use is not None:
        use(made, place)
    settle(jobs="Window" not in kind.__name__)
    if hasattr(made, "shut_down"):
        made.shut_down()
    for widget in QApplication.topLevelWidgets():
        close(widget)
    for thing in (made, *QApplication.topLevelWidgets()):
        if isValid(thing):
            thing.deleteLater()
    settle()


def stayed() -> list[str]:
    """The Qt objects, dead ones too, that were made since collection was last frozen, each with what holds it."""
    found = [thing for thing in gc.get_objects() if issubclass(type(thing), QObject)]
    found = [thing for thing in found if not isinstance(thing, QStyle)]  # the application's, another with other colours
    gc.unfreeze()  # what is frozen does not count as a holder
    return [
        f"{type(thing).__name__} in {sorted({type(each).__name__ for each in gc.get_referrers(thing)})}"
        for thing in found
    ]
