"""One of each kind of Qt object that skinkd_gui declares, made of a folder of two finished runs and their data set."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import QObject, QSize
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QLayout,
    QListView,
    QMainWindow,
    QMenu,
    QTableView,
    QTabWidget,
    QWidget,
)

import skinkd_gui
from core.classes import CLASS_SETS
from core.data.choices import Choice, Option
from core.data.drift import Drift
from core.errors import SkinKDError
from core.inference.patients.tables import NO_PATIENTS
from core.inference.similar import SimilarCase
from core.recipe import Preset, Recipe, preset, set_values
from core.recipe.fields import field, resumable_fields
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.statement import StudyStatement
from skinkd_gui.results.cases import RunPredictions, class_cases
from skinkd_gui.settings.store import Settings
from skinkd_gui.training.wizard.form_grid import FormGrid
from skinkd_gui.training.wizard.state import WizardStep, initial_state
from skinkd_gui.training.work import Conditions
from tests.gui.training.scripted import Stage, batch, epoch_finished

LONG_LIVED = ("UnheardFailures", "ReleasedMemory", "Theme", "DemoDirector")
"""There is one of each, for as long as the program runs."""


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
    "grid: FormGrid": lambda place: FormGrid(place.window),
    "facts: Sequence[tuple[str, str]]": lambda place: (("key", "Title"),),
    "cells": lambda place: [QWidget(place.window)],
    "make": lambda place: QWidget,
    "work": lambda place: lambda emit, token: None,
    "words": lambda place: SimpleNamespace(name="x", make="Make", make_name="makeButton"),
    "box": lambda place: QSize(10, 10),
    "size": lambda place: QSize(10, 10),
    "thumbnail": lambda place: QSize(10, 10),
    "menu": lambda place: QMenu(place.window),
    "model: CardSource": lambda place: QObject(place.window),
    "most: int": lambda place: 3,
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
