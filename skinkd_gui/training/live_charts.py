"""The two charts of the live view: losses and validation scores by epoch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from core.events import EpochRecord
from skinkd_gui.widgets.figure_view import FigureView
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import delay
from skinkd_gui.widgets.threaded_figure_view import ThreadedFigureView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle

_REDRAW_MILLISECONDS = 1500


class LiveCharts(QWidget):
    """Draws a history at once, then at most every 1.5 seconds, and only while it can be seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("liveCharts")
        self._history: tuple[EpochRecord, ...] = ()
        self._drawn: tuple[EpochRecord, ...] = ()
        text = "The curve begins when the first epoch is finished."
        self.losses = named(ThreadedFigureView(text, self), "lossChart", "Loss by epoch")
        self.scores = named(ThreadedFigureView(text, self), "scoreChart", "Validation scores by epoch")
        row_of(
            (_card("Loss", self.losses), 1),
            (_card("Scores on the validation images", self.scores), 1),
            on=self,
            margins=0,
            spacing=12,
        )
        self._timer = delay(self, self._redraw, _REDRAW_MILLISECONDS)

    def set_history(self, history: tuple[EpochRecord, ...]) -> None:
        """Show these epochs."""
        self._history = history
        if not history:
            self._timer.stop()
            self._drawn = ()
            self.losses.draw(None)
            self.scores.draw(None)
        elif not self._timer.isActive():
            self._redraw()

    @Slot()
    def _redraw(self) -> None:
        if self._history == self._drawn or not self.isVisible():
            return
        self._drawn = self._history
        self.losses.draw(partial(_losses, self._drawn))
        self.scores.draw(partial(_scores, self._drawn))
        self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while hidden."""
        super().showEvent(event)
        self._redraw()


def _losses(history: tuple[EpochRecord, ...], style: FigureStyle) -> Figure:
    from core.reporting.figures import loss_curves

    return loss_curves(history, style)


def _scores(history: tuple[EpochRecord, ...], style: FigureStyle) -> Figure:
    from core.reporting.figures import score_curves

    return score_curves(history, style)


def _card(title: str, view: FigureView) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "card")
    # both charts are equally wide, whatever size their figures would like to have
    frame.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
    column_of(make_label(title, "heading", frame), (view, 1), on=frame, margins=(12, 10, 12, 10))
    return frame
