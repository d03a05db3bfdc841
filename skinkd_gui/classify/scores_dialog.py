"""The scores of a labelled folder in full: numbers, confusion matrix, every class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import (
    QTabWidget,
    QWidget,
)

from core.reporting.scored_runs import scored_model
from core.reporting.table import ResultsTable
from core.reporting.tables import per_class_table
from skinkd_gui.classify.score_words import score_line, training_line
from skinkd_gui.results.plain_table import PlainTable
from skinkd_gui.widgets.figure_view import FigureView
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.events import CancelToken, Emit
    from core.reporting.style import FigureStyle
    from skinkd_gui.classify.folder_facts import FolderScores

_ABOUT = (
    "These scores are about the images of this folder only. They say little about other images: other cameras, other "
    "people and other shares of diagnoses change them."
)


class ScoresDialog(PassingDialog):
    """Shows `FolderScores`; stays open while more images are classified."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, "classifyScoresDialog", "Scores on this folder", QSize(860, 680))
        self._scores: FolderScores | None = None
        self._names = ("", "")
        self._ready = False
        self._loading = JobSlot(self, ended=self._figures_loaded)
        tabs = named(QTabWidget(self), "classifyScoresTabs", "Scores on this folder")
        self._text = make_label("", "", self, wrap=True, name="classifyScoresText")
        self._figure = named(FigureView("Drawing...", self), "classifyConfusion", "Confusion matrix of this folder")
        self._table = PlainTable("classifyScoresTable", "Scores of every class", self)
        tabs.addTab(self._figure, "Confusion matrix")
        tabs.addTab(self._table, "Every class")
        close = make_button("Close", "classifyScoresClose", self, clicked=self.reject)
        close.setDefault(True)
        column_of(
            self._text,
            make_label(_ABOUT, "muted", self, wrap=True),
            (tabs, 1),
            row_of(STRETCH, close),
            on=self,
            margins=(20, 20, 20, 16),
            spacing=12,
        )

    def show_scores(self, scores: FolderScores, names: tuple[str, str]) -> None:
        """Show other scores; `names` are those of the models."""
        if scores is self._scores:
            return
        self._scores, self._names = scores, names
        lines = [f"{names[0]}: {score_line(scores.first)}"]
        if scores.second is not None:
            lines.append(f"{names[1]}: {score_line(scores.second)}")
        if scores.first.not_classified:
            lines.append(f"{scores.first.not_classified:,} images with a label were not classified and do not count.")
        if scores.first.without_label:
            lines.append(f"{scores.first.without_label:,} classified images have no label and do not count.")
        where = ", ".join(str(path) for path in scores.first.where)
        lines += [training_line(scores), f"Labels: {where}"]
        self._text.setText("\n".join(breakable(line) for line in lines if line))
        first, table = scores.first, ResultsTable("")
        if first.detailed is not None:
            table = per_class_table(scored_model("this folder", first.classes, first.detailed, first.intervals))
        self._table.fill(table)
        self._draw()

    def _draw(self) -> None:
        if self._ready:
            self._figure.draw(self._build_figure)
        elif not self._loading.running:  # the first figure of a program takes a second to load
            self._loading.start(_load_figures)

    @Slot()
    def _figures_loaded(self) -> None:
        self._ready = True
        self._draw()

    def _build_figure(self, style: FigureStyle) -> Figure:
        from core.reporting.confusion_figures import confusion_matrix, confusion_pair
        from core.reporting.style import message_figure

        scores = self._scores
        if scores is None or scores.first.detailed is None:
            return message_figure(style, "No image of this folder has both a label and an answer.")
        if scores.second is not None and scores.second.detailed is not None:
            pair = scores.first.detailed.scores, scores.second.detailed.scores
            return confusion_pair(*pair, style, normalise=False, titles=self._names)
        return confusion_matrix(scores.first.detailed.scores, style, normalise=False)


def _load_figures(emit: Emit, token: CancelToken) -> None:

    import core.reporting.confusion_figures  # noqa: F401
