"""How a training went: losses and validation scores by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from core.events import EpochRecord
from core.reporting.style import shorten
from skinkd_gui.results.figure_panel import FigurePanel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle


class CurvesPanel(QWidget):
    """Two figures side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curvesPanel")
        self.losses = FigurePanel("Loss", "loss", self)
        self.scores = FigurePanel("Scores on the validation images", "score", self)
        layout = QHBoxLayout(self)
        layout.setSpacing(16)
        layout.addWidget(self.losses, 1)
        layout.addWidget(self.scores, 1)

    def set_history(self, history: Sequence[EpochRecord] | None, name: str) -> None:
        """Show a training; None while it is being read."""
        self.losses.set_heading(f"Loss of {shorten(name, 32)}")
        self.scores.set_heading("Scores on the validation images")
        if not history:
            text = "Reading the run..." if history is None else "No epoch is finished yet."
            self.losses.set_figure(None, "", text)
            self.scores.set_figure(None, "", text)
            return
        records = tuple(history)

        def build_losses(style: FigureStyle) -> Figure:
            from core.reporting.figures import loss_curves

            return loss_curves(records, style)

        def build_scores(style: FigureStyle) -> Figure:
            from core.reporting.figures import score_curves

            return score_curves(records, style)

        self.losses.set_figure(build_losses, f"loss-{name}", "")
        self.scores.set_figure(build_scores, f"scores-{name}", "")
