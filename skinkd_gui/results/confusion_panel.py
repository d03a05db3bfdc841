"""Which classes a run takes for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from core.runs.status import RunSummary
from skinkd_gui.results.exporting import save_table_as
from skinkd_gui.results.figure_panel import FigurePanel, make_button
from skinkd_gui.widgets.labels import make_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle


class ConfusionPanel(QWidget):
    """The confusion matrix of one run, as numbers of images or as shares of the true class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("confusionPanel")
        self._run: RunSummary | None = None
        self.figure_panel = FigurePanel("Truth and prediction, on the test images", "confusion", self)
        self.shown = QComboBox(self)
        self.shown.setObjectName("confusionShown")
        self.shown.setAccessibleName("What the cells show")
        self.shown.addItem("Per cent of the true class", True)
        self.shown.addItem("Number of images", False)
        self.shown.currentIndexChanged.connect(self._draw)
        self._save = make_button("Save table...", "confusionSaveTable", self)
        self._save.clicked.connect(self._save_table)
        self.figure_panel.add_control(self.shown)
        self.figure_panel.add_control(self._save)
        layout = QVBoxLayout(self)
        layout.addWidget(self.figure_panel, 1)
        layout.addWidget(
            make_label(
                "Each row holds the images of one true class; the cell says how many of them were given the class of "
                "the column. What is right lies on the diagonal. The colour is the share of the row.",
                "small",
                self,
                wrap=True,
            )
        )
        self.set_run(None)

    def set_run(self, run: RunSummary | None) -> None:
        """Show a run's matrix."""
        self._run = run
        self._draw()

    @Slot()
    def _draw(self) -> None:
        run = self._run
        scores = None if run is None else run.scores
        self._save.setEnabled(scores is not None)
        self.shown.setEnabled(scores is not None)
        if run is None or scores is None:
            self.figure_panel.set_figure(
                None, "", "There are no test scores yet. They are made when a training has finished."
            )
            return
        normalise, title = bool(self.shown.currentData()), run.status.name

        def build(style: FigureStyle) -> Figure:
            from core.reporting.figures import confusion_matrix

            return confusion_matrix(scores, style, normalise, title=title)

        self.figure_panel.set_figure(build, f"confusion-{title}", "")

    @Slot()
    def _save_table(self) -> None:
        if self._run is None or self._run.scores is None:
            return
        scores = self._run.scores
        rows = [[code, *counts] for code, counts in zip(scores.classes, scores.confusion, strict=True)]
        header = ["truth \\ prediction", *scores.classes]
        save_table_as(self, header, rows, f"confusion-{self._run.status.name}")
