"""How trainings went: losses and validation scores by epoch, of one run or overlaid for several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QComboBox, QWidget

from core.reporting.short_text import shorten
from skinkd_gui.results.f1_panel import MOST_DRAWN
from skinkd_gui.results.figure_panel import FigurePanel
from skinkd_gui.results.shown import READING, Shown
from skinkd_gui.widgets.layouts import named, row_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.curve_figures import Curve
    from core.reporting.style import FigureStyle

_ALL_LOSSES, _ALL_SCORES = "losses", "scores"
_LOSSES = (
    ("All parts", _ALL_LOSSES),
    ("In all", "loss"),
    ("From the labels", "classification_loss"),
    ("From the teacher", "distillation_loss"),
    ("Teacher by labels", "loss_ratio"),
)
_SCORES = (
    ("All scores", _ALL_SCORES),
    ("Weighted F1", "weighted_f1"),
    ("Accuracy", "accuracy"),
    ("Learning rate", "learning_rate"),
)
_NONE = "No epoch is finished yet."


class CurvesPanel(QWidget):
    """Two figures side by side, each with its choice of what is drawn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curvesPanel")
        self._shown: Shown | None = None
        self.losses = FigurePanel("Training loss", "loss", self)
        self.scores = FigurePanel("Validation scores", "score", self)
        self.loss_choice = named(QComboBox(self), "curvesLoss", "Which loss is drawn")
        self.score_choice = named(QComboBox(self), "curvesScore", "Which score is drawn")
        self.losses.add_control(self.loss_choice)
        self.scores.add_control(self.score_choice)
        self.loss_choice.currentIndexChanged.connect(self._draw)
        self.score_choice.currentIndexChanged.connect(self._draw)
        row_of((self.losses, 1), (self.scores, 1), on=self, spacing=16)

    def show_runs(self, shown: Shown) -> None:
        """Show the trainings; what is not read yet is said."""
        self._shown = shown
        several = len(shown.together) > 1
        _offer(self.loss_choice, _LOSSES[1:] if several else _LOSSES)
        _offer(self.score_choice, _SCORES[1:] if several else _SCORES)
        self._draw()

    @Slot()
    def _draw(self) -> None:
        if self._shown is None:
            return
        self._draw_one(self.losses, self.loss_choice, "Training loss", "loss")
        rate = self.score_choice.currentData() == "learning_rate"
        heading = "Learning rate" if rate else "Scores on the validation images"
        self._draw_one(self.scores, self.score_choice, heading, "scores")

    def _draw_one(self, panel: FigurePanel, choice: QComboBox, heading: str, stem: str) -> None:
        shown, what = self._shown, choice.currentData()
        if shown is None:
            return
        runs = shown.together[:MOST_DRAWN]
        histories = [(shown.title(run), shown.details(run).history) for run in runs]
        name = shown.title(runs[0])
        one = len(runs) == 1
        more = "" if len(runs) == len(shown.together) else f" of {MOST_DRAWN} of {len(shown.together)} runs"
        panel.set_heading(f"{heading} of {shorten(name, 24)}" if one else f"{heading}{more}")
        if not any(history for _, history in histories):
            panel.set_figure(None, "", READING if shown.findings is None else _NONE)
            return

        def build(style: FigureStyle) -> Figure:
            from core.reporting import figures

            if what == _ALL_LOSSES:
                return figures.loss_curves(histories[0][1], style)
            if what == _ALL_SCORES:
                return figures.score_curves(histories[0][1], style)
            curve: Curve = what
            return figures.overlaid_curves(histories, curve, style)

        panel.set_figure(build, f"{stem}-{name}" if one else f"{stem}-of-runs", "")


def _offer(box: QComboBox, choices: tuple[tuple[str, str], ...]) -> None:
    """Replace what can be chosen and keep the choice where it is still offered."""
    kept = box.currentData()
    with QSignalBlocker(box):
        box.clear()
        for text, value in choices:
            box.addItem(text, value)
        box.setCurrentIndex(max(0, box.findData(kept)))
