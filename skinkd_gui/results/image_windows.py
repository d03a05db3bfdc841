"""Opens windows with the images behind a cell, a bar, a group, or images won and lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from core.reporting.tables import KINDS
from core.runs.status import RunSummary
from skinkd_gui.results.cases import (
    CaseList,
    RunPredictions,
    cell_cases,
    chosen_cases,
    class_cases,
    lost_cases,
    moved_cases,
    won_cases,
    wrong_cases,
)
from skinkd_gui.results.images_view import ImagesView
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.helper import Helper

_MOST_WINDOWS = 6


class ImageWindows(Helper[QWidget]):
    """Keeps the windows that it opened; the oldest goes when there are too many."""

    data_asked = Signal(object, object)  # run folder, names of images that are to be shown in Data

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shown: Shown | None = None
        self._windows: list[ImagesView] = []

    @property
    def windows(self) -> tuple[ImagesView, ...]:
        """The open windows, oldest first."""
        return tuple(self._windows)

    def set_shown(self, shown: Shown) -> None:
        """What the requests are about."""
        self._shown = shown

    @Slot(object, str, str)
    def open_cell(self, run: RunSummary, truth: str, predicted: str) -> None:
        """The images of a cell of the confusion matrix."""
        self._open_of([run], cell_cases, truth, predicted)

    @Slot(object, str, str)
    def open_change(self, run: RunSummary, truth: str, predicted: str) -> None:
        """The images that stand in a cell with the run or with the baseline, not with both."""
        self._open_of([run, self._baseline], moved_cases, truth, predicted)

    @Slot(object)
    def open_wrong(self, run: RunSummary) -> None:
        """Everything that a run got wrong."""
        self._open_of([run], wrong_cases)

    @Slot(object, str)
    def open_class(self, run: RunSummary, code: str) -> None:
        """The test images of a class."""
        self._open_of([run], class_cases, code)

    @Slot(object, str)
    def open_won(self, run: RunSummary, code: str) -> None:
        """The images that only the run got right, of one true class or (empty) of all."""
        comparison = None if self._shown is None else self._shown.comparison(run)
        if comparison is not None:
            self._open_of([run, self._baseline], won_cases, comparison.won, code=code)

    @Slot(object, str)
    def open_lost(self, run: RunSummary, code: str) -> None:
        """The images that only the baseline got right."""
        comparison = None if self._shown is None else self._shown.comparison(run)
        if comparison is not None:
            self._open_of([run, self._baseline], lost_cases, comparison.lost, code=code)

    @Slot(object, str, str)
    def open_group(self, run: RunSummary, kind: str, name: str) -> None:
        """The images of a group of people."""
        evidence = None if self._shown is None else self._shown.evidence(run)
        if evidence is not None:
            from core.evaluation.subgroups import group_name

            rows = [row for row, person in enumerate(evidence.people) if group_name(person, kind) == name]
            self._open_of([run], chosen_cases, rows, f"{KINDS.get(kind, kind)}: {name}")

    def _open_of(
        self, runs: Sequence[RunSummary | None], cases: Callable[..., CaseList], *more: object, code: str = ""
    ) -> None:
        """Show what `cases` makes of the runs' predictions, if all are known; of one true class where one is named."""
        predictions = [each for each in map(self._predictions, runs) if each is not None]
        if len(predictions) == len(runs):
            self.open(_of_class(cases(*predictions, *more), code))

    def open(self, cases: CaseList) -> ImagesView:
        """Show a list of images in a window of its own."""
        while len(self._windows) >= _MOST_WINDOWS:
            self._windows[0].close()
        view = ImagesView(cases, self.owner.window())
        view.finished.connect(self._forget)
        view.data_asked.connect(self.data_asked)
        self._windows.append(view)
        view.show()
        return view

    @Slot()
    def _forget(self) -> None:
        view = self.sender()
        self._windows = [window for window in self._windows if window is not view]

    @property
    def _baseline(self) -> RunSummary | None:
        return None if self._shown is None else self._shown.baseline

    def _predictions(self, run: RunSummary | None) -> RunPredictions | None:
        known = None if self._shown is None or run is None else self._shown.known(run)
        if self._shown is None or run is None or known is None or known.evidence is None:
            return None
        return RunPredictions(
            self._shown.title(run), run.folder, known.evidence.predictions, known.evidence.classes, known.temperature
        )


def _of_class(cases: CaseList, code: str) -> CaseList:
    if not code:
        return cases
    kept = tuple(case for case in cases.cases if case.truth == code)
    return replace(cases, title=f"{cases.title}, of class {code}", cases=kept)
