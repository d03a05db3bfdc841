"""Every window, dialog, panel, page and worker of the window is opened, used and closed, and nothing of it stays.

What a cycle of references keeps is destroyed by Python's collector, in whichever thread that happens to run. With
collection off `gc.get_objects` names it.
"""

from __future__ import annotations

import gc
import inspect
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QMainWindow,
    QMenu,
    QStyle,
    QWidget,
)
from shiboken6 import isValid

from core.classes import CLASS_SETS
from core.inference.similar import SimilarCase
from skinkd_gui.classify.similar_job import ShownCase
from skinkd_gui.data.entries import Aspect
from skinkd_gui.widgets import opening
from skinkd_gui.workers.job import running_jobs
from tests.gui.every_kind import KINDS, Place, make
from tests.gui.training.scripted import RECIPE

NO_FILE = {
    "getOpenFileName": ("", ""),
    "getSaveFileName": ("", ""),
    "getOpenFileNames": ([], ""),
    "getExistingDirectory": "",
}
"""What a file dialog says when nothing was chosen."""
_PATIENCE = 60  # seconds


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
