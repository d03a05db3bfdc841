"""The bar that says that the images bring their own labels, and how the model does against them."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from skinkd_gui.classify.folder_facts import FolderFacts, FolderScores
from skinkd_gui.classify.score_words import score_line, training_line
from skinkd_gui.classify.scores_dialog import ScoresDialog
from skinkd_gui.widgets.banner import Banner


class LabelsBar(Banner):
    """Hidden while no image has a label."""

    def __init__(self, facts: FolderFacts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyLabelsBar")
        self._facts = facts
        self._names = ("", "")
        self._button = self.add_button("Scores...", "classifyScoresButton", self.open_scores)
        self._dialog: ScoresDialog | None = None

    def update_from(self, names: tuple[str, str], *, busy: bool) -> None:
        """Say what is known now; `names` are those of the models, `busy` tells that more answers come."""
        self._names = names
        known, scores = self._facts.known, self._facts.scores
        if known is None:
            self.show_message("")
            return
        self._button.setVisible(scores is not None and scores.first.detailed is not None)
        self.show_message(_sentence(scores, len(known.labels), busy=busy), self._kind_of(scores))
        if self._dialog is not None and scores is not None:
            self._dialog.show_scores(scores, names)

    @Slot()
    def open_scores(self) -> None:
        """Show the scores in full."""
        scores = self._facts.scores
        if scores is None:
            return
        if self._dialog is None:
            self._dialog = ScoresDialog(self.window())
            self._dialog.destroyed.connect(self._forget_dialog)
        self._dialog.show_scores(scores, self._names)
        self._dialog.show()
        self._dialog.raise_()

    def _kind_of(self, scores: FolderScores | None) -> str:
        return "warning" if scores is not None and scores.trained_on else "info"

    @Slot()
    def _forget_dialog(self) -> None:
        self._dialog = None


def _sentence(scores: FolderScores | None, labels: int, *, busy: bool) -> str:
    found = f"This folder has labels ({labels:,} images)."
    if scores is None or scores.first.detailed is None:
        return f"{found} How well the model does on it is shown when its images are classified."
    text = f"{found} {score_line(scores.first)}"
    if scores.second is not None and scores.second.detailed is not None:
        text += f" The second model: {score_line(scores.second)}"
    if scores.first.not_classified:
        text += f" {scores.first.not_classified:,} with a label were not classified and do not count."
    if busy:
        text += " More are being classified."
    return f"{text} {training_line(scores)}".strip()
