"""Which classes runs take for which: one run, two side by side, or what changed since the baseline."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QMenu, QWidget

from core.reporting.picking import CellPick
from core.reporting.tables import confusion_table
from core.runs.status import RunSummary
from skinkd_gui.results.details import UNTESTED
from skinkd_gui.results.exporting import save_table_as
from skinkd_gui.results.figure_panel import FigurePanel
from skinkd_gui.results.run_chooser import RunChooser
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import make_button

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle

_MOST_LISTED = 10
_ONE = (
    "A row holds the images of one true class, a cell those given the class of its column; what is right lies on the "
    "diagonal. Click a cell to see its images."
)
_CHANGE = (
    "What the run says more or less often than the baseline. More on the diagonal is better, more beside it is worse. "
    "Click a cell to see the images on which the two differ there."
)


class View(Enum):
    """What is drawn; the value is shown."""

    ONE = "This run"
    PAIR = "Beside the baseline"
    CHANGE = "Difference from the baseline"


class ConfusionPanel(QWidget):
    """Confusion matrices as numbers of images or as shares of the true class."""

    run_chosen = Signal(object)  # the folder of the run to show
    cell_asked = Signal(object, str, str)  # RunSummary, truth, prediction: the images of a cell are wanted
    change_asked = Signal(object, str, str)  # the same of the difference between a run and the baseline
    wrong_asked = Signal(object)  # RunSummary: everything it got wrong

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("confusionPanel")
        self._view = View.ONE
        self._shown_runs: Shown | None = None
        self._panels: tuple[RunSummary, ...] = ()
        self.figure_panel = FigurePanel("Confusion", "confusion", self)
        self.figure_panel.set_clickable("Click to see these images")
        self.figure_panel.picked.connect(self._open_cell)
        self.runs = RunChooser("confusionRun", "The run whose matrix is shown", self)
        self.runs.chosen.connect(self.run_chosen)
        self.view = named(QComboBox(self), "confusionView", "One run, two runs or their difference")
        self.view.currentIndexChanged.connect(self._change_view)
        self.shown = named(QComboBox(self), "confusionShown", "What the cells show")
        self.shown.addItem("Per cent", True)
        self.shown.addItem("Images", False)
        self.shown.currentIndexChanged.connect(self._draw)
        self._images = make_button("Show images", "confusionImages", self)
        self._menu = QMenu(self)
        self._menu.setObjectName("confusionImagesMenu")
        self._images.setMenu(self._menu)
        self._save = make_button("Save table...", "confusionSaveTable", self, clicked=self._save_table)
        for widget in (self.runs, self.view, self.shown, self._images, self._save):
            self.figure_panel.add_control(widget)
        self._note = make_label(_ONE, "small", self, wide=True)
        column_of((self.figure_panel, 1), self._note, on=self)
        self._draw()

    def show_runs(self, shown: Shown) -> None:
        """Show the matrix of the run in front."""
        self._shown_runs = shown
        pairs = shown.front is not None and shown.baseline is not None and shown.baseline.scores is not None
        with QSignalBlocker(self.view):
            self.view.clear()
            for view in View if pairs else (View.ONE,):
                self.view.addItem(view.value, view)
            self.view.setCurrentIndex(max(0, self.view.findData(self._view)))
        self.view.setVisible(pairs)
        self._draw()

    @Slot()
    def _change_view(self) -> None:
        self._view = self.view.currentData()
        self._draw()

    @Slot()
    def _draw(self) -> None:
        shown = self._shown_runs
        view = self.view.currentData() or View.ONE
        front = None if shown is None else shown.current if view is View.ONE else shown.front
        self._panels = ()
        if shown is not None and front is not None:
            self.runs.offer(shown, shown.together if view is View.ONE else shown.others, front)
            runs = (front,) if view is View.ONE or shown.baseline is None else (shown.baseline, front)
            self._panels = runs if all(run.scores is not None for run in runs) else ()
        for widget in (self._save, self.shown):
            widget.setEnabled(bool(self._panels))
        self._note.setText(_CHANGE if view is View.CHANGE else _ONE)
        self._list_images()
        if shown is None or not self._panels:
            self.figure_panel.set_figure(None, "", UNTESTED)
            return
        self._draw_runs(shown, view)

    def _draw_runs(self, shown: Shown, view: View) -> None:
        scores = [run.scores for run in self._panels if run.scores is not None]
        titles = [shown.title(run) for run in self._panels]
        normalise = bool(self.shown.currentData())

        def build(style: FigureStyle) -> Figure:
            from core.reporting import figures

            if view is View.ONE:
                return figures.confusion_matrix(scores[0], style, normalise, title=titles[0])
            if view is View.PAIR:
                pair = (f"{titles[0]} (baseline)", titles[1])
                return figures.confusion_pair(scores[0], scores[1], style, normalise, pair)
            title = f"{titles[1]} minus {titles[0]}"
            return figures.difference_matrix(scores[0], scores[1], style, normalise, title=title)

        self.figure_panel.set_figure(build, f"confusion-{'-'.join(titles)}", "")

    def _list_images(self) -> None:
        self._menu.clear()
        shown, run = self._shown_runs, self._panels[-1] if self._panels else None
        evidence = None if shown is None or run is None else shown.evidence(run)
        self._images.setEnabled(evidence is not None)
        if evidence is None:
            return
        classes = evidence.classes
        everything = QAction("All images classified wrongly", self._menu)
        everything.triggered.connect(self._open_wrong)
        self._menu.addAction(everything)
        self._menu.addSection("Most frequent")
        for truth, predicted, count in evidence.detailed.scores.largest_confusions()[:_MOST_LISTED]:
            text = f"{classes.title_of(truth)} taken for {classes.title_of(predicted)}: {count:,}"
            action = QAction(text, self._menu)
            action.setData((truth, predicted))
            action.triggered.connect(self._open_listed)
            self._menu.addAction(action)

    @Slot()
    def _open_wrong(self) -> None:
        if self._panels:
            self.wrong_asked.emit(self._panels[-1])

    @Slot()
    def _open_listed(self) -> None:
        action = self.sender()
        if isinstance(action, QAction) and self._panels:
            truth, predicted = action.data()
            self.cell_asked.emit(self._panels[-1], truth, predicted)

    @Slot(object)
    def _open_cell(self, pick: object) -> None:
        if not isinstance(pick, CellPick) or not self._panels:
            return
        if self.view.currentData() is View.CHANGE:
            self.change_asked.emit(self._panels[-1], pick.truth, pick.prediction)
        elif pick.panel < len(self._panels):
            self.cell_asked.emit(self._panels[pick.panel], pick.truth, pick.prediction)

    @Slot()
    def _save_table(self) -> None:
        if self._shown_runs is not None:
            runs = [self._shown_runs.scored(run) for run in self._panels]
            save_table_as(self, confusion_table(*runs, whole=True), f"confusion-{'-'.join(run.title for run in runs)}")
