"""How a test image is drawn in a list: picture, what the runs said, the truth, the name."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QListView

from core.quantities import probability
from skinkd_gui.classify.picture_cards import CardLine, PictureCards
from skinkd_gui.results.cases import CasePrediction
from skinkd_gui.results.images_model import THUMBNAIL, CaseImagesModel
from skinkd_gui.widgets.theme import colours


class CardDelegate(PictureCards):
    """Paints cards of cases."""

    def __init__(self, model: CaseImagesModel, parent: QListView) -> None:
        super().__init__(model, THUMBNAIL, parent)
        self._model = model

    def line_count(self) -> int:
        """The truth, every run, the name."""
        return 2 + len(self._model.list.runs)

    def lines(self, row: int, palette: QPalette) -> list[CardLine]:
        """The words of a case."""
        case, runs = self._model.case(row), self._model.list.runs
        lines = [CardLine(f"Truth: {case.truth}", palette.text().color(), bold=True)]
        for run, prediction in zip(runs, case.predictions, strict=True):
            right = prediction.code == case.truth
            colour = QColor(colours().success if right else colours().warning)
            lines.append(CardLine(f"{run}: " if len(runs) > 1 else "", colour, _said(prediction, right)))
        return [*lines, CardLine(case.name, palette.placeholderText().color())]


def _said(prediction: CasePrediction, right: bool) -> str:
    return f"{'✓' if right else '✗'} {prediction.code} {probability(prediction.probability)}"
