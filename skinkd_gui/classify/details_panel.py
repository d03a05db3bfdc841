"""The selected image: the verdict first, its picture, the probabilities, similar cases."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.model_card import ModelCard
from skinkd_gui.classify.operating_point_view import NOT_USED, ThresholdUse
from skinkd_gui.classify.picture_panel import PicturePanel
from skinkd_gui.classify.probabilities_view import ProbabilitiesView
from skinkd_gui.classify.review_box import ReviewBox
from skinkd_gui.classify.similar_view import SimilarView
from skinkd_gui.classify.verdict_view import VerdictView
from skinkd_gui.data.recents import data_set_with
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.widgets.flow_layout import flow_of
from skinkd_gui.widgets.layouts import column_of, row_of
from skinkd_gui.widgets.parts import make_button

_NOTHING = "Select an image to see what the model says of it."
_BESIDE = 420
"""How wide the picture must at least be to stand beside everything else."""

_SIDE = 400
"""How wide what is said of the image is beside the picture, more where the bars need it."""

_NO_LIMIT = 16_777_215  # Qt's own
_LOWEST = 200
"""How high the picture is at least, below and above other things."""


class ImageDetailsPanel(QWidget):
    """Shows one image with everything that is known of it, or says what to select.

    The picture is what one sees: all of the height beside the words where there is room, otherwise below the verdict.
    """

    recalibrated = Signal(object)  # Path: this model has another calibration on own images now
    data_asked = Signal(object, str)  # a data set that was opened in Data, and the name that it gives to the image
    threshold_chosen = Signal(object, object)  # the Path of a model, and its MelanomaThreshold, or None for none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyDetails")
        self._shown: ShownImage | None = None
        self._used = NOT_USED
        self.verdict = VerdictView(self)
        self.picture = PicturePanel(self)
        self.review = ReviewBox(self)
        self.probabilities = ProbabilitiesView(self)
        self.similar = SimilarView(self)
        content = QWidget(self)
        content.setObjectName("classifyDetailsContent")
        self._column = column_of(
            self.verdict,
            (self.picture, 1),
            self.review,
            self.probabilities,
            self.similar,
            self._build_buttons(),
            0,
            on=content,
            margins=(12, 0, 6, 0),
            spacing=10,
        )
        self._content = content
        self._area = FlowingArea("classifyDetailsArea", "What is known of the selected image", self)
        self._area.set_content(content)
        self._row = row_of((self._area, 1), on=self, margins=0, spacing=6)
        self.show_nothing()

    def _build_buttons(self) -> QWidget:
        self.operating = make_button(
            "Operating point...",
            "classifyOperatingButton",
            self,
            tip="How many melanomas are to be found, and what that costs",
        )
        self.second_card = make_button("Card of the second model...", "classifySecondCardButton", self)
        self.operating.clicked.connect(self._show_operating_point)
        self.second_card.clicked.connect(self._show_second_card)
        tip = "See it among its data set, and correct its label there"
        self.in_data = make_button("Show in Data", "classifyDataButton", self, self._ask_for_data, tip=tip)
        return flow_of(self.operating, self.second_card, self.in_data, parent=self)

    @property
    def busy(self) -> bool:
        """Whether a picture, a heat map or similar cases are on their way."""
        return self.picture.busy or self.similar.finder.busy

    @property
    def shown(self) -> ShownImage | None:
        """The image that is shown."""
        return self._shown

    def show_nothing(self) -> None:
        """No image is selected."""
        self._shown = None
        self.picture.show_nothing(_NOTHING)
        for part in (self.verdict, self.review, self.probabilities):
            part.setVisible(False)
        self.similar.show_facts(None)
        self._show_buttons()

    def show_facts(self, shown: ShownImage) -> None:
        """Show everything that is known of the selected image."""
        another = self._shown is None or self._shown.path != shown.path
        self._shown = shown
        for part in (self.verdict, self.review):
            part.setVisible(True)
        self.verdict.show_facts(shown)
        self.review.show_facts(shown)
        self.picture.show_facts(shown)
        self.probabilities.show_facts(shown)
        self.similar.show_facts(shown)
        self._show_buttons()
        self._arrange()
        if another:
            self._area.verticalScrollBar().setValue(0)

    def minimumSizeHint(self) -> QSize:
        """Wide enough for the bars, so that nothing is cut off at the side."""
        bar = self._area.verticalScrollBar().sizeHint().width()
        return QSize(self.probabilities.bars.minimumSizeHint().width() + bar + 24, 200)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Picture and probabilities side by side where there is room."""
        super().resizeEvent(event)
        self._arrange()

    def _show_buttons(self) -> None:
        shown = self._shown
        first = None if shown is None else shown.first
        self.operating.setVisible(first is not None and first.choice.classes.melanoma is not None)
        self.second_card.setVisible(shown is not None and shown.second is not None)
        self.in_data.setVisible(shown is not None and data_set_with(shown.path) is not None)

    @Slot()
    def _show_operating_point(self) -> None:
        self._open_card(self._shown.first if self._shown else None, operating_point=True)

    @Slot()
    def _ask_for_data(self) -> None:
        if self._shown is not None and (found := data_set_with(self._shown.path)) is not None:
            self.data_asked.emit(*found)

    @Slot()
    def _show_second_card(self) -> None:
        self._open_card(self._shown.second if self._shown else None)

    def _open_card(self, model_result: ModelResult | None, *, operating_point: bool = False) -> None:
        if model_result is None:
            return
        source = model_result.choice.source
        first = self._shown is not None and model_result is self._shown.first
        card = ModelCard(self, source, operating_point=operating_point, used=self._used if first else NOT_USED)
        card.recalibrated.connect(self.recalibrated)
        card.threshold_chosen.connect(self.threshold_chosen)
        card.open()

    def set_used(self, used: ThresholdUse) -> None:
        """Take up which threshold is in use on the first model, for its card."""
        self._used = used

    @property
    def beside(self) -> bool:
        """Whether the picture stands beside the words."""
        return self._row.count() > 1

    def _arrange(self) -> None:
        side = max(_SIDE, self.minimumSizeHint().width())
        beside = self._shown is not None and self.width() >= side + _BESIDE
        if beside is not self.beside:
            if beside:
                self._row.insertWidget(0, self.picture, 1)
            else:
                self._column.insertWidget(1, self.picture, 1)
            self._row.setStretch(self._row.count() - 1, 0 if beside else 1)
            self._column.setStretch(self._column.count() - 1, 1 if beside else 0)
        self._area.setMinimumWidth(side if beside else 0)
        self._area.setMaximumWidth(max(side, self.width() // 3) if beside else _NO_LIMIT)
        # Below the verdict it takes most of what is seen at once, and never more than its own shape.
        height = self._area.viewport().height() if not beside else 0
        self.picture.view.setMinimumHeight(max(_LOWEST, min(3 * self.width() // 4, height * 11 // 20)))
