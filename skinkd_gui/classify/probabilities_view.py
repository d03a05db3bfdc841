"""The probabilities below the verdict: bars, and the class that is chosen in plain words. Folded where they mean
nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QWidget

from core.classes import ClassSet
from core.inference.results import Classification
from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.probability_bars import ProbabilityBars
from skinkd_gui.classify.verdict_view import model_name
from skinkd_gui.classify.verdict_words import OUT_OF_DISTRIBUTION_REASON, is_out_of_distribution
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of
from skinkd_gui.widgets.parts import make_button

_SHOW, _HIDE = "Show the probabilities all the same", "Hide the probabilities"


class ProbabilitiesView(QWidget):
    """Heading, bars and class description of one image's answers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyAnswers")
        self._key: object = None
        self._unfolded = False
        self._folds = False
        self._heading = make_label("Probabilities", "heading", self, wrap=True, name="classifyProbabilitiesHeading")
        self._reason = make_label(OUT_OF_DISTRIBUTION_REASON, "", self, wrap=True, name="classifyFoldedReason")
        self.unfold = make_button(_SHOW, "classifyUnfoldButton", self, clicked=self._toggle)
        self._classes: ClassSet | None = None
        self.bars = ProbabilityBars(self)
        self.bars.selected.connect(self._describe)
        self._about = make_label("", "muted", self, wrap=True, name="classifyAboutClass")
        column_of(
            self._heading,
            self._reason,
            (self.unfold, 0, Qt.AlignmentFlag.AlignLeft),
            self.bars,
            self._about,
            STRETCH,
            on=self,
            margins=0,
            spacing=6,
        )

    def show_facts(self, shown: ShownImage) -> None:
        """Show the answers for an image."""
        model_results = [model_result for model_result in (shown.first, shown.second) if model_result is not None]
        key = (shown.path, *(model_result.choice.source for model_result in model_results))
        if key != self._key:
            self._key, self._unfolded = key, False
        unlike = [model_result for model_result in model_results if is_out_of_distribution(model_result)]
        self._folds = bool(unlike) and len(unlike) == len(model_results)
        self.bars.show_results(
            [
                (model_name(model_result), model_result.result, is_out_of_distribution(model_result))
                for model_result in model_results
            ]
            or [("", None, False)]
        )
        partly = (
            f"The picture is not like those that {model_name(unlike[0])} knows: its numbers mean nothing."
            if unlike
            else ""
        )
        self._reason.setText(OUT_OF_DISTRIBUTION_REASON if self._folds else partly)
        self._heading.setText(_heading(model_results))
        results = [model_result.result for model_result in model_results if model_result.result is not None]
        self._classes = results[0].classes if results else None
        self._show_class(shown.result)
        known = any(
            model_result.result is not None and model_result.result.code is not None for model_result in model_results
        )
        self.setVisible(known)
        self._fold()

    def _show_class(self, result: Classification | None) -> None:
        code = result.code if result is not None else None
        self.bars.choose(code or "")
        self._describe(code or "")

    def _fold(self) -> None:
        open_ = not self._folds or self._unfolded
        self._reason.setVisible(bool(self._reason.text()))
        self.unfold.setVisible(self._folds)
        self.unfold.setText(_HIDE if self._unfolded else _SHOW)
        self.unfold.setAccessibleName(self.unfold.text())
        self.bars.setVisible(open_)
        self._about.setVisible(open_ and bool(self._about.text()))

    @Slot()
    def _toggle(self) -> None:
        self._unfolded = not self._unfolded
        self._fold()

    @Slot(str)
    def _describe(self, code: str) -> None:
        described = None if self._classes is None else self._classes.find(code)
        text = "" if described is None else described.about
        self._about.setText(text)
        self._about.setVisible(bool(text) and not self.bars.isHidden())


def _heading(model_results: list[ModelResult]) -> str:
    """Whether the probabilities are calibrated, as far as the models are loaded."""
    raw = [
        model_result
        for model_result in model_results
        if model_result.classifier is not None and model_result.classifier.info.temperature == 1.0
    ]
    if not raw:
        return "Probabilities"
    if len(raw) == len(model_results):
        return "Probabilities, not calibrated"
    return f"Probabilities; those of {model_name(raw[0])} are not calibrated"
